//! `grpc(…)`: which codes there are, and how many may stand there.

use crate::diagnostics::{Diagnostic, setting as report};
use crate::plan::{GRPC_CODES, GrpcCode};
use crate::span::Span;
use crate::syntax::ast::{Arg, Value};

/// Codes that a policy can count as failures: all but `ok`.
pub(super) fn failures(span: Span, inputs: &[Arg]) -> Option<Diagnostic> {
    codes(span, inputs, |code| code != GrpcCode::Ok)
}

/// Any codes.
pub(super) fn any(span: Span, inputs: &[Arg]) -> Option<Diagnostic> {
    codes(span, inputs, |_| true)
}

/// The one code of an answer.
pub(super) fn status(span: Span, inputs: &[Arg]) -> Option<Diagnostic> {
    match inputs {
        [] | [_] => any(span, inputs),
        [_, more, ..] => Some(report::wrong_type(more.span, "one code", "several")),
    }
}

fn codes(span: Span, inputs: &[Arg], fits: impl Fn(GrpcCode) -> bool) -> Option<Diagnostic> {
    if inputs.is_empty() {
        return Some(report::wrong_type(span, "a code such as `grpc(unavailable)`", "none"));
    }
    let known = || GRPC_CODES.into_iter().filter(|code| fits(*code)).map(GrpcCode::name);
    inputs.iter().find_map(|input| match &input.value {
        Value::Name(name) if known().any(|code| code == name) => None,
        Value::Name(name) => {
            Some(report::unknown_grpc_code(input.span, name, &known().collect::<Vec<_>>()))
        }
        _ => Some(report::wrong_type(input.span, "the name of a code", "something else")),
    })
}
