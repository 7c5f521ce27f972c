//! Which requests match lines take, and which of them earlier lines leave. The answers are exact.
//!
//! A line is a product of methods, paths and header terms. A line can demand a field, never forbid
//! one, and a request may carry any number of fields. So the request that earlier lines can least take
//! away carries the fields that it must carry and no others, and only earlier lines that demand a
//! subset of them matter. Methods are tried one by one; where any will do, one that nobody mentions
//! is the hardest. For paths, the hardest value of a capture is a segment that no line mentions; behind
//! `**`, an empty segment is a second hard case, since no capture takes it.
//!
//! Lines stand in a tree of segments, so that each is compared with those alone that could take its calls.

mod ends;
mod escape;
mod lines;
mod request;

pub(crate) use escape::{leave_server, left_over};
pub(crate) use lines::{Earlier, Lines};
pub(crate) use request::Request;

use crate::plan::{HeaderTerm, Match, PathPattern, Place, Segment};

/// A line that takes every request.
pub(crate) static ANY: Match = Match {
    place: Place { file: 0, line: 1, column: 1 },
    methods: Vec::new(),
    path: None,
    headers: Vec::new(),
    grpc: false,
};

static EVERYTHING: PathPattern = PathPattern { segments: Vec::new(), rest: true };

fn path(line: &Match) -> &PathPattern {
    line.path.as_ref().unwrap_or(&EVERYTHING)
}

/// Does a pattern's segment take that text?
fn fits(segment: Option<&Segment>, text: &str) -> bool {
    match segment {
        Some(Segment::Literal(literal)) => literal == text,
        Some(Segment::Capture(_)) => !text.is_empty(),
        None => false,
    }
}

/// What lines ask for in fields: ascending, none twice.
fn terms<'a>(lines: &[&'a Match]) -> Vec<&'a HeaderTerm> {
    let mut terms: Vec<&HeaderTerm> = lines.iter().flat_map(|line| &line.headers).collect();
    terms.sort_unstable();
    terms.dedup();
    terms
}
