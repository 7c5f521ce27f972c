//! Lists of causes as one `matches!`.

use amb_policy_lang::plan::{Cause, CodeRange, GrpcCode, Origin, Sourced};
use proc_macro2::TokenStream;
use quote::quote;

use crate::cx::{Cx, comment};
use crate::literal;
use crate::parts::Owner;

/// Who decided; what nobody wrote stands here because the upstream speaks gRPC.
pub(crate) fn said(cx: &Cx<'_>, causes: &Sourced<Vec<Cause>>, owner: &Owner) -> TokenStream {
    match causes.origin {
        Origin::Language => comment("language, for gRPC"),
        Origin::Written { .. } => cx.said(causes, owner),
    }
}

/// The causes, or what the language says of gRPC.
pub(crate) fn listed_or(causes: &Sourced<Vec<Cause>>, language: TokenStream) -> TokenStream {
    match causes.origin {
        Origin::Language => language,
        Origin::Written { .. } => listed(&causes.value),
    }
}

/// `matches!(cause, Cause::ConnectFailure | Cause::Status(429 | 503))`.
fn listed(causes: &[Cause]) -> TokenStream {
    let patterns = patterns(causes);
    match patterns.is_empty() {
        true => quote!(false),
        false => quote!(matches!(cause, #(#patterns)|*)),
    }
}

/// What the parameter is called: `_cause` if the list is empty.
pub(crate) fn parameter(causes: &Sourced<Vec<Cause>>) -> TokenStream {
    match causes.value.is_empty() {
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
