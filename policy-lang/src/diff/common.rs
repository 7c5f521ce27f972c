//! Calls that lines of two policies have in common, and none of earlier lines takes. The answer is exact,
//! and has a witness; see `check/cover.rs` for why.

use crate::plan::{HeaderTerm, Match, Method, PathPattern, Segment};

const EVERYTHING: &PathPattern = &PathPattern { segments: Vec::new(), rest: true };

/// A request, as diagnostics show it.
pub(super) struct Request {
    method: Method,
    segments: Vec<String>,
}

impl Request {
    /// `POST /v1/charges with x-cohort: beta`, with the fields that the lines ask for.
    pub(super) fn describe(&self, lines: &[&Match]) -> String {
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
}

/// A request that all `lines` take and none of `earlier` does.
pub(super) fn left_over(lines: &[&Match], earlier: &[&Match]) -> Option<Request> {
    let matter = |rival: &&Match| rival.headers.iter().all(|term| asked(lines, term));
    let rivals: Vec<&Match> = earlier.iter().copied().filter(matter).collect();
    let fresh = fresh(lines.iter().chain(&rivals).copied());
    let paths: Vec<&PathPattern> = lines.iter().map(|line| path(line)).collect();
    methods(lines, &rivals).into_iter().find_map(|method| {
        let taking = rivals
            .iter()
            .filter(|rival| rival.methods.is_empty() || rival.methods.contains(&method));
        let alive: Vec<&PathPattern> = taking.map(|rival| path(rival)).collect();
        let segments = escape(&paths, &alive, &fresh, &mut Vec::new())?;
        Some(Request { method, segments })
    })
}

fn asked(lines: &[&Match], term: &HeaderTerm) -> bool {
    lines.iter().any(|line| line.headers.contains(term))
}

fn path(line: &Match) -> &PathPattern {
    line.path.as_ref().unwrap_or(EVERYTHING)
}

/// The methods that could make a difference, one that nobody mentions among them.
fn methods(lines: &[&Match], rivals: &[&Match]) -> Vec<Method> {
    let takes =
        |line: &&Match, method: &Method| line.methods.is_empty() || line.methods.contains(method);
    if let Some(narrow) = lines.iter().find(|line| !line.methods.is_empty()) {
        let all = |method: &&Method| lines.iter().all(|line| takes(line, method));
        return narrow.methods.iter().filter(all).cloned().collect();
    }
    let mut methods = vec![Method::Other("ANY".to_owned())];
    for method in rivals.iter().flat_map(|rival| &rival.methods) {
        if !methods.contains(method) {
            methods.push(method.clone());
        }
    }
    methods
}

/// A segment that none of these mentions.
fn fresh<'a>(lines: impl Iterator<Item = &'a Match>) -> String {
    let longest = lines.flat_map(|line| &path(line).segments).filter_map(|segment| match segment {
        Segment::Literal(text) if text.bytes().all(|byte| byte == b'x') => Some(text.len()),
        _ => None,
    });
    "x".repeat(longest.max().unwrap_or(0) + 1)
}

/// Segments that continue `taken` within all `lines`, such that none of `alive` takes the whole.
fn escape(
    lines: &[&PathPattern],
    alive: &[&PathPattern],
    fresh: &str,
    taken: &mut Vec<String>,
) -> Option<Vec<String>> {
    let at = taken.len();
    if alive.iter().any(|rival| rival.rest && rival.segments.len() <= at) {
        return None;
    }
    let may_end =
        |line: &&PathPattern| line.segments.len() == at || line.rest && line.segments.len() < at;
    let ended = alive.iter().any(|rival| rival.segments.len() == at);
    // A path has at least one segment, if an empty one.
    if at > 0 && !ended && lines.iter().all(may_end) {
        return Some(taken.clone());
    }
    for choice in choices(lines, at, fresh) {
        let next: Vec<&PathPattern> =
            alive.iter().copied().filter(|rival| fits(rival.segments.get(at), choice)).collect();
        taken.push(choice.to_owned());
        let escaped = escape(lines, &next, fresh, taken);
        if escaped.is_some() {
            return escaped;
        }
        taken.pop();
    }
    None
}

/// What the segment at `at` may be where all `lines` go on, as far as it makes a difference.
fn choices<'a>(lines: &[&'a PathPattern], at: usize, fresh: &'a str) -> Vec<&'a str> {
    let goes_on = |line: &&PathPattern| line.rest || at < line.segments.len();
    if !lines.iter().all(goes_on) {
        return Vec::new();
    }
    let here = || lines.iter().filter_map(|line| line.segments.get(at));
    let literal = here().find_map(|segment| match segment {
        Segment::Literal(text) => Some(text.as_str()),
        Segment::Capture(_) => None,
    });
    let choices = match literal {
        Some(text) => vec![text],
        None if here().next().is_some() => vec![fresh],
        None => vec![fresh, ""],
    };
    choices.into_iter().filter(|text| here().all(|segment| fits(Some(segment), text))).collect()
}

/// Could a request be of both lines? Their fields never contradict each other.
pub(super) fn overlap(one: &Match, other: &Match) -> bool {
    let methods = one.methods.is_empty()
        || other.methods.is_empty()
        || one.methods.iter().any(|method| other.methods.contains(method));
    let (long, short) = match (path(one), path(other)) {
        (one, other) if one.segments.len() < other.segments.len() => (other, one),
        paths => paths,
    };
    let lengths = short.rest || short.segments.len() == long.segments.len();
    let both = |(one, other): (&Segment, &Segment)| match (one, other) {
        (Segment::Literal(text), other) | (other, Segment::Literal(text)) => {
            fits(Some(other), text)
        }
        (Segment::Capture(_), Segment::Capture(_)) => true,
    };
    methods && lengths && long.segments.iter().zip(&short.segments).all(both)
}

fn fits(segment: Option<&Segment>, text: &str) -> bool {
    match segment {
        Some(Segment::Literal(literal)) => literal == text,
        Some(Segment::Capture(_)) => !text.is_empty(),
        None => false,
    }
}
