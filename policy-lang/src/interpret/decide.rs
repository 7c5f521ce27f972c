//! After a failed try: another one, after which wait, or why not.

use std::time::Duration;

use super::attempt::TryEnd;
use super::coverage::Coverage;
use super::head::Fields;
use super::jitter::Jitter;
use super::trace::{Outcome, Refusal};
use super::{Millis, WALL_CLOCK, grpc};
use crate::plan::{Cause, NonIdempotent, Retry, RetryAfter, Sourced};

/// What the decision looks at, besides the policy.
pub(super) struct Failed<'a> {
    pub(super) ending: &'a TryEnd,
    pub(super) method: &'a str,
    pub(super) request: &'a Fields,
    pub(super) body: u64,
    /// Tries so far.
    pub(super) tries: u32,
    pub(super) now: Millis,
    pub(super) deadline: Millis,
}

/// The reasons that lie in the call itself, and the wait if there is none.
///
/// Budget and breaker are asked afterwards: they are shared, and asking costs.
pub(super) fn decide(
    retry: &Retry,
    failed: &Failed<'_>,
    jitter: &mut Jitter,
    coverage: &mut Coverage,
) -> Result<Millis, Refusal> {
    coverage.note(&retry.on);
    if !lists(retry, failed.ending.outcome) {
        return Err(Refusal::NotListed);
    }
    if failed.ending.sent {
        is_repeatable(retry, failed, coverage)?;
    }
    let asked = asked_wait(&retry.retry_after, failed, coverage)?;
    coverage.note(&retry.attempts);
    if failed.tries >= retry.attempts.value {
        return Err(Refusal::Attempts);
    }
    coverage.note(&retry.backoff);
    let wait = asked.saturating_add(jitter.backoff(&retry.backoff.value, failed.tries));
    if failed.deadline.saturating_sub(failed.now) <= wait {
        return Err(Refusal::Deadline);
    }
    Ok(wait)
}

/// Does `on` list this failure?
fn lists(retry: &Retry, outcome: Outcome) -> bool {
    retry.on.value.iter().any(|cause| is(cause, outcome))
}

/// Does a cause that the policy names fit what happened?
pub(super) fn is(cause: &Cause, outcome: Outcome) -> bool {
    match (cause, outcome) {
        (Cause::Status(codes), Outcome::Status(status)) => codes.contains(status),
        (Cause::Grpc(code), Outcome::Grpc(status)) => *code == status,
        (Cause::ConnectFailure, Outcome::ConnectFailure)
        | (Cause::Reset, Outcome::Reset)
        | (Cause::Timeout, Outcome::Timeout) => true,
        _ => false,
    }
}

/// If the upstream may have acted on the request: may it act again, and can the request be sent again?
fn is_repeatable(
    retry: &Retry,
    failed: &Failed<'_>,
    coverage: &mut Coverage,
) -> Result<(), Refusal> {
    // The server says that it did not act: that the policy lists the code is reason enough.
    let declined = matches!(failed.ending.outcome, Outcome::Grpc(code) if code.declines());
    if !declined {
        is_safe(retry, failed, coverage)?;
    }
    if failed.body > 0 {
        coverage.note(&retry.buffer);
    }
    if failed.body > retry.buffer.value { Err(Refusal::Body) } else { Ok(()) }
}

/// What the policy says of calls that may have been carried out.
fn is_safe(retry: &Retry, failed: &Failed<'_>, coverage: &mut Coverage) -> Result<(), Refusal> {
    coverage.note(&retry.methods);
    let listed = retry.methods.value.iter().any(|method| method.to_string() == failed.method);
    if !listed {
        coverage.note(&retry.non_idempotent);
        match &retry.non_idempotent.value {
            NonIdempotent::Always { .. } => {}
            NonIdempotent::WhenHeader(name) if failed.request.first(name).is_some() => {}
            _ => return Err(Refusal::Unsafe),
        }
    }
    Ok(())
}

/// What the upstream asks for in `retry-after` or `grpc-retry-pushback-ms`, if the policy listens
/// and it is not too long.
fn asked_wait(
    policy: &Sourced<RetryAfter>,
    failed: &Failed<'_>,
    coverage: &mut Coverage,
) -> Result<Millis, Refusal> {
    let field = |name: &str| {
        let mut fields = failed.ending.headers.iter();
        let field = fields.find(|(other, _)| other.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value.trim())
    };
    let pushback = field("grpc-retry-pushback-ms")
        .filter(|_| matches!(failed.ending.outcome, Outcome::Grpc(_)))
        .map(grpc::pushback);
    if pushback == Some(None) {
        return Err(Refusal::Pushback);
    }
    let RetryAfter::Honour { up_to } = policy.value else {
        return Ok(0);
    };
    let after = || field("retry-after").and_then(|value| parse(value, failed.now));
    let asked = pushback.flatten().or_else(after);
    let Some(asked) = asked else { return Ok(0) };
    coverage.note(policy);
    if asked > up_to { Err(Refusal::Pushback) } else { Ok(super::millis(asked)) }
}

/// Seconds or a date (RFC 9110 §10.2.3); a value that cannot be read counts as missing.
fn parse(value: &str, now: Millis) -> Option<Duration> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let date = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(date.saturating_sub(WALL_CLOCK + Duration::from_millis(now)))
}
