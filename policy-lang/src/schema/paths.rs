//! The paths that a guardrail may name: the settings marked with a measure in the table,
//! and figures that the compiler derives.

use super::order::Order;
use super::row::{Row, Scope};
use super::rows;
use super::shape::{Kind, Shape};

/// What a guardrail compares at a path. It decides which operators fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Only `exists`.
    Presence,
    Integer,
    Duration,
    Size,
    Percent,
    Rate,
    /// `4x`.
    Factor,
    /// One word or name: `full-jitter`.
    Word,
    /// `"payment.shop.svc:8080"`.
    Place,
    /// A list of words, statuses or strings.
    List,
}

impl Measure {
    /// The words that diagnostics use for a value of it.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Presence => "nothing",
            Self::Integer => "an integer such as `3`",
            Self::Duration => "a duration such as `10s`",
            Self::Size => "a size such as `64KiB`",
            Self::Percent => "a share such as `20%`",
            Self::Rate => "a rate such as `1/s`",
            Self::Factor => "a factor such as `4x`",
            Self::Word => "a word",
            Self::Place => "a place such as `\"payment.shop.svc:8080\"`",
            Self::List => "a list",
        }
    }

    /// The operators that make sense.
    pub const fn operators(self) -> &'static [&'static str] {
        match self {
            Self::Presence => &["exists"],
            Self::Word | Self::Place => &["==", "!=", "in", "exists"],
            Self::List => &["has", "in", "exists"],
            _ => &["==", "!=", "<", "<=", ">", ">=", "in", "exists"],
        }
    }
}

/// What a guardrail is judged on: the deployment, each upstream, or each upstream and route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Deployment,
    Upstream,
    Call,
}

/// A path of a guardrail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub text: String,
    pub measure: Measure,
    pub subject: Subject,
    pub doc: &'static str,
    /// Which of two values allows a call less.
    pub order: Order,
    /// Is it one of several things that its setting says?
    pub is_part: bool,
}

const DERIVED: [(&str, Measure, &str); 4] = [
    (
        "amplification",
        Measure::Factor,
        "The most requests that one call can cause at any one upstream.",
    ),
    (
        "worst-latency",
        Measure::Duration,
        "The longest that a call can take, with every try and back-off, however slowly its bytes come.",
    ),
    (
        "replay-memory",
        Measure::Size,
        "The most request body that one call keeps for another try, beside its ordinary buffer of 18 KiB.",
    ),
    (
        "breaker.trips-within",
        Measure::Duration,
        "The longest that an upstream is called on which only fails, once a second or more often.",
    ),
];

/// Every path, in the order of the reference.
pub fn paths() -> impl Iterator<Item = Path> {
    let settings = rows().flat_map(|row| {
        let place = row.scopes.first().and_then(|scope| place(*scope));
        let whole = row.measure.map(|measure| (String::new(), measure, row.doc, row.order));
        let parts = row.parts.iter();
        let parts = parts.map(|it| (format!(".{}", it.key), it.measure, it.doc, it.order));
        let all = whole.into_iter().chain(parts);
        all.filter_map(move |(end, measure, doc, order)| {
            let (prefix, subject) = place?;
            let text = format!("{prefix}{}{end}", row.key);
            Some(Path { text, measure, subject, doc, order, is_part: !end.is_empty() })
        })
    });
    let derived = DERIVED.into_iter().map(|(text, measure, doc)| Path {
        text: text.to_owned(),
        measure,
        subject: Subject::Call,
        doc,
        order: Order::Less,
        is_part: false,
    });
    settings.chain(derived)
}

/// The paths of what the setting at `text` says, if it has no path as a whole.
pub fn parts(text: &str) -> Vec<String> {
    let inner =
        |path: &Path| path.text.strip_prefix(text).is_some_and(|rest| rest.starts_with('.'));
    match path(text) {
        Some(_) => Vec::new(),
        None => paths().filter(inner).map(|path| path.text).collect(),
    }
}

/// The path that is written `text`.
pub fn path(text: &str) -> Option<Path> {
    paths().find(|path| path.text == text)
}

/// The words that the setting at `text` knows; none of a setting that takes names or texts.
pub fn words(text: &str) -> Vec<&'static str> {
    let is_at = |row: &&Row| {
        let prefix = row.scopes.first().and_then(|scope| place(*scope));
        prefix.is_some_and(|(prefix, _)| text.strip_prefix(prefix) == Some(row.key))
    };
    rows().find(is_at).map(|row| words_of(&row.shape)).unwrap_or_default()
}

fn words_of(shape: &Shape) -> Vec<&'static str> {
    let all = |shapes: &[Shape]| shapes.iter().flat_map(words_of).collect();
    match shape {
        Shape::One(Kind::Word(word)) => vec![word],
        Shape::One(Kind::Choice(words) | Kind::Later(words)) => words.to_vec(),
        Shape::One(_) | Shape::Nothing => Vec::new(),
        Shape::Seq(shapes) | Shape::Either(shapes) => all(shapes),
        Shape::Opt(inner) | Shape::List(inner) | Shape::Many(inner) => words_of(inner),
    }
}

fn place(scope: Scope) -> Option<(&'static str, Subject)> {
    Some(match scope {
        Scope::File => ("", Subject::Deployment),
        Scope::Service => ("service.", Subject::Deployment),
        Scope::Observe => ("observe.", Subject::Deployment),
        Scope::AccessLog => ("observe.access-log.", Subject::Deployment),
        Scope::Upstream => ("upstream.", Subject::Upstream),
        Scope::Limits => ("upstream.limits.", Subject::Upstream),
        Scope::Defaults => ("", Subject::Call),
        Scope::Timeout => ("timeout.", Subject::Call),
        Scope::Retry => ("retry.", Subject::Call),
        Scope::Breaker => ("breaker.", Subject::Call),
        _ => return None,
    })
}
