//! What a path of a guardrail stands for on one deployment, upstream or call: the
//! effective value, how it reads, and where it was written.

use std::time::Duration;

use super::compare::Actual;
use super::words::Words;
use super::{Forwarded, switched, written};
use crate::conform::Node;
use crate::plan::display::{duration, size};
use crate::plan::{
    BackoffKind, Breaker, CodeRange, NonIdempotent, OpenFor, Otherwise, Percent, Plan, Rate,
    RetryAfter, Settings, TripRule, Upstream, Workers, derived,
};
use crate::resolve::{Applied, Effective, Group, Program};
use crate::span::Span;

/// A value at a path.
pub(super) struct Reading {
    pub(super) value: Actual,
    /// As the author would write it.
    pub(super) shown: String,
    /// Where it is written; `None`: nobody wrote it.
    pub(super) span: Option<Span>,
}

type Found = (Actual, String);

fn number(value: impl Into<u128>, shown: impl ToString) -> Found {
    let value = value.into();
    (Actual::Number(value, value), shown.to_string())
}

fn time(value: Duration) -> Found {
    number(value.as_nanos(), duration(value))
}

/// A time after which something ends; unbounded if nothing ends it.
fn bound(value: Duration) -> Found {
    match value {
        Duration::MAX => (Actual::Endless, "off".to_owned()),
        value => time(value),
    }
}

/// Without `per-try` one try may take as long as its call.
fn whole_call(total: Duration) -> Found {
    match bound(total) {
        (Actual::Number(least, most), shown) => (Actual::Unwritten(least, most), shown),
        endless => endless,
    }
}

fn word(word: impl ToString) -> Found {
    (Actual::Word(word.to_string()), word.to_string())
}

fn list<T: ToString>(values: &[T]) -> Found {
    let list: Vec<String> = values.iter().map(ToString::to_string).collect();
    let shown = list.join(", ");
    (Actual::List(Words::new(list)), shown)
}

fn presence(there: bool) -> Found {
    (if there { Actual::Present } else { Actual::Absent }, String::new())
}

/// Paths about the service and what it shows.
pub(super) fn of_deployment(
    path: &str,
    plan: &Plan,
    program: &Program<'_>,
    applied: Applied<'_, '_>,
) -> Reading {
    let log = plan.observe.access_log.as_ref();
    let absent = || presence(false);
    let (value, shown) = match path {
        "service.workers" => match plan.service.workers.value {
            // As many as the machine has processors.
            Workers::Auto => (Actual::Unwritten(1, u128::MAX), "auto".to_owned()),
            Workers::Exactly(count) => number(count, count),
        },
        "otherwise" => word(match plan.otherwise.value {
            Otherwise::Pass => "pass",
            Otherwise::Reject => "reject",
        }),
        "observe.metrics" => presence(plan.observe.metrics.is_some()),
        "observe.admin" => presence(plan.observe.admin.is_some()),
        "observe.access-log" => presence(log.is_some()),
        "observe.access-log.sample" => log.map_or_else(absent, |log| {
            number(log.sample.value.parts_per_million(), log.sample.value)
        }),
        "observe.access-log.when" => log.map_or_else(absent, |log| match &log.when_status {
            Some(statuses) => list(&statuses.value),
            None => list(&[CodeRange { first: 100, last: 599 }]),
        }),
        "observe.access-log.headers" => log.map_or_else(absent, |log| list(&log.headers.value)),
        "observe.access-log.redact" => log.map_or_else(absent, |log| list(&log.redact.value)),
        _ => absent(),
    };
    Reading { value, shown, span: deployment_span(path, program, applied) }
}

/// The innermost statement on the path, the file's own before the baseline's.
fn deployment_span(path: &str, program: &Program<'_>, applied: Applied<'_, '_>) -> Option<Span> {
    let mut keys = path.split('.');
    let first = keys.next()?;
    let own = program.entry().iter().find(|node| node.key() == first);
    let nearest_first = applied.iter().rev();
    let theirs = nearest_first
        .filter_map(|known| known.node.children.iter().find(|node| node.key() == first));
    let keys: Vec<&str> = keys.collect();
    own.into_iter()
        .chain(theirs)
        .find_map(|top| below(top, &keys))
        .map(|node| node.statement.args_span())
}

fn below<'a, 'n>(node: &'a Node<'n>, keys: &[&str]) -> Option<&'a Node<'n>> {
    match keys {
        [] => Some(node),
        [key, rest @ ..] => below(node.children.iter().find(|child| child.key() == *key)?, rest),
    }
}

/// Paths about an upstream itself.
pub(super) fn of_upstream(path: &str, upstream: &Upstream, node: &Node<'_>) -> Reading {
    let key = path.strip_prefix("upstream.").unwrap_or(path);
    let (value, shown) = match key {
        "address" => match upstream.address.value.places().as_slice() {
            [only] => word(only),
            several => list(several),
        },
        "listen" => presence(upstream.listen.is_some()),
        "protocol" => word(upstream.protocol.value),
        "limits" => presence(upstream.connections.is_some()),
        "limits.connections" => match &upstream.connections {
            Some(most) => number(most.value, most.value),
            // As many as there are callers.
            None if upstream.protocol.value.is_opaque() => {
                (Actual::Unwritten(0, u128::MAX), "unlimited".to_owned())
            }
            None => presence(false),
        },
        "tls" => word("off"),
        "balance" => word("round-robin"),
        _ => presence(false),
    };
    let keys: Vec<&str> = key.split('.').collect();
    let several = (key == "address").then(|| below(node, &["addresses"])).flatten();
    let span = below(node, &keys).or(several).map(|found| found.statement.args_span());
    Reading { value, shown, span }
}

/// Paths about a call: policies and what follows from them.
pub(super) fn of_call(path: &str, call: &Forwarded<'_, '_>) -> Reading {
    let (value, shown) = policy(path, call).unwrap_or_else(|| presence(false));
    Reading { value, shown, span: call_span(path, &call.call.effective) }
}

fn policy(path: &str, call: &Forwarded<'_, '_>) -> Option<Found> {
    let settings = call.settings;
    Some(match path {
        "timeout.total" => bound(settings.timeout.total.value.limit()),
        "timeout.per-try" => match &settings.timeout.per_try {
            Some(per_try) => time(per_try.value),
            None => whole_call(settings.timeout.total.value.limit()),
        },
        "timeout.connect" => time(settings.timeout.connect.value),
        "timeout.idle" => time(settings.timeout.idle.value),
        "retry" => presence(settings.retry.is_some()),
        "breaker" => presence(settings.breaker.is_some()),
        "fallback" => presence(settings.fallback.is_some()),
        "correlation-id" => match &settings.correlation_id {
            Some(name) => word(&name.value),
            None => presence(false),
        },
        "trace" => presence(settings.trace.is_some()),
        "amplification" => {
            let matches = call.route.map_or(&[][..], |route| &route.matches);
            let most = derived::amplification(settings, matches);
            number(most, format!("{most}x"))
        }
        "worst-latency" => bound(derived::worst_latency(settings)),
        "replay-memory" => {
            let most = derived::replay_memory(settings);
            number(most, size(most))
        }
        _ => match path.split_once('.')? {
            ("retry", key) => retry(key, settings)?,
            ("breaker", key) => breaker(key, settings.breaker.as_ref()?)?,
            _ => return None,
        },
    })
}

fn retry(key: &str, settings: &Settings) -> Option<Found> {
    let retry = settings.retry.as_ref()?;
    Some(match key {
        "attempts" => number(retry.attempts.value, retry.attempts.value),
        "on" => list(&retry.on.value),
        "methods" => list(&retry.methods.value),
        "non-idempotent" => word(match retry.non_idempotent.value {
            NonIdempotent::Never => "never",
            NonIdempotent::WhenHeader(_) => "when",
            NonIdempotent::Always { .. } => "always",
        }),
        "backoff" => word(match retry.backoff.value.kind {
            BackoffKind::FullJitter => "full-jitter",
            BackoffKind::EqualJitter => "equal-jitter",
            BackoffKind::Fixed => "fixed",
        }),
        "retry-after" => word(match retry.retry_after.value {
            RetryAfter::Ignore => "ignore",
            RetryAfter::Honour { .. } => "honour",
        }),
        "retry-after.up-to" => time(match retry.retry_after.value {
            RetryAfter::Ignore => Duration::ZERO,
            RetryAfter::Honour { up_to } => up_to,
        }),
        "backoff.base" => time(retry.backoff.value.base),
        "backoff.cap" => time(retry.backoff.value.cap),
        "budget.share" => share(retry.budget.value.ratio),
        "budget.min" => number(per_second(retry.budget.value.floor), retry.budget.value.floor),
        "buffer" => number(retry.buffer.value, size(retry.buffer.value)),
        _ => return None,
    })
}

fn breaker(key: &str, breaker: &Breaker) -> Option<Found> {
    Some(match key {
        "open-for" => match breaker.open_for.value {
            OpenFor::Fixed(fixed) => time(fixed),
            // Drawn up to a tenth shorter or longer.
            OpenFor::Doubling { first, last } => (
                Actual::Number(
                    first.as_nanos().saturating_mul(9) / 10,
                    last.as_nanos().saturating_mul(11) / 10,
                ),
                breaker.open_for.value.to_string(),
            ),
        },
        "probes" => number(breaker.probes.value, breaker.probes.value),
        "counts" => list(&breaker.counts.value),
        "trips-within" => bound(derived::trips_within(breaker).unwrap_or(Duration::MAX)),
        _ => {
            let (key, part) = key.split_once('.').unwrap_or((key, ""));
            let rule = breaker.rules.iter().map(|rule| rule.value).find(|rule| rule.key() == key);
            // A rule that is not there never trips, however much fails.
            rule.map_or((Actual::Endless, "off".to_owned()), |rule| trips(rule, part))
        }
    })
}

fn trips(rule: TripRule, part: &str) -> Found {
    match (rule, part) {
        (TripRule::Failures { within, .. } | TripRule::FailureRate { within, .. }, "within") => {
            time(within)
        }
        (TripRule::Failures { count, .. } | TripRule::ConsecutiveFailures { count }, _) => {
            number(count, count)
        }
        (TripRule::FailureRate { samples, .. }, "samples") => number(samples, samples),
        (TripRule::FailureRate { ratio, .. }, _) | (TripRule::Slow { ratio, .. }, "share") => {
            share(ratio)
        }
        (TripRule::Slow { threshold, .. }, _) => time(threshold),
    }
}

fn share(share: Percent) -> Found {
    number(share.parts_per_million(), share)
}

/// In billionths, as guardrails are compared.
fn per_second(rate: Rate) -> u128 {
    let per = u128::from(rate.per.as_secs().max(1));
    u128::from(rate.count) * 1_000_000_000 / per
}

/// A rule that trips a breaker for failures, or the breaker itself.
fn rules(effective: &Effective<'_>) -> Option<Span> {
    let rules = ["consecutive-failures", "failures", "failure-rate"];
    let written = rules.iter().find_map(|rule| written(effective, Group::Breaker, rule));
    written.or_else(|| switched(effective, Group::Breaker))
}

/// The statement that causes the value.
fn call_span(path: &str, effective: &Effective<'_>) -> Option<Span> {
    let retry =
        |key| written(effective, Group::Retry, key).or_else(|| switched(effective, Group::Retry));
    let (group, key) = path.split_once('.').unwrap_or((path, ""));
    let group = match group {
        "timeout" => Group::Timeout,
        "retry" => Group::Retry,
        "breaker" if key == "trips-within" => return rules(effective),
        "breaker" => Group::Breaker,
        "fallback" => Group::Fallback,
        "correlation-id" => Group::CorrelationId,
        "trace" => Group::Trace,
        "worst-latency" => return written(effective, Group::Timeout, "total"),
        "amplification" => return retry("attempts"),
        "replay-memory" => return retry("buffer"),
        _ => return None,
    };
    if key.is_empty() {
        return switched(effective, group);
    }
    let key = key.split('.').next().unwrap_or(key);
    effective
        .fields(group)
        .find(|(name, _)| *name == key)
        .map(|(_, field)| field.node.statement.args_span())
}
