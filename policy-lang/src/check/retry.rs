//! A retry that could carry a call out twice does not compile.
//!
//! A method is idempotent if RFC 9110 §9.2.2 or IANA's registry of methods says so; of any other,
//! POST among them, nobody knows it. A try that never reached the upstream may always be repeated,
//! any other try only if the policy says why. A field can be the reason if it comes from the caller
//! and reaches the upstream as it came.

use std::time::Duration;

use super::{Forwarded, headers, keys, switched, written};
use crate::conform::Node;
use crate::diagnostics::{Diagnostic, policy as report};
use crate::lower::text;
use crate::plan::display::duration;
use crate::plan::{BackoffKind, Cause, Method, NonIdempotent, Retry};
use crate::resolve::{Effective, Group};
use crate::span::Span;

/// The idempotent ones of <https://www.iana.org/assignments/http-methods>, as of 2025-05. `PRI` is none
/// that a caller could send.
const IDEMPOTENT: [&str; 35] = [
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LABEL",
    "LINK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "OPTIONS",
    "ORDERPATCH",
    "PROPFIND",
    "PROPPATCH",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "TRACE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];
/// What the proxy itself writes, if `trace` is on.
const TRACE: [&str; 2] = ["traceparent", "tracestate"];

/// Where the windows of a proposed back-off stop growing, as by default.
const CAP: Duration = Duration::from_secs(30);

pub(super) fn check(call: &Forwarded<'_, '_>, found: &mut Vec<Diagnostic>) {
    let Some(retry) = call.settings.retry.as_ref().filter(|retry| retry.attempts.value > 1) else {
        return;
    };
    listed(call, retry, found);
    match &retry.non_idempotent.value {
        NonIdempotent::Never => matched(call, retry, found),
        NonIdempotent::WhenHeader(field) => key(call, field, found),
        NonIdempotent::Always { .. } => {}
    }
    if retry.backoff.value.kind == BackoffKind::Fixed
        && let Some(span) = written(&call.call.effective, Group::Retry, "backoff")
    {
        let base = retry.backoff.value.base;
        let cap = base.max(CAP);
        let spread = format!("full-jitter {}..{}", duration(base), duration(cap));
        found.push(report::synchronised_retries(span, &spread));
    }
}

/// `methods POST`: a method that is listed is repeated whatever `non-idempotent` asks for.
fn listed(call: &Forwarded<'_, '_>, retry: &Retry, found: &mut Vec<Diagnostic>) {
    let names = unsafe_names(&retry.methods.value);
    if let Some(span) = written(&call.call.effective, Group::Retry, "methods")
        && !names.is_empty()
    {
        found.push(report::unsafe_methods(span, &names));
    }
}

/// `when header("idempotency-key")`: is it a key that the caller gives, and that the upstream sees?
fn key(call: &Forwarded<'_, '_>, field: &str, found: &mut Vec<Diagnostic>) {
    let effective = &call.call.effective;
    let span = written(effective, Group::Retry, "non-idempotent").unwrap_or(call.call.span);
    if headers::is_forbidden(field) || headers::ends_here(field) {
        found.push(report::no_key(
            span,
            field,
            "does not reach the upstream as the caller sends it",
        ));
    } else if let Some(edit) = edited(call, effective, field) {
        found.push(report::edited_key(span, field, edit));
    } else if let Some(why) = keys::why_none(field) {
        found.push(report::no_key(span, field, why));
    }
}

/// What writes the field or takes it away, on its way to the upstream.
fn edited(call: &Forwarded<'_, '_>, effective: &Effective<'_>, field: &str) -> Option<Span> {
    let names = |node: &Node<'_>| {
        let count = if node.key() == "remove" { usize::MAX } else { 1 };
        let mut names = node.args().take(count).filter_map(|arg| text(&arg.value));
        names.any(|name| name.eq_ignore_ascii_case(field))
    };
    let edit = effective.request_edits().map(|edit| edit.node).find(|node| names(node));
    let ours = |group| switched(effective, group);
    let id = call.settings.correlation_id.as_ref().filter(|id| id.value == field);
    let trace = call.settings.trace.as_ref().filter(|_| TRACE.contains(&field));
    edit.map(|node| node.statement.head())
        .or_else(|| id.and_then(|_| ours(Group::CorrelationId)))
        .or_else(|| trace.and_then(|_| ours(Group::Trace)))
}

/// `match POST …`, with causes after which the call may have been carried out.
fn matched(call: &Forwarded<'_, '_>, retry: &Retry, found: &mut Vec<Diagnostic>) {
    let Some(route) = call.route else { return };
    let harmless = |cause: &Cause| {
        // Codes of gRPC have rules of their own.
        matches!(cause, Cause::ConnectFailure | Cause::RefusedStream | Cause::Grpc(_))
    };
    if retry.on.value.iter().all(harmless) {
        return;
    }
    let methods: Vec<Method> = route.matches.iter().flat_map(|line| line.methods.clone()).collect();
    let grpc = route.matches.iter().any(|line| line.grpc);
    let names = if grpc { "GRPC".to_owned() } else { unsafe_names(&methods) };
    if !names.is_empty() && !retry.methods.value.iter().any(is_unsafe) {
        let span = switched(&call.call.effective, Group::Retry).unwrap_or(call.call.span);
        found.push(report::unsafe_retry(call.call.span, &route.name, &names, span));
    }
}

fn is_unsafe(method: &Method) -> bool {
    !IDEMPOTENT.contains(&method.to_string().as_str())
}

/// Each once, in the order of the text.
fn unsafe_names(methods: &[Method]) -> String {
    let mut names: Vec<String> = Vec::new();
    for method in methods.iter().filter(|method| is_unsafe(method)) {
        let name = method.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join("|")
}
