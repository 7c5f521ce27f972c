//! What the proxy itself says: its edits of the request, its answers, its edits of the answer.

use super::Millis;
use super::attempt::{Limit, TryEnd};
use super::call::Call;
use super::coverage::Coverage;
use super::engine::Engine;
use super::grpc;
use super::head::{self, Fields, Words};
use super::jitter::Jitter;
use super::trace::{Outcome, Source};
use crate::plan::{Action, GrpcCode, Reply, Timeout};

/// What the caller gets.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Of an answer of ours: what a caller of gRPC is told, where its status does not say it.
    pub(super) grpc: Option<GrpcCode>,
    pub(super) source: Source,
    /// The body of an answer of ours.
    pub(super) text: String,
    pub(super) fields: Fields,
}

impl Answer {
    /// The response of a try.
    pub(super) fn upstream(ending: &TryEnd) -> Self {
        let (status, grpc) = match ending.outcome {
            Outcome::Status(status) => (status, None),
            Outcome::Grpc(code) => (200, Some(code)),
            _ => return Self::failed(ending),
        };
        let mut fields = Fields::of(&ending.headers);
        fields.strip_hop();
        fields.set("content-length", "0");
        Self { status, grpc, source: Source::Upstream, text: String::new(), fields }
    }

    /// An answer in place of a response that never came.
    pub(super) fn failed(ending: &TryEnd) -> Self {
        match (ending.outcome, ending.limit) {
            (Outcome::ConnectFailure, Limit::Connect) => Self::local(502, "connection_timeout"),
            (Outcome::ConnectFailure, _) => Self::local(502, "connection_refused"),
            // The upstream may have acted: `unavailable` would tell a library to send the call again.
            (Outcome::Reset, _) => {
                let grpc = Some(GrpcCode::Internal);
                Self { grpc, ..Self::local(502, "connection_terminated") }
            }
            (Outcome::SlowCaller, _) => Self::slow(),
            (Outcome::Want, _) => Self::local(503, "proxy_internal_error"),
            _ => Self::local(504, "http_response_timeout"),
        }
    }

    /// The caller has left.
    pub(super) fn none() -> Self {
        let (text, fields) = (String::new(), Fields::default());
        Self { status: 499, grpc: None, source: Source::None, text, fields }
    }

    /// Ours, with the error type of RFC 9209 §2.3.
    pub(super) fn local(status: u16, error: &str) -> Self {
        let mut fields = Fields::default();
        fields.add("proxy-status", &format!("amb; error={error}"));
        fields.add("content-type", "text/plain");
        let text = error.replace('_', " ");
        Self { status, grpc: None, source: Source::Proxy, text, fields }
    }

    /// The caller did not complete its request.
    fn slow() -> Self {
        let mut answer = Self::local(408, "http_request_error");
        let status = "amb; error=http_request_error; details=\"incomplete body\"";
        answer.fields.set("proxy-status", status);
        answer.text = "the request was not complete in time".to_owned();
        answer
    }

    /// The breaker is open: says when to come back, in whole seconds.
    pub(super) fn open(breaker: &str, retry_in: Millis) -> Self {
        let mut answer = Self::local(503, "destination_unavailable");
        let status =
            format!("amb; error=destination_unavailable; details=\"breaker {breaker} open\"");
        answer.fields.set("proxy-status", &status);
        answer.text = format!("the breaker of {breaker} is open");
        answer.fields.add("retry-after", &retry_in.div_ceil(1_000).max(1).to_string());
        answer
    }

    /// `respond` and `fallback`.
    pub(super) fn policy(reply: &Reply) -> Self {
        let (text, fields) = (reply.body.clone(), Fields::of(&reply.headers));
        Self { status: reply.status, grpc: None, source: Source::Policy, text, fields }
    }
}

/// Once per call: identifiers first, as edits may use them, then the edits in order.
pub(super) fn edit_request(engine: &mut Engine<'_>, number: usize, action: Option<&Action>) {
    let fresh = engine.new_id();
    let service = &engine.plan().service.name;
    let Some(call) = engine.call(number) else {
        return;
    };
    let Some(settings) = call.settings() else {
        return;
    };
    call.request_id = identify(call, fresh);
    if let Some(Action::Forward { rewrite: Some(rewrite) }) = action
        && let Some(host) = &rewrite.value.host
    {
        call.fields.set("host", host);
    }
    let mut fields = call.fields.clone();
    for edit in &settings.request_headers {
        fields.edit(&edit.value, &words(call, service));
    }
    call.fields = fields;
    let covers = engine.covers();
    settings.request_headers.iter().for_each(|edit| covers.note(edit));
    settings.correlation_id.iter().for_each(|name| covers.note(name));
    settings.trace.iter().for_each(|trace| covers.note(trace));
    if let Some(Action::Forward { rewrite: Some(rewrite) }) = action {
        covers.note(rewrite);
    }
}

/// The caller's correlation id is kept; empty if the policy asks for none.
fn identify(call: &mut Call<'_>, fresh: String) -> String {
    let settings = call.settings().and_then(|settings| settings.correlation_id.as_ref());
    let Some(name) = settings.map(|name| name.value.clone()) else {
        return String::new();
    };
    if let Some(id) = call.fields.first(&name).filter(|id| !id.is_empty()) {
        return id.to_owned();
    }
    call.fields.set(&name, &fresh);
    fresh
}

fn words<'w>(call: &'w Call<'_>, service: &'w str) -> Words<'w> {
    let (request_id, upstream) = (call.request_id.as_str(), call.upstream());
    Words { request_id, upstream, service, request: &call.sent }
}

/// What differs from try to try: the span, and the number from the second on.
pub(super) fn mark_try(call: &mut Call<'_>, now: Millis, ids: &mut Jitter) {
    if call.settings().is_some_and(|settings| settings.trace.is_some()) {
        let parent = head::traceparent(call.fields.first("traceparent"), ids);
        call.fields.set("traceparent", &parent);
    }
    if call.tries > 1 {
        call.fields.set("x-amb-attempt", &call.tries.to_string());
    }
    let asked = grpc::timeout(&Fields::of(&call.request.headers));
    if let Some(asked) = asked.filter(|_| call.speaks_grpc()) {
        // The caller's time runs while we wait, and never beyond our own.
        let end = call.started.saturating_add(super::millis(asked)).min(call.deadline);
        call.fields.set("grpc-timeout", &grpc::timeout_text(end.saturating_sub(now)));
    }
}

/// Notes the limit that ended a try.
pub(super) fn note_limit(coverage: &mut Coverage, timeout: &Timeout, limit: Limit) {
    match limit {
        Limit::None => {}
        Limit::Connect => coverage.note(&timeout.connect),
        Limit::PerTry => timeout.per_try.iter().for_each(|time| coverage.note(time)),
        Limit::Total => coverage.note(&timeout.total),
    }
}

/// `fallback` in place of an own 502, 503 or 504, then the edits, which apply to every answer.
pub(super) fn finish(engine: &mut Engine<'_>, number: usize, mut answer: Answer) -> Answer {
    let service = &engine.plan().service.name;
    let Some(call) = engine.call(number) else {
        return answer;
    };
    let Some(settings) = call.settings() else {
        grpc::answer(&mut answer, &call.request.headers);
        return answer;
    };
    let ours = answer.source == Source::Proxy && (502..=504).contains(&answer.status);
    let fallback = settings.fallback.as_ref().filter(|_| ours);
    if let Some(fallback) = fallback {
        answer = Answer::policy(&fallback.value);
    }
    grpc::answer(&mut answer, &call.request.headers);
    for edit in &settings.response_headers {
        answer.fields.edit(&edit.value, &words(call, service));
    }
    let covers = engine.covers();
    fallback.iter().for_each(|fallback| covers.note(fallback));
    settings.response_headers.iter().for_each(|edit| covers.note(edit));
    answer
}
