//! Figures that follow from a route's settings: what it can cost, before it ever runs.
//!
//! Guardrails (`require amplification <= 4x`), `amb plan` and the generated `plan.txt` all take the
//! figures from here, so that they never disagree. Each figure is an upper bound, whatever the
//! upstream does.

use std::time::Duration;

use super::{
    Backoff, BackoffKind, Breaker, Cause, Match, Method, Retry, RetryAfter, Settings, TripRule,
};

/// The most tries of one call, the first included.
pub fn tries(settings: &Settings) -> u32 {
    settings.retry.as_ref().map_or(1, |retry| retry.attempts.value.max(1))
}

/// How many tries have time if each takes all of `per-try`, and nothing is waited between them.
pub fn slow_tries(settings: &Settings) -> u32 {
    let (tries, total) = (tries(settings), settings.timeout.total.value.limit());
    let Some(per_try) = &settings.timeout.per_try else { return tries };
    let begins = |before: &u32| per_try.value.saturating_mul(*before) < total;
    (0..tries).take_while(begins).count().try_into().unwrap_or(tries)
}

/// The most requests that one call of the application can cause at one upstream, on a route with these
/// `match` lines.
///
/// Without `retry` a safe method (RFC 9110 §9.2.1) is sent once more if a kept connection ends with it.
pub fn amplification(settings: &Settings, matches: &[Match]) -> u32 {
    let safe = |line: &Match| match line.methods.as_slice() {
        [] => !line.grpc,
        methods => methods.iter().any(Method::is_safe),
    };
    let repeats = matches.is_empty() || matches.iter().any(safe);
    match settings.retry {
        None if repeats => 2,
        _ => tries(settings),
    }
}

/// The longest that a call can take, however slowly both sides send: `total`. With `total off` there is no
/// bound.
pub fn worst_latency(settings: &Settings) -> Duration {
    settings.timeout.total.value.limit()
}

/// The longest that a caller who sends its request at once waits until an answer begins: `total`, or less if
/// all tries with full waits end sooner. The answer may take until `total` to end.
///
/// A wait is full when the draw is the whole window, on top of the longest
/// `retry-after` that the policy honours. Without `per-try` a single try may take
/// all of `total`; with `total off` there is no bound.
pub fn slowest_answer(settings: &Settings) -> Duration {
    let total = settings.timeout.total.value.limit();
    let Some(per_try) = settings.timeout.per_try.as_ref().filter(|_| total < Duration::MAX) else {
        return total;
    };
    let trying = per_try.value.saturating_mul(tries(settings));
    let waiting = settings.retry.as_ref().map_or(Duration::ZERO, longest_waits);
    total.min(trying.saturating_add(waiting))
}

/// The longest that an upstream is called on which does nothing but fail, once a second or more often;
/// `None`: the breaker may never trip.
///
/// What it answered before may be in the window. The last of a window's ten slots is not full, so that
/// only nine of them are sure.
pub fn trips_within(breaker: &Breaker) -> Option<Duration> {
    let seconds = |count: u32| Duration::from_secs(u64::from(count));
    let fits = |count: u32, within: Duration| {
        seconds(count.saturating_sub(1)).saturating_mul(10) <= within.saturating_mul(9)
    };
    let rules = breaker.rules.iter().filter_map(|rule| match rule.value {
        TripRule::ConsecutiveFailures { count } => Some(seconds(count)),
        TripRule::Failures { count, within } => fits(count, within).then(|| seconds(count)),
        TripRule::FailureRate { samples, within, .. } => {
            fits(samples, within).then(|| seconds(samples).max(within))
        }
        TripRule::Slow { .. } => None,
    });
    rules.min()
}

/// Bytes of request body that one call may keep for another try, beside what lies in the ordinary buffer that
/// every call has.
pub fn replay_memory(settings: &Settings) -> u64 {
    match &settings.retry {
        Some(retry) if retry.attempts.value > 1 => retry.buffer.value,
        _ => 0,
    }
}

/// The window from which the wait after the k-th failed try (from 1) is drawn, in whole milliseconds.
pub fn backoff_window(backoff: &Backoff, k: u32) -> Duration {
    let factor = match backoff.kind {
        BackoffKind::Fixed => 1,
        BackoffKind::FullJitter | BackoffKind::EqualJitter => {
            1_u32.checked_shl(k).filter(|_| k < 32).unwrap_or(u32::MAX)
        }
    };
    let window = backoff.base.saturating_mul(factor).min(backoff.cap);
    Duration::from_millis(window.as_millis().try_into().unwrap_or(u64::MAX))
}

fn longest_waits(retry: &Retry) -> Duration {
    let asked = longest_retry_after(retry);
    (1..retry.attempts.value)
        .map(|k| backoff_window(&retry.backoff.value, k).saturating_add(asked))
        .fold(Duration::ZERO, Duration::saturating_add)
}

/// Only an answer carries `retry-after` or `grpc-retry-pushback-ms`. If `on` lists no status
/// and no code, nobody reads these fields.
fn longest_retry_after(retry: &Retry) -> Duration {
    let answers = |cause: &Cause| matches!(cause, Cause::Status(_) | Cause::Grpc(_));
    let reads_statuses = retry.on.value.iter().any(answers);
    match retry.retry_after.value {
        RetryAfter::Honour { up_to } if reads_statuses => up_to,
        _ => Duration::ZERO,
    }
}
