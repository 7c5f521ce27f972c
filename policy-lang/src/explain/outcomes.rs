//! What happens to this very call for each thing that the upstream can do.
//!
//! The interpreter decides, not this text: every outcome is a run in which the
//! upstream keeps doing the same. The reasons name the line that decided.

use std::time::Duration;

use super::Request;
use crate::interpret::{self, Refusal, Scenario, Script, Source, Start, Trace, What};
use crate::plan::{
    BackoffKind, GrpcCode, NonIdempotent, Origin, Plan, Protocol, Retry, ScriptedReply,
    ScriptedStep, Settings, Upstream, derived, display,
};

/// Answers that are asked about.
const HTTP: [u16; 4] = [200, 429, 500, 503];
const GRPC: [GrpcCode; 4] =
    [GrpcCode::Ok, GrpcCode::ResourceExhausted, GrpcCode::Internal, GrpcCode::Unavailable];

/// One row: what the upstream does, what the caller sees, and why.
pub(super) struct Row {
    pub(super) when: String,
    pub(super) then: String,
    /// Why the try is not repeated, or not again, and the line that says so.
    pub(super) because: Option<(String, Origin)>,
}

/// All of them, in the order in which one asks.
pub(super) fn rows(
    plan: &Plan,
    upstream: &Upstream,
    settings: &Settings,
    request: &Request,
) -> Vec<Row> {
    let speaks_grpc = upstream.protocol.value == Protocol::Grpc;
    let answers =
        if speaks_grpc { GRPC.map(ScriptedReply::Grpc) } else { HTTP.map(ScriptedReply::Status) };
    let failures = [ScriptedReply::Refused, ScriptedReply::Reset, ScriptedReply::Timeout];
    let row = |reply| {
        let trace = interpret::run(plan, &scenario(&upstream.name, request, reply));
        Row { when: written(reply), then: told(&trace), because: reason(&trace, settings) }
    };
    let mut rows: Vec<_> = answers.into_iter().chain(failures).map(row).collect();
    rows.extend(breaker_open(settings, request.is_grpc()));
    rows
}

/// As a test would write it.
fn written(reply: ScriptedReply) -> String {
    match reply {
        ScriptedReply::Status(status) => status.to_string(),
        ScriptedReply::Grpc(code) => code.to_string(),
        ScriptedReply::Refused => "refused".to_owned(),
        ScriptedReply::Reset => "reset".to_owned(),
        ScriptedReply::Timeout => "timeout".to_owned(),
    }
}

/// The upstream has been healthy until now, so that the budget is not what decides.
fn scenario(upstream: &str, request: &Request, reply: ScriptedReply) -> Scenario {
    let call = interpret::Request {
        start: Start::AfterPrevious,
        method: request.method.clone(),
        host: request.host.clone(),
        target: request.target.clone(),
        headers: request.headers.clone(),
        body: 0,
        course: interpret::Course::Plain,
    };
    let step = ScriptedStep { reply, after: Duration::ZERO, headers: vec![] };
    let scripts = vec![Script { upstream: upstream.to_owned(), steps: vec![step] }];
    Scenario { seed: 0, requests: vec![call], scripts, fields: vec![] }
}

fn told(trace: &Trace) -> String {
    let Some(call) = trace.calls.last() else { return String::new() };
    let tries = match call.attempts {
        1 => "1 try".to_owned(),
        tries => format!("{tries} tries"),
    };
    let whose = match call.source {
        Some(Source::Upstream) => "from the upstream",
        Some(Source::Policy) => "from the fallback",
        Some(Source::Proxy | Source::None) | None => "from the proxy",
    };
    let opens = trace.events.iter().any(|event| matches!(event.what, What::Breaker { .. }));
    let opens = if opens { ", and the breaker opens" } else { "" };
    format!("{tries}, then {} {whose}{opens}", call.said())
}

fn reason(trace: &Trace, settings: &Settings) -> Option<(String, Origin)> {
    let call = trace.calls.last()?;
    let retry = settings.retry.as_ref()?;
    let (text, origin) = match call.refusal? {
        Refusal::NotListed => (not_listed(retry), &retry.on.origin),
        Refusal::Unsafe => (not_safe(retry), &retry.non_idempotent.origin),
        Refusal::Body => ("the body is larger than `buffer`".to_owned(), &retry.buffer.origin),
        Refusal::Pushback => ("`retry-after` is too long".to_owned(), &retry.retry_after.origin),
        Refusal::Attempts => (format!("attempts {}", retry.attempts.value), &retry.attempts.origin),
        Refusal::Deadline => {
            let total = settings.timeout.total.value;
            (format!("no time left of timeout total {total}"), &settings.timeout.total.origin)
        }
        Refusal::Budget => (format!("budget {}", retry.budget.value), &retry.budget.origin),
        Refusal::Breaker => {
            let breaker = settings.breaker.as_ref()?;
            let rule = breaker.rules.first()?;
            (format!("breaker {} {}", rule.value.key(), rule.value.arguments()), &rule.origin)
        }
    };
    Some((text, origin.clone()))
}

fn not_listed(retry: &Retry) -> String {
    format!("not in on {}", display::list(&retry.on.value))
}

fn not_safe(retry: &Retry) -> String {
    match &retry.non_idempotent.value {
        NonIdempotent::WhenHeader(name) => {
            format!("may have been processed, and has no header {}", display::quoted(name))
        }
        _ => format!(
            "may have been processed, and is not in methods {}",
            display::list(&retry.methods.value)
        ),
    }
}

fn breaker_open(settings: &Settings, grpc: bool) -> Option<Row> {
    let breaker = settings.breaker.as_ref()?;
    let status = match &settings.fallback {
        Some(fallback) if grpc => {
            let code = interpret::grpc_code_of(fallback.value.status);
            format!("{code} from the fallback")
        }
        Some(fallback) => format!("{} from the fallback", fallback.value.status),
        None if grpc => format!("{} from the proxy", GrpcCode::Unavailable),
        None => "503 from the proxy".to_owned(),
    };
    let because = format!("open-for {}", breaker.open_for.value);
    Some(Row {
        when: "breaker open".to_owned(),
        then: format!("0 tries, then {status}"),
        because: Some((because, breaker.open_for.origin.clone())),
    })
}

/// The waits before another try, as windows: `0..200ms, 0..400ms`.
pub(super) fn waits(retry: &Retry) -> Option<String> {
    let window = |k| {
        let most = derived::backoff_window(&retry.backoff.value, k);
        match retry.backoff.value.kind {
            BackoffKind::FullJitter => format!("0ms..{}", display::duration(most)),
            BackoffKind::EqualJitter => {
                format!("{}..{}", display::duration(most / 2), display::duration(most))
            }
            BackoffKind::Fixed => display::duration(most),
        }
    };
    let windows: Vec<_> = (1..retry.attempts.value).map(window).collect();
    (!windows.is_empty()).then(|| windows.join(", "))
}
