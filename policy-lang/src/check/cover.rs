//! Whether earlier match lines leave a request for a later line. The answer is exact, and has a
//! witness.
//!
//! A line is a product of methods, paths and header terms. A line can demand a field, never forbid
//! one, and a request may carry any number of fields. So the request of a line that earlier lines can
//! least take away carries the fields of that line and no others, and only earlier lines that demand a
//! subset of them matter. Methods are tried one by one, with
//! one that nobody mentions. For paths, the hardest value of a capture is a segment that no
//! line mentions; behind `**`, an empty segment is a second hard case, since no capture takes it.

use crate::plan::{Match, Method, PathPattern, Segment};

const EVERYTHING: &PathPattern = &PathPattern { segments: Vec::new(), rest: true };

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
        method && subset(line, asked) && takes(path(line), &self.segments)
    }
}

/// A request that `line` takes and none of `earlier` does.
pub(super) fn left_over(line: &Match, earlier: &[&Match]) -> Option<Request> {
    let rivals: Vec<&Match> = earlier.iter().copied().filter(|rival| subset(rival, line)).collect();
    let fresh = fresh(&rivals, line);
    methods(line, &rivals).into_iter().find_map(|method| {
        let taking = rivals
            .iter()
            .filter(|rival| rival.methods.is_empty() || rival.methods.contains(&method));
        let alive: Vec<&PathPattern> = taking.map(|rival| path(rival)).collect();
        let segments = escape(path(line), &alive, &fresh, &mut Vec::new())?;
        Some(Request { method, segments })
    })
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

fn subset(fewer: &Match, more: &Match) -> bool {
    fewer.headers.iter().all(|term| more.headers.contains(term))
}

/// The methods that could make a difference, one that nobody mentions among them.
fn methods(line: &Match, rivals: &[&Match]) -> Vec<Method> {
    if !line.methods.is_empty() {
        return line.methods.clone();
    }
    let mut methods = vec![Method::Other("ANY".to_owned())];
    for method in rivals.iter().flat_map(|rival| &rival.methods) {
        if !methods.contains(method) {
            methods.push(method.clone());
        }
    }
    methods
}

/// A segment that no line mentions.
fn fresh(rivals: &[&Match], line: &Match) -> String {
    let all = rivals.iter().copied().chain([line]).flat_map(|line| &path(line).segments);
    let longest = all.filter_map(|segment| match segment {
        Segment::Literal(text) if text.bytes().all(|byte| byte == b'x') => Some(text.len()),
        _ => None,
    });
    "x".repeat(longest.max().unwrap_or(0) + 1)
}

/// Segments that continue `taken` within `line`, such that none of `alive` takes the whole.
fn escape(
    line: &PathPattern,
    alive: &[&PathPattern],
    fresh: &str,
    taken: &mut Vec<String>,
) -> Option<Vec<String>> {
    let at = taken.len();
    if alive.iter().any(|rival| rival.rest && rival.segments.len() <= at) {
        return None;
    }
    let choices = match line.segments.get(at) {
        Some(Segment::Literal(text)) => vec![text.as_str()],
        Some(Segment::Capture(_)) => vec![fresh],
        None => {
            let ended = alive.iter().any(|rival| rival.segments.len() == at);
            match (ended, line.rest) {
                // A path has at least one segment, if an empty one.
                (false, _) if at > 0 => return Some(taken.clone()),
                (_, false) => return None,
                (_, true) => vec![fresh, ""],
            }
        }
    };
    for choice in choices {
        let next: Vec<&PathPattern> =
            alive.iter().copied().filter(|rival| fits(rival.segments.get(at), choice)).collect();
        taken.push(choice.to_owned());
        let escaped = escape(line, &next, fresh, taken);
        if escaped.is_some() {
            return escaped;
        }
        taken.pop();
    }
    None
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
