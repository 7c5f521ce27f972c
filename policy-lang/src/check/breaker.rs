//! A breaker protects nobody if none of its rules can ever hold.

use super::{Forwarded, switched};
use crate::diagnostics::{Diagnostic, policy as report};
use crate::plan::{Breaker, Cause, GrpcCode, TripRule};
use crate::resolve::Group;

pub(super) fn check(call: &Forwarded<'_, '_>, found: &mut Vec<Diagnostic>) {
    let Some(breaker) = &call.settings.breaker else { return };
    let reasons: Option<Vec<&'static str>> =
        breaker.rules.iter().map(|rule| impossible(&rule.value, breaker, call)).collect();
    if let Some(reason) = reasons.and_then(|reasons| reasons.first().copied()) {
        let span = switched(&call.call.effective, Group::Breaker).unwrap_or(call.call.span);
        found.push(report::breaker_never_trips(span, reason));
    }
}

/// Why a rule can never hold.
fn impossible(
    rule: &TripRule,
    breaker: &Breaker,
    call: &Forwarded<'_, '_>,
) -> Option<&'static str> {
    let longest = match call.opaque {
        true => call.settings.timeout.connect.value,
        false => call.settings.timeout.total.value.limit(),
    };
    let counts_connects = breaker.counts.value.contains(&Cause::ConnectFailure);
    let only_429 = breaker.counts.value.iter().all(|cause| match cause {
        Cause::Status(codes) => codes.first == 429 && codes.last == 429,
        Cause::Grpc(code) => *code == GrpcCode::ResourceExhausted,
        _ => false,
    });
    match rule {
        TripRule::Failures { .. }
        | TripRule::ConsecutiveFailures { .. }
        | TripRule::FailureRate { .. }
            if call.opaque && !counts_connects =>
        {
            Some("of connections of bytes only `connect-failure` can be counted")
        }
        TripRule::Failures { .. } | TripRule::ConsecutiveFailures { .. } if only_429 => {
            Some("429 and `grpc(resource-exhausted)` count in a `failure-rate` only")
        }
        TripRule::Slow { threshold, .. } if *threshold > longest => {
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
