//! A retry that could carry a call out twice does not compile.
//!
//! POST and PATCH are not idempotent (RFC 9110 §9.2.2). A try that never reached the
//! upstream may always be repeated, any other try only if the policy says why.

use std::time::Duration;

use super::{Forwarded, switched, written};
use crate::diagnostics::{Diagnostic, policy as report};
use crate::plan::display::duration;
use crate::plan::{BackoffKind, Cause, Method, NonIdempotent, Retry};
use crate::resolve::Group;

/// Where the windows of a proposed back-off stop growing, as by default.
const CAP: Duration = Duration::from_secs(30);

pub(super) fn check(call: &Forwarded<'_, '_>, found: &mut Vec<Diagnostic>) {
    let Some(retry) = call.settings.retry.as_ref().filter(|retry| retry.attempts.value > 1) else {
        return;
    };
    if retry.non_idempotent.value == NonIdempotent::Never {
        listed(call, retry, found);
        matched(call, retry, found);
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

/// `methods POST`.
fn listed(call: &Forwarded<'_, '_>, retry: &Retry, found: &mut Vec<Diagnostic>) {
    let names = unsafe_names(&retry.methods.value);
    if let Some(span) = written(&call.call.effective, Group::Retry, "methods")
        && !names.is_empty()
    {
        found.push(report::unsafe_methods(span, &names));
    }
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
    matches!(method, Method::Post | Method::Patch)
}

fn unsafe_names(methods: &[Method]) -> String {
    let all = [Method::Post, Method::Patch].into_iter().filter(|method| methods.contains(method));
    all.map(|method| method.to_string()).collect::<Vec<_>>().join("|")
}
