//! Lines by their paths.

use std::collections::BTreeMap;

use super::ends::Ends;
use super::{fits, left_over, path, terms};
use crate::plan::{Match, PathPattern, Segment};

/// Lines in order.
#[derive(Default)]
pub(crate) struct Lines<'a> {
    pub(super) root: Node<'a>,
    /// Those that no path is asked of: they alone take what is asked of a server as a whole.
    pub(super) pathless: Ends<'a>,
    count: usize,
    /// No literal of nothing but `x` is longer.
    pub(super) longest: usize,
}

/// Lines that begin with the same segments.
#[derive(Default)]
pub(super) struct Node<'a> {
    literals: BTreeMap<&'a str, Self>,
    capture: Option<Box<Self>>,
    /// Those whose path ends here.
    pub(super) ended: Ends<'a>,
    /// Those that take whatever follows.
    pub(super) rest: Ends<'a>,
}

/// Those before a number.
#[derive(Clone, Copy)]
pub(crate) struct Earlier<'t, 'a> {
    pub(super) lines: &'t Lines<'a>,
    pub(super) until: usize,
}

impl<'a> Lines<'a> {
    /// Adds one behind all others. The first has the number 0.
    pub(crate) fn add(&mut self, line: &'a Match) {
        let pattern = path(line);
        let mut at = &mut self.root;
        for segment in &pattern.segments {
            at = match segment {
                Segment::Literal(text) => {
                    if text.bytes().all(|byte| byte == b'x') {
                        self.longest = self.longest.max(text.len());
                    }
                    at.literals.entry(text).or_default()
                }
                Segment::Capture(_) => at.capture.get_or_insert_default(),
            };
        }
        let ends = if pattern.rest { &mut at.rest } else { &mut at.ended };
        ends.add(self.count, line);
        if line.path.is_none() {
            self.pathless.add(self.count, line);
        }
        self.count += 1;
    }

    pub(crate) const fn before(&self, until: usize) -> Earlier<'_, 'a> {
        Earlier { lines: self, until }
    }

    /// Is there a request that `line` takes and none of these does?
    pub(crate) fn leave(&self, line: &Match) -> bool {
        left_over(&[line], &[self.before(self.count)], &mut 0).is_some()
    }

    /// The first that takes all that `line` takes.
    pub(crate) fn covering(&self, line: &Match) -> Option<usize> {
        let terms = terms(&[line]);
        if line.path.is_none() {
            return self.pathless.covering(&line.methods, &terms);
        }
        let mut first: Option<usize> = None;
        self.root.covering(path(line), 0, &mut |ends| {
            let found = ends.covering(&line.methods, &terms);
            first = first.into_iter().chain(found).min();
        });
        first
    }

    /// Those up to a number that could take a call of `line`, ascending.
    pub(crate) fn sharing(&self, line: &Match, last: usize) -> Vec<usize> {
        let mut found = Vec::new();
        self.root.sharing(path(line), 0, &mut |ends| {
            found.extend(ends.sharing(&line.methods, last));
        });
        found.sort_unstable();
        found
    }
}

impl<'a> Node<'a> {
    /// Where a request goes on whose next segment is that text; `None`: one that no line mentions.
    pub(super) fn next(&self, text: Option<&str>) -> impl Iterator<Item = &Self> {
        let literal = text.and_then(|text| self.literals.get(text));
        let captured = text.is_none_or(|text| !text.is_empty());
        literal.into_iter().chain(self.capture.as_deref().filter(|_| captured))
    }

    fn covering(&self, path: &PathPattern, at: usize, visit: &mut impl FnMut(&Ends<'a>)) {
        visit(&self.rest);
        match path.segments.get(at) {
            Some(Segment::Literal(text)) => {
                self.next(Some(text)).for_each(|node| node.covering(path, at + 1, visit));
            }
            Some(Segment::Capture(_)) => {
                self.next(None).for_each(|node| node.covering(path, at + 1, visit));
            }
            None if path.rest => {}
            None => visit(&self.ended),
        }
    }

    fn sharing(&self, path: &PathPattern, at: usize, visit: &mut impl FnMut(&Ends<'a>)) {
        visit(&self.rest);
        let segment = path.segments.get(at);
        if segment.is_none() {
            visit(&self.ended);
        }
        let open = segment.is_none() && path.rest;
        let literals = self.literals.iter().filter(|(text, _)| open || fits(segment, text));
        let captures = match segment {
            Some(Segment::Literal(text)) => !text.is_empty(),
            Some(Segment::Capture(_)) => true,
            None => open,
        };
        let captured = self.capture.as_deref().filter(|_| captures);
        for node in literals.map(|(_, node)| node).chain(captured) {
            node.sharing(path, at + 1, visit);
        }
    }
}
