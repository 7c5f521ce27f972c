//! Whether earlier match lines leave a request for a later line. The answer is exact.
//!
//! A line is a product of methods, paths and header terms. A line can demand a field, never forbid
//! one, and a request may carry any number of fields. So the request of a line that earlier lines can
//! least take away carries the fields of that line and no others, and only earlier lines that demand a
//! subset of them matter. Methods are tried one by one; where the line takes any, one that nobody mentions
//! is the hardest. For paths, the hardest value of a capture is a segment that no line mentions; behind
//! `**`, an empty segment is a second hard case, since no capture takes it.
//!
//! Earlier lines stand in a tree of segments, so that a line is compared with those alone that could take it.

use std::collections::BTreeMap;

use crate::plan::{HeaderTerm, Match, Method, PathPattern, Segment};

const EVERYTHING: &PathPattern = &PathPattern { segments: Vec::new(), rest: true };

/// Lines, by their segments.
#[derive(Default)]
pub(super) struct Lines<'a> {
    literals: BTreeMap<&'a str, Self>,
    capture: Option<Box<Self>>,
    /// Those whose path ends here.
    ended: Vec<&'a Match>,
    /// Those that take whatever follows.
    rest: Vec<&'a Match>,
}

/// A segment that is as hard to take as any.
#[derive(Clone, Copy)]
enum Hard<'a> {
    Literal(&'a str),
    /// One that no line mentions.
    Fresh,
}

/// What an earlier line has to be content with.
struct Asked<'a> {
    /// `None`: one that no line mentions.
    method: Option<&'a Method>,
    headers: &'a [HeaderTerm],
    path: &'a PathPattern,
}

impl<'a> Lines<'a> {
    pub(super) fn add(&mut self, line: &'a Match) {
        let path = path(line);
        let mut at = self;
        for segment in &path.segments {
            at = match segment {
                Segment::Literal(text) => at.literals.entry(text).or_default(),
                Segment::Capture(_) => at.capture.get_or_insert_default(),
            };
        }
        if path.rest { at.rest.push(line) } else { at.ended.push(line) }
    }

    /// Is there a request that `line` takes and none of these does?
    pub(super) fn leave(&self, line: &Match) -> bool {
        let asked = |method| Asked { method, headers: &line.headers, path: path(line) };
        let escapes = |method| asked(method).escapes(&[self], 0);
        match line.methods.as_slice() {
            [] => escapes(None),
            methods => methods.iter().any(|method| escapes(Some(method))),
        }
    }

    fn next(&self, segment: Hard<'_>) -> impl Iterator<Item = &Self> {
        let (literal, captured) = match segment {
            Hard::Literal(text) => (self.literals.get(text), !text.is_empty()),
            Hard::Fresh => (None, true),
        };
        literal.into_iter().chain(self.capture.as_deref().filter(|_| captured))
    }
}

impl Asked<'_> {
    fn is_taken(&self, lines: &[&Match]) -> bool {
        lines.iter().any(|rival| {
            let method = |method| rival.methods.contains(method);
            (rival.methods.is_empty() || self.method.is_some_and(method))
                && subset(&rival.headers, self.headers)
        })
    }

    /// Can a path go on behind its segment `at`, such that none of `alive` takes the whole?
    fn escapes(&self, alive: &[&Lines<'_>], at: usize) -> bool {
        if alive.iter().any(|lines| self.is_taken(&lines.rest)) {
            return false;
        }
        let choices: &[Hard<'_>] = match self.path.segments.get(at) {
            Some(Segment::Literal(text)) => &[Hard::Literal(text)],
            Some(Segment::Capture(_)) => &[Hard::Fresh],
            // A path has at least one segment, if an empty one.
            None if at > 0 && !alive.iter().any(|lines| self.is_taken(&lines.ended)) => {
                return true;
            }
            None if self.path.rest => &[Hard::Fresh, Hard::Literal("")],
            None => return false,
        };
        choices.iter().any(|choice| {
            let next: Vec<_> = alive.iter().flat_map(|lines| lines.next(*choice)).collect();
            self.escapes(&next, at + 1)
        })
    }
}

fn subset(fewer: &[HeaderTerm], more: &[HeaderTerm]) -> bool {
    fewer.iter().all(|term| more.contains(term))
}

/// A request, as diagnostics show it.
pub(super) struct Request {
    method: Method,
    segments: Vec<String>,
}

impl Request {
    /// `POST /v1/charges with x-cohort: beta`.
    pub(super) fn describe(&self, line: &Match) -> String {
        let fields: Vec<_> =
            line.headers.iter().map(|term| format!("{}: {}", term.name, term.value)).collect();
        let fields =
            if fields.is_empty() { String::new() } else { format!(" with {}", fields.join(", ")) };
        match line.grpc {
            true => format!("GRPC {}{fields}", self.segments.join("/")),
            false => format!("{} /{}{fields}", self.method, self.segments.join("/")),
        }
    }

    /// Whether `line` takes it, given the fields of `asked`.
    pub(super) fn taken_by(&self, line: &Match, asked: &Match) -> bool {
        let method = line.methods.is_empty() || line.methods.contains(&self.method);
        method && subset(&line.headers, &asked.headers) && takes(path(line), &self.segments)
    }
}

/// Some request that `line` takes.
pub(super) fn example(line: &Match) -> Request {
    let method = line.methods.first().cloned().unwrap_or(Method::Get);
    let pattern = path(line);
    let mut segments: Vec<String> = pattern.segments.iter().map(shown).collect();
    if segments.is_empty() {
        segments.push(String::new());
    }
    Request { method, segments }
}

fn shown(segment: &Segment) -> String {
    match segment {
        Segment::Literal(text) | Segment::Capture(text) => text.clone(),
    }
}

fn path(line: &Match) -> &PathPattern {
    line.path.as_ref().unwrap_or(EVERYTHING)
}

fn fits(segment: Option<&Segment>, text: &str) -> bool {
    match segment {
        Some(Segment::Literal(literal)) => literal == text,
        Some(Segment::Capture(_)) => !text.is_empty(),
        None => false,
    }
}

fn takes(pattern: &PathPattern, segments: &[String]) -> bool {
    let head =
        pattern.segments.iter().zip(segments).all(|(segment, text)| fits(Some(segment), text));
    let length = segments.len();
    head && if pattern.rest {
        length >= pattern.segments.len()
    } else {
        length == pattern.segments.len()
    }
}
