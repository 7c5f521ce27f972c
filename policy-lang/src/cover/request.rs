//! A request, as people are shown it.

use super::{fits, path};
use crate::plan::{HeaderTerm, Match, Method, PathPattern, Segment};

pub(crate) struct Request {
    method: Method,
    segments: Vec<String>,
}

impl Request {
    /// `None`: any method.
    pub(super) fn new(method: Option<&Method>, segments: Vec<String>) -> Self {
        let method = method.cloned().unwrap_or_else(|| Method::Other("ANY".to_owned()));
        Self { method, segments }
    }

    /// Some request that `line` takes.
    pub(crate) fn of(line: &Match) -> Self {
        let method = line.methods.first().cloned().unwrap_or(Method::Get);
        let shown = |segment: &Segment| match segment {
            Segment::Literal(text) | Segment::Capture(text) => text.clone(),
        };
        let mut segments: Vec<String> = path(line).segments.iter().map(shown).collect();
        if segments.is_empty() {
            segments.push(String::new());
        }
        Self { method, segments }
    }

    /// `POST /v1/charges with x-cohort: beta`, with the fields that the lines ask for.
    pub(crate) fn describe(&self, lines: &[&Match]) -> String {
        let mut fields: Vec<String> = Vec::new();
        for term in lines.iter().flat_map(|line| &line.headers) {
            let field = format!("{}: {}", term.name, term.value);
            fields.extend((!fields.contains(&field)).then_some(field));
        }
        let fields =
            if fields.is_empty() { String::new() } else { format!(" with {}", fields.join(", ")) };
        match lines.iter().any(|line| line.grpc) {
            true => format!("GRPC {}{fields}", self.segments.join("/")),
            false => format!("{} /{}{fields}", self.method, self.segments.join("/")),
        }
    }

    /// Whether `line` takes it, given the fields of `asked`.
    pub(crate) fn taken_by(&self, line: &Match, asked: &Match) -> bool {
        let method = line.methods.is_empty() || line.methods.contains(&self.method);
        let given = |term: &HeaderTerm| asked.headers.contains(term);
        method && line.headers.iter().all(given) && takes(path(line), &self.segments)
    }
}

fn takes(pattern: &PathPattern, segments: &[String]) -> bool {
    let head =
        pattern.segments.iter().zip(segments).all(|(segment, text)| fits(Some(segment), text));
    let length = segments.len();
    head && match pattern.rest {
        true => length >= pattern.segments.len(),
        false => length == pattern.segments.len(),
    }
}
