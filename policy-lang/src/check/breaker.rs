//! A breaker protects nobody if none of its rules can ever hold.

use super::{Forwarded, switched};
use crate::diagnostics::{Diagnostic, policy as report};
use crate::plan::{Breaker, Cause, TripRule};
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
    let timeout = &call.settings.timeout;
    let total = timeout.total.value.limit();
    let longest = match (call.opaque, &timeout.per_try) {
        (true, _) => timeout.connect.value,
        (false, Some(per_try)) => per_try.value.min(total),
        (false, None) => total,
    };
    let counts_connects = breaker.counts.value.contains(&Cause::ConnectFailure);
    let interim = |cause: &Cause| matches!(cause, Cause::Status(codes) if codes.last < 200);
    let only_interim = breaker.counts.value.iter().all(interim);
    match rule {
        TripRule::Failures { .. }
        | TripRule::ConsecutiveFailures { .. }
        | TripRule::FailureRate { .. }
            if call.opaque && !counts_connects =>
        {
            Some("of connections of bytes only `connect-failure` can be counted")
        }
        TripRule::Failures { .. } | TripRule::ConsecutiveFailures { .. } if only_interim => {
            Some("no failure of a call has a status below 200")
        }
        TripRule::Slow { threshold, .. } if *threshold > longest => {
            Some("no try lasts as long as `slow` asks for")
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
