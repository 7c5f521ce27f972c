//! A request that lines take and earlier ones leave.

use super::ends::Ends;
use super::lines::Node;
use super::{Earlier, Request, fits, path, terms};
use crate::plan::{HeaderTerm, Match, Method, PathPattern, Segment};

/// A request that all of `asked` take and none of the earlier lines does. Adds what it takes to `steps`.
pub(crate) fn left_over(
    asked: &[&Match],
    earlier: &[Earlier<'_, '_>],
    steps: &mut usize,
) -> Option<Request> {
    let terms = terms(asked);
    let paths: Vec<&PathPattern> = asked.iter().map(|line| path(line)).collect();
    let alive: Vec<Alive<'_, '_>> =
        earlier.iter().map(|it| Alive { node: &it.lines.root, until: it.until }).collect();
    methods(asked).into_iter().find_map(|method| {
        let mut search = Search { method, terms: &terms, paths: &paths, taken: Vec::new(), steps };
        search.escapes(&alive).then(|| {
            let longest = earlier.iter().map(|it| it.lines.longest).max();
            let fresh = "x".repeat(longest.unwrap_or(0) + 1);
            let segments = search.taken.iter().map(|text| text.unwrap_or(&fresh).to_owned());
            Request::new(method, segments.collect())
        })
    })
}

/// Is what is asked of the server as a whole left? It has no path (RFC 9110 §9.3.7).
pub(crate) fn leave_server(asked: &[&Match], earlier: &[Earlier<'_, '_>]) -> bool {
    let terms = terms(asked);
    let options = Some(&Method::Options);
    let taken = |it: &Earlier<'_, '_>| {
        it.lines.pathless.taking(options, &terms).is_some_and(|number| number < it.until)
    };
    asked.iter().all(|line| line.path.is_none() && takes(line, &Method::Options))
        && !earlier.iter().any(taken)
}

/// The methods that could make a difference; `None`: one that no line mentions.
fn methods<'a>(asked: &[&'a Match]) -> Vec<Option<&'a Method>> {
    let Some(narrow) = asked.iter().find(|line| !line.methods.is_empty()) else {
        return vec![None];
    };
    let all = |method: &&Method| asked.iter().all(|line| takes(line, method));
    narrow.methods.iter().filter(all).map(Some).collect()
}

fn takes(line: &Match, method: &Method) -> bool {
    line.methods.is_empty() || line.methods.contains(method)
}

struct Search<'s> {
    method: Option<&'s Method>,
    terms: &'s [&'s HeaderTerm],
    paths: &'s [&'s PathPattern],
    /// The segments so far; `None`: one that no line mentions.
    taken: Vec<Option<&'s str>>,
    steps: &'s mut usize,
}

/// Earlier lines that took all segments so far.
#[derive(Clone, Copy)]
struct Alive<'t, 'a> {
    node: &'t Node<'a>,
    until: usize,
}

impl<'s> Search<'s> {
    /// Can the path go on such that none of the earlier lines takes the whole?
    fn escapes(&mut self, alive: &[Alive<'_, '_>]) -> bool {
        *self.steps += 1 + alive.len();
        let at = self.taken.len();
        if alive.iter().any(|it| self.is_taken(&it.node.rest, it.until)) {
            return false;
        }
        let may_end = |path: &&PathPattern| {
            path.segments.len() == at || path.rest && path.segments.len() < at
        };
        // A path has at least one segment, if an empty one.
        if at > 0
            && self.paths.iter().all(may_end)
            && !alive.iter().any(|it| self.is_taken(&it.node.ended, it.until))
        {
            return true;
        }
        self.choices().into_iter().any(|choice| {
            let next = alive
                .iter()
                .flat_map(|it| it.node.next(choice).map(|node| Alive { node, until: it.until }));
            let next: Vec<Alive<'_, '_>> = next.collect();
            self.taken.push(choice);
            let escaped = self.escapes(&next);
            if !escaped {
                self.taken.pop();
            }
            escaped
        })
    }

    fn is_taken(&self, ends: &Ends<'_>, until: usize) -> bool {
        ends.taking(self.method, self.terms).is_some_and(|number| number < until)
    }

    /// What the next segment may be where all paths go on, as far as it makes a difference.
    fn choices(&self) -> Vec<Option<&'s str>> {
        let at = self.taken.len();
        if !self.paths.iter().all(|path| path.rest || at < path.segments.len()) {
            return Vec::new();
        }
        let here = || self.paths.iter().filter_map(|path| path.segments.get(at));
        let literal = here().find_map(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Capture(_) => None,
        });
        match literal {
            Some(text) if here().all(|segment| fits(Some(segment), text)) => vec![Some(text)],
            Some(_) => Vec::new(),
            None if here().next().is_some() => vec![None],
            None => vec![None, Some("")],
        }
    }
}
