//! Findings about guardrails.

use super::{Code, Diagnostic};
use crate::schema::Path;
use crate::span::Span;

pub(crate) fn exempt_outside_baseline(span: Span) -> Diagnostic {
    Diagnostic::new(Code::ExemptOutsideBaseline, span, "only a baseline can grant an exemption")
        .help("ask those who look after the baseline to add it there")
}

pub(crate) fn unknown_path(span: Span, path: &str, meant: Option<&str>) -> Diagnostic {
    Diagnostic::new(Code::InvalidRequire, span, format!("no guardrail can speak about `{path}`"))
        .meant(span, meant)
}

/// A setting that says several things, of which one would be judged and the others not.
pub(crate) fn several_parts(span: Span, path: &str, parts: &[String]) -> Diagnostic {
    let parts: Vec<_> = parts.iter().map(|part| format!("`{part}`")).collect();
    Diagnostic::new(Code::InvalidRequire, span, format!("`{path}` says more than one thing"))
        .here("a guardrail bounds one of them")
        .help(format!("write a `require` for each that matters: {}", parts.join(", ")))
}

pub(crate) fn operator_unfit(span: Span, operator: &str, path: &Path) -> Diagnostic {
    let known: Vec<_> =
        path.measure.operators().iter().map(|operator| format!("`{operator}`")).collect();
    Diagnostic::new(
        Code::InvalidRequire,
        span,
        format!("`{}` cannot be compared with `{operator}`", path.text),
    )
    .help(format!("it can be compared with {}", known.join(", ")))
}

pub(crate) fn value_unfit(span: Span, path: &Path) -> Diagnostic {
    Diagnostic::new(Code::InvalidRequire, span, format!("`{}` is never such a value", path.text))
        .here(format!("expected {}", path.measure.noun()))
}

pub(crate) fn expired_exemption(span: Span, upstreams: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ExpiredExemption,
        span,
        format!("the exemption for {upstreams} has ended"),
    )
    .here("the last day of it")
    .help("take it away")
}

/// A value that breaks a `require`, in words.
pub(crate) struct Violated {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) here: String,
    /// The demand.
    pub(crate) require: Span,
    pub(crate) allowed: String,
    /// The reason given for the demand, if there is one.
    pub(crate) because: String,
    pub(crate) help: String,
    pub(crate) fix: Option<(Span, String)>,
}

pub(crate) fn guardrail_violated(violated: &Violated) -> Diagnostic {
    let found = Diagnostic::new(Code::GuardrailViolated, violated.span, violated.message.clone())
        .here(violated.here.clone())
        .also(violated.require, violated.allowed.clone());
    let found = match violated.because.is_empty() {
        true => found,
        false => found.note(format!("because: {}", violated.because)),
    };
    match &violated.fix {
        Some((span, replacement)) => found.fix(violated.help.clone(), *span, replacement.clone()),
        None => found.help(violated.help.clone()),
    }
}
