//! Does a new value allow more or less than the old one?
//!
//! A value allows less if it spares the upstream or the caller's patience. Where that is unclear, the
//! value has merely changed.

use std::cmp::Ordering;
use std::net::SocketAddr;

use super::Kind;
use crate::plan::{
    Backoff, BackoffKind, Budget, NonIdempotent, OpenFor, Require, RetryAfter, SettingValue,
    Settings, TripRule,
};

/// The kind of a change from one value to another of the same setting.
pub(super) fn settings(path: &str, old: &Settings, new: &Settings) -> Kind {
    match (named(path, old), named(path, new)) {
        (Some(old), Some(new)) => value(path, old, new),
        _ => Kind::Changed,
    }
}

fn named<'s>(path: &str, settings: &'s Settings) -> Option<SettingValue<'s>> {
    let mut fields = settings.fields().into_iter();
    fields.find(|setting| setting.path() == path).map(|setting| setting.value)
}

fn value(path: &str, old: SettingValue<'_>, new: SettingValue<'_>) -> Kind {
    use SettingValue::{
        Backoff, Budget, Causes, Count, Methods, NonIdempotent, OpenFor, RetryAfter, Rule, Size,
        Time, Total,
    };
    match (old, new) {
        (Total(old), Total(new)) => less(old.limit().cmp(&new.limit())),
        (Time(old), Time(new)) => less(old.cmp(&new)),
        (Count(old), Count(new)) => less(old.cmp(&new)),
        (Size(old), Size(new)) => less(old.cmp(&new)),
        (Causes(old), Causes(new)) if path == "breaker.counts" => more(old, new),
        (Causes(old), Causes(new)) => fewer(old, new),
        (Methods(old), Methods(new)) => fewer(old, new),
        (NonIdempotent(old), NonIdempotent(new)) => less(daring(old).cmp(&daring(new))),
        (Backoff(old), Backoff(new)) => backoff(old, new),
        (RetryAfter(old), RetryAfter(new)) => retry_after(old, new),
        (Budget(old), Budget(new)) => budget(old, new),
        (OpenFor(old), OpenFor(new)) => open_for(old, new),
        (Rule(old), Rule(new)) => rule(old, new),
        _ => Kind::Changed,
    }
}

/// The kind of a setting that came or went: its absence has a meaning to compare with.
pub(super) fn presence(path: &str, kind: Kind) -> Kind {
    let (added, removed) = match path {
        "retry" => (Kind::Weakened, Kind::Tightened),
        "breaker" | "baseline" | "timeout.per-try" | "access-log.redact" => {
            (Kind::Tightened, Kind::Weakened)
        }
        "access-log.headers" => (Kind::Weakened, Kind::Tightened),
        _ if is_protection(path) => (Kind::Tightened, Kind::Weakened),
        _ => (Kind::Added, Kind::Removed),
    };
    match kind {
        Kind::Added => added,
        Kind::Removed => removed,
        _ => kind,
    }
}

/// One more rule that opens a breaker; a field that is kept from the other side.
fn is_protection(path: &str) -> bool {
    path.starts_with("breaker.") || (path.starts_with("headers.") && path.ends_with(".remove"))
}

/// Who can reach a listener: this machine, or others as well.
pub(super) fn exposure(old: SocketAddr, new: SocketAddr) -> Kind {
    match (old.ip().is_loopback(), new.ip().is_loopback()) {
        (true, false) => Kind::Weakened,
        (false, true) => Kind::Tightened,
        _ => Kind::Changed,
    }
}

/// Two bounds of the same `require`.
pub(super) fn require(old: &Require, new: &Require) -> Kind {
    match (new.operator.as_str(), old.bound, new.bound) {
        ("<" | "<=", Some(old), Some(new)) => less(old.cmp(&new)),
        (">" | ">=", Some(old), Some(new)) => less(new.cmp(&old)),
        ("in", ..) if !new.words.is_empty() => fewer(&old.words, &new.words),
        ("has", ..) => more(&old.words, &new.words),
        _ => Kind::Changed,
    }
}

/// Fewer names in a list allow less; a list with other names is just another one.
pub(super) fn fewer<T: PartialEq>(old: &[T], new: &[T]) -> Kind {
    let (lost, gained) = (!is_within(old, new), !is_within(new, old));
    match (lost, gained) {
        (true, false) => Kind::Tightened,
        (false, true) => Kind::Weakened,
        _ => Kind::Changed,
    }
}

/// More of something is tighter: failures that count, names that are redacted.
pub(super) fn more<T: PartialEq>(old: &[T], new: &[T]) -> Kind {
    fewer(new, old)
}

fn is_within<T: PartialEq>(some: &[T], all: &[T]) -> bool {
    some.iter().all(|one| all.contains(one))
}

/// A smaller new value is tighter; `order` compares the old with the new.
const fn less(order: Ordering) -> Kind {
    match order {
        Ordering::Greater => Kind::Tightened,
        Ordering::Less => Kind::Weakened,
        Ordering::Equal => Kind::Changed,
    }
}

const fn daring(rule: &NonIdempotent) -> u8 {
    match rule {
        NonIdempotent::Never => 0,
        NonIdempotent::WhenHeader(_) => 1,
        NonIdempotent::Always { .. } => 2,
    }
}

/// Waits without jitter come all at once; otherwise longer waits spare the upstream.
fn backoff(old: Backoff, new: Backoff) -> Kind {
    match (old.kind, new.kind) {
        (from, to) if from == to => both(new.base.cmp(&old.base), new.cap.cmp(&old.cap)),
        (_, BackoffKind::Fixed) => Kind::Weakened,
        (BackoffKind::Fixed, _) => Kind::Tightened,
        _ => Kind::Changed,
    }
}

fn retry_after(old: RetryAfter, new: RetryAfter) -> Kind {
    match (old, new) {
        (RetryAfter::Ignore, RetryAfter::Honour { .. }) => Kind::Tightened,
        (RetryAfter::Honour { .. }, RetryAfter::Ignore) => Kind::Weakened,
        _ => Kind::Changed,
    }
}

fn budget(old: Budget, new: Budget) -> Kind {
    let floor = |budget: Budget| {
        f64::from(budget.floor.count) / budget.floor.per.as_secs_f64().max(f64::MIN_POSITIVE)
    };
    both(old.ratio.cmp(&new.ratio), floor(old).total_cmp(&floor(new)))
}

/// A longer rest spares the upstream.
fn open_for(old: OpenFor, new: OpenFor) -> Kind {
    let ends = |open: OpenFor| match open {
        OpenFor::Fixed(time) => (time, time),
        OpenFor::Doubling { first, last } => (first, last),
    };
    let ((first, last), (to_first, to_last)) = (ends(old), ends(new));
    both(to_first.cmp(&first), to_last.cmp(&last))
}

/// A rule that trips sooner is tighter.
fn rule(old: TripRule, new: TripRule) -> Kind {
    use TripRule::{ConsecutiveFailures, FailureRate, Failures, Slow};
    match (old, new) {
        (ConsecutiveFailures { count: old }, ConsecutiveFailures { count: new }) => {
            less(old.cmp(&new))
        }
        (Failures { count, within }, Failures { count: to_count, within: to_within }) => {
            both(count.cmp(&to_count), to_within.cmp(&within))
        }
        (
            FailureRate { ratio, samples, within },
            FailureRate { ratio: to_ratio, samples: to_samples, within: to_within },
        ) if within == to_within => both(ratio.cmp(&to_ratio), samples.cmp(&to_samples)),
        (Slow { threshold, ratio, .. }, Slow { threshold: to_threshold, ratio: to_ratio, .. }) => {
            both(threshold.cmp(&to_threshold), ratio.cmp(&to_ratio))
        }
        _ => Kind::Changed,
    }
}

/// A setting with two sides is tighter only if neither side is weaker.
fn both(one: Ordering, other: Ordering) -> Kind {
    match (one, other) {
        (Ordering::Equal, only) | (only, Ordering::Equal) => less(only),
        (one, other) if one == other => less(one),
        _ => Kind::Changed,
    }
}
