//! Times that contradict each other: a try as long as its call, tries that cannot fit.

use std::time::Duration;

use super::{Forwarded, switched, written};
use crate::diagnostics::{Diagnostic, policy as report};
use crate::plan::derived::backoff_window;
use crate::plan::display::duration;
use crate::plan::{Backoff, BackoffKind, Retry};
use crate::resolve::Group;

pub(super) fn check(call: &Forwarded<'_, '_>, found: &mut Vec<Diagnostic>) {
    let effective = &call.call.effective;
    let total_span = written(effective, Group::Timeout, "total");
    let Some(total_at) = total_span else { return };
    let total = call.settings.timeout.total.value.limit();
    if total == Duration::MAX {
        return;
    }
    let per_try = call.settings.timeout.per_try.as_ref().map(|per_try| per_try.value);
    if let (Some(per_try), Some(span)) = (per_try, written(effective, Group::Timeout, "per-try"))
        && per_try >= total
    {
        found.push(report::per_try_not_below_total(
            span,
            &duration(per_try),
            total_at,
            &duration(total),
        ));
        return;
    }
    let Some(retry) = &call.settings.retry else { return };
    if let Some((number, earliest)) = late(retry, total) {
        let attempts = written(effective, Group::Retry, "attempts")
            .or_else(|| switched(effective, Group::Retry));
        let late = report::Late {
            ordinal: ordinal(number),
            earliest: &duration(earliest),
            total: &duration(total),
            total_span,
        };
        found.push(report::tries_cannot_fit(attempts.unwrap_or(call.call.span), &late));
    }
}

/// The first try for which the back-offs alone leave no time, and the earliest time at which it could
/// start. Tries that fail at once take no time, so that `per-try` says nothing about the earliest.
fn late(retry: &Retry, total: Duration) -> Option<(u32, Duration)> {
    let mut earliest = Duration::ZERO;
    for number in 2..=retry.attempts.value {
        let wait = shortest_wait(&retry.backoff.value, number - 1);
        earliest = earliest.saturating_add(wait);
        if earliest >= total {
            return Some((number, earliest));
        }
    }
    None
}

/// The shortest wait after the k-th failed try: the draw is zero.
fn shortest_wait(backoff: &Backoff, k: u32) -> Duration {
    match backoff.kind {
        BackoffKind::FullJitter => Duration::ZERO,
        BackoffKind::EqualJitter => backoff_window(backoff, k) / 2,
        BackoffKind::Fixed => backoff.base,
    }
}

fn ordinal(number: u32) -> &'static str {
    match number {
        2 => "second",
        3 => "third",
        4 => "fourth",
        5 => "fifth",
        6 => "sixth",
        7 => "seventh",
        8 => "eighth",
        9 => "ninth",
        _ => "tenth",
    }
}
