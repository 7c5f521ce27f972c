//! Lists of causes as one `matches!`.

use amb_policy_lang::plan::{Cause, CodeRange, GrpcCode};
use proc_macro2::TokenStream;
use quote::quote;

use crate::literal;

/// `matches!(cause, Cause::ConnectFailure | Cause::Status(429 | 503))`.
pub(crate) fn listed(causes: &[Cause]) -> TokenStream {
    let patterns = patterns(causes);
    match patterns.is_empty() {
        true => quote!(false),
        false => quote!(matches!(cause, #(#patterns)|*)),
    }
}

/// What the parameter is called: `_cause` if the list is empty.
pub(crate) fn parameter(causes: &[Cause]) -> TokenStream {
    match causes.is_empty() {
        true => quote!(_cause),
        false => quote!(cause),
    }
}

fn patterns(causes: &[Cause]) -> Vec<TokenStream> {
    let named = [
        (Cause::ConnectFailure, quote!(Cause::ConnectFailure)),
        (Cause::Reset, quote!(Cause::Reset)),
        (Cause::Timeout, quote!(Cause::Timeout)),
        (Cause::RefusedStream, quote!(Cause::RefusedStream)),
    ];
    let named = named.into_iter().filter(|(cause, _)| causes.contains(cause)).map(|(_, path)| path);
    let ranges: Vec<CodeRange> = causes.iter().filter_map(status).collect();
    let statuses = (!ranges.is_empty()).then(|| {
        let statuses = literal::statuses(&ranges);
        quote!(Cause::Status(#statuses))
    });
    let mut codes: Vec<GrpcCode> = causes.iter().filter_map(grpc).collect();
    codes.sort_unstable();
    codes.dedup();
    let codes = codes.into_iter().map(|code| {
        let code = literal::grpc_code(code);
        quote!(Cause::Grpc(#code))
    });
    named.chain(statuses).chain(codes).collect()
}

fn grpc(cause: &Cause) -> Option<GrpcCode> {
    match cause {
        Cause::Grpc(code) => Some(*code),
        _ => None,
    }
}

fn status(cause: &Cause) -> Option<CodeRange> {
    match cause {
        Cause::Status(range) => Some(*range),
        _ => None,
    }
}
