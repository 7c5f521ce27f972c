//! Who is at fault: what a try says about its upstream, and when it says nothing.

use super::attempt::TryEnd;
use super::breaker::Verdict;
use super::call::Call;
use super::decide;
use super::grpc;
use super::head::Fields;
use super::trace::Outcome;
use crate::plan::{Breaker, GrpcCode};

/// Is it no outcome of the upstream's? Then the try is not judged, and not followed by another.
pub(super) const fn is_ours(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::SlowCaller | Outcome::Want)
}

/// Has time run out by the caller's own deadline, or was most of it the caller's?
fn is_callers(call: &Call<'_>, ending: &TryEnd) -> bool {
    match ending.outcome {
        Outcome::Timeout if ending.at == call.deadline => {
            call.hurried || call.callers.saturating_mul(2) > call.deadline - call.started
        }
        Outcome::Grpc(GrpcCode::DeadlineExceeded) => call.hurried || has_told_less(call),
        _ => false,
    }
}

/// Does the caller's `grpc-timeout`, which goes on to the upstream, end before the call's time?
fn has_told_less(call: &Call<'_>) -> bool {
    let asked = grpc::timeout(&Fields::of(&call.request.headers)).map(super::millis);
    asked.is_some_and(|asked| call.started.saturating_add(asked) < call.deadline)
}

/// What the breaker is told; `None`: nothing.
pub(super) fn verdict(policy: &Breaker, call: &Call<'_>, ending: &TryEnd) -> Option<Verdict> {
    let outcome = ending.outcome;
    if is_ours(outcome) || is_callers(call, ending) {
        return None;
    }
    if policy.counts.value.iter().any(|cause| decide::is(cause, outcome)) {
        return Some(Verdict::Failure);
    }
    Some(match outcome {
        Outcome::Status(429) | Outcome::Grpc(GrpcCode::ResourceExhausted) => Verdict::Throttled,
        _ => Verdict::Success,
    })
}
