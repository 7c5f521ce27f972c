//! Who is at fault: what a try says about its upstream, and when it says nothing.

use super::attempt::TryEnd;
use super::breaker::Verdict;
use super::call::Call;
use super::decide;
use super::trace::Outcome;
use crate::plan::{Breaker, GrpcCode};

/// Is it no outcome of the upstream's? Then the try is not judged, and not followed by another.
pub(super) const fn is_ours(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::SlowCaller)
}

/// Has the call's time run out, most of which was the caller's?
fn is_callers(call: &Call<'_>, ending: &TryEnd) -> bool {
    let total = call.deadline - call.started;
    ending.outcome == Outcome::Timeout
        && ending.at == call.deadline
        && call.callers.saturating_mul(2) > total
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
