//! Correlation ids: does the field belong to nobody else?

use super::Kind;
use super::classes::End;
use super::items::Line;
use crate::plan::{HeaderOp, HeaderValue, NonIdempotent};

/// Fields that mean something already: who calls, what he wants, how a message or a connection is read.
const TAKEN: [&str; 33] = [
    "authorization",
    "baggage",
    "cache-control",
    "connection",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "idempotency-key",
    "keep-alive",
    "max-forwards",
    "origin",
    "pragma",
    "prefer",
    "priority",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "set-cookie",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-api-key",
    "x-real-ip",
];

/// The same, by how they begin.
const FAMILIES: [&str; 7] =
    ["accept", "access-control-", "content-", "grpc-", "if-", "sec-", "x-forwarded-"];

/// A correlation id that comes is more only in a field that is free.
pub(super) fn judge(lines: &mut [Line], old: &End<'_>, new: &End<'_>) {
    let comes = |line: &&mut Line| line.setting == "correlation-id" && line.kind == Kind::Tightened;
    let id = new.settings().and_then(|settings| settings.correlation_id.as_ref());
    let taken = |id: &str| is_taken(old, id) || is_taken(new, id) || is_used(new);
    for line in lines.iter_mut().filter(comes) {
        if id.is_some_and(|id| taken(&id.value)) {
            line.kind = Kind::Weakened;
        }
    }
}

/// Has the field a meaning of its own, or is it one that the policy asks for, writes or hides?
fn is_taken(end: &End<'_>, field: &str) -> bool {
    let log = end.plan.observe.access_log.iter();
    let hidden = log.flat_map(|log| &log.redact.value).any(|name| name == field);
    let routes = end.upstream.into_iter().flat_map(|upstream| &upstream.routes);
    let mut terms = routes.flat_map(|route| &route.matches).flat_map(|line| &line.headers);
    TAKEN.contains(&field)
        || FAMILIES.iter().any(|family| field.starts_with(family))
        || hidden
        || terms.any(|term| term.name == field)
        || is_edited(end, field)
        || is_key(end, field)
}

fn is_edited(end: &End<'_>, field: &str) -> bool {
    let is_source = |it: &HeaderValue| matches!(it, HeaderValue::Header(name) if name == field);
    let mut edits = edits(end);
    edits.any(|(name, op)| name == field || written(op).is_some_and(is_source))
}

/// `non-idempotent when header("idempotency-key")`.
fn is_key(end: &End<'_>, field: &str) -> bool {
    let retry = end.settings().and_then(|settings| settings.retry.as_ref());
    retry.is_some_and(|retry| {
        matches!(&retry.non_idempotent.value, NonIdempotent::WhenHeader(name) if name == field)
    })
}

/// Does an edit write the id, which it could not without?
fn is_used(end: &End<'_>) -> bool {
    edits(end).filter_map(|(_, op)| written(op)).any(|it| matches!(it, HeaderValue::RequestId))
}

fn edits<'p>(end: &End<'p>) -> impl Iterator<Item = (&'p str, &'p HeaderOp)> {
    let settings = end.settings().into_iter();
    let all = settings.flat_map(|it| it.request_headers.iter().chain(&it.response_headers));
    all.map(|edit| (edit.value.name.as_str(), &edit.value.op))
}

const fn written(op: &HeaderOp) -> Option<&HeaderValue> {
    match op {
        HeaderOp::Remove => None,
        HeaderOp::Set(value) | HeaderOp::Add(value) | HeaderOp::Default(value) => Some(value),
    }
}
