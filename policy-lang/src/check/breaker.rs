//! A breaker none of whose rules can ever hold protects nobody.

use super::{Forwarded, switched};
use crate::diagnostics::{Diagnostic, policy as report};
use crate::plan::{Breaker, Cause, GrpcCode, Settings, TripRule};
use crate::resolve::Group;

pub(super) fn check(call: &Forwarded<'_, '_>, found: &mut Vec<Diagnostic>) {
    let Some(breaker) = &call.settings.breaker else { return };
    let reasons: Option<Vec<&'static str>> =
        breaker.rules.iter().map(|rule| impossible(&rule.value, breaker, call.settings)).collect();
    if let Some(reason) = reasons.and_then(|reasons| reasons.first().copied()) {
        let span = switched(&call.call.effective, Group::Breaker).unwrap_or(call.call.span);
        found.push(report::breaker_never_trips(span, reason));
    }
}

/// Why a rule can never hold.
fn impossible(rule: &TripRule, breaker: &Breaker, settings: &Settings) -> Option<&'static str> {
    let only_429 = breaker.counts.value.iter().all(|cause| match cause {
        Cause::Status(codes) => codes.first == 429 && codes.last == 429,
        Cause::Grpc(code) => *code == GrpcCode::ResourceExhausted,
        _ => false,
    });
    match rule {
        TripRule::Failures { .. } | TripRule::ConsecutiveFailures { .. } if only_429 => {
            Some("429 and `grpc(resource-exhausted)` count in a `failure-rate` only")
        }
        TripRule::Slow { threshold, .. } if *threshold > settings.timeout.total.value.limit() => {
            Some("no call lasts as long as `slow` asks for")
        }
        TripRule::FailureRate { ratio, .. } | TripRule::Slow { ratio, .. }
            if ratio.parts_per_million() == 0 =>
        {
            // A share of nothing would always hold; it is no rule at all.
            Some("a share of 0% says nothing")
        }
        _ => None,
    }
}
