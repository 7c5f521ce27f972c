//! One try against a scripted upstream: when it ends, and how.

use super::Millis;
use super::grpc;
use super::trace::Outcome;
use crate::plan::{ScriptedReply, ScriptedStep, Timeout, Total};

/// The bounds of one try.
pub(super) struct Bounds<'a> {
    /// `None`: `otherwise pass`, which no policy bounds.
    pub(super) timeout: Option<&'a Timeout>,
    /// When the whole call ends at the latest.
    pub(super) deadline: Millis,
    /// When the caller has sent all of its request.
    pub(super) complete: Millis,
}

/// How a try ends.
#[derive(Clone, Debug)]
pub(super) struct TryEnd {
    pub(super) at: Millis,
    pub(super) outcome: Outcome,
    /// The upstream may have acted on the request.
    pub(super) sent: bool,
    /// What of its time the caller took: the upstream had all that had come of the request.
    pub(super) callers: Millis,
    /// Of a response.
    pub(super) headers: Vec<(String, String)>,
    pub(super) limit: Limit,
}

/// Which of our own limits ended a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    None,
    Connect,
    PerTry,
    Total,
}

/// The first thing to happen; at the same moment, the earlier in this list.
pub(super) fn ending(step: &ScriptedStep, start: Millis, bounds: &Bounds<'_>) -> TryEnd {
    // While there is no connection, the upstream has not seen the request, whatever limit ends it.
    let sent = step.reply != ScriptedReply::Refused;
    let patience = patience(start, bounds);
    if sent && patience < bounds.complete {
        let limit = if patience == bounds.deadline { Limit::Total } else { Limit::None };
        let callers = patience - start;
        return TryEnd { callers, outcome: Outcome::SlowCaller, ..cut(patience, limit, sent) };
    }
    // What the caller takes is not the try's.
    let callers = if sent { bounds.complete.saturating_sub(start) } else { 0 };
    let ending = upstreams(step, start + callers, bounds);
    TryEnd { callers, ..ending }
}

/// How long a caller may take for its request. Without a total, nothing but silence ends that wait.
fn patience(start: Millis, bounds: &Bounds<'_>) -> Millis {
    let idle = bounds.timeout.map_or(Timeout::IDLE, |timeout| timeout.idle.value);
    match bounds.deadline {
        Millis::MAX => start.saturating_add(super::millis(idle)),
        deadline => deadline,
    }
}

/// What happens once the request is complete.
fn upstreams(step: &ScriptedStep, start: Millis, bounds: &Bounds<'_>) -> TryEnd {
    let sent = step.reply != ScriptedReply::Refused;
    let connect = bounds.timeout.map_or(Timeout::CONNECT, |timeout| timeout.connect.value);
    // Without a total, nothing but silence ends the wait for a head.
    let per_try =
        bounds.timeout.and_then(|timeout| match (&timeout.per_try, timeout.total.value) {
            (None, Total::Off) => Some(&timeout.idle),
            (per_try, _) => per_try.as_ref(),
        });
    let after = |time| start.saturating_add(super::millis(time));
    let candidates = [
        scripted(step, after(step.after)),
        (!sent).then(|| cut(after(connect), Limit::Connect, sent)),
        per_try.map(|time| cut(after(time.value), Limit::PerTry, sent)),
        Some(cut(bounds.deadline, Limit::Total, sent)),
    ];
    let first = candidates.into_iter().flatten().min_by_key(|ending| ending.at);
    first.unwrap_or_else(|| cut(bounds.deadline, Limit::Total, sent))
}

/// What the upstream does by itself; never answering is nothing.
fn scripted(step: &ScriptedStep, at: Millis) -> Option<TryEnd> {
    let (outcome, sent) = match step.reply {
        ScriptedReply::Status(status) => (Outcome::Status(status), true),
        ScriptedReply::Grpc(code) => (Outcome::Grpc(code), true),
        ScriptedReply::Refused => (Outcome::ConnectFailure, false),
        ScriptedReply::Reset => (Outcome::Reset, true),
        ScriptedReply::Timeout => return None,
    };
    let headers = match outcome {
        Outcome::Status(_) => step.headers.clone(),
        Outcome::Grpc(code) => [grpc::head(code), step.headers.clone()].concat(),
        _ => vec![],
    };
    Some(TryEnd { at, outcome, sent, callers: 0, headers, limit: Limit::None })
}

/// There is no connection to be had, for want of something of the proxy's own.
pub(super) fn wanting(at: Millis) -> TryEnd {
    TryEnd { outcome: Outcome::Want, ..cut(at, Limit::None, false) }
}

fn cut(at: Millis, limit: Limit, sent: bool) -> TryEnd {
    let outcome = match limit {
        Limit::Connect => Outcome::ConnectFailure,
        _ => Outcome::Timeout,
    };
    TryEnd { at, outcome, sent, callers: 0, headers: vec![], limit }
}
