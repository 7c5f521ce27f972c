//! Is a new value at least as strict as the old one? The table of settings says which way.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Kind;
use crate::plan::{
    Backoff, BackoffKind, Cause, NonIdempotent, OpenFor, RetryAfter, SettingValue, Total, TripRule,
    derived,
};
use crate::schema::Order;

/// One of the things that a value says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grade {
    Number(u128),
    Set(BTreeSet<String>),
    Word(&'static str),
    /// Another text is another value, and that is all.
    Text(String),
}

/// What a value says, each under the key of its part of the setting; empty for the setting itself.
pub(super) type Grades = Vec<(&'static str, Grade)>;

/// `None`: they mean the same. What one side alone says is decided by what both say.
pub(super) fn kind(
    order: &impl Fn(&str) -> Order,
    old: &[(&'static str, Grade)],
    new: &[(&'static str, Grade)],
) -> Option<Kind> {
    let within = |old: &[(&str, Grade)], new: &[(&str, Grade)]| {
        let mut seen = std::collections::BTreeMap::new();
        new.iter().all(|(part, new)| {
            let at = seen.entry(*part).or_insert(0_usize);
            let before = old.iter().filter(|(other, _)| other == part).nth(*at);
            *at += 1;
            before.is_none_or(|(_, old)| is_within(order(part), old, new))
        })
    };
    let same = old.len() == new.len() && within(old, new) && within(new, old);
    match (same, order("") == Order::Place, within(old, new)) {
        (true, ..) => None,
        (_, true, _) => Some(Kind::Redirected),
        (_, _, true) => Some(Kind::Tightened),
        (_, _, false) => Some(Kind::Weakened),
    }
}

/// Something that comes or goes as a whole. A number that is not there is no bound.
pub(super) fn presence(order: Order, grades: &[(&'static str, Grade)], comes: bool) -> Kind {
    let bounds = matches!(grades, [(_, Grade::Number(_)), ..]);
    match (order, comes) {
        (Order::Place, _) => Kind::Redirected,
        (Order::Less, _) if bounds => presence(Order::More, &[], comes),
        (Order::More, true) | (Order::Less, false) => Kind::Tightened,
        _ => Kind::Weakened,
    }
}

fn is_within(order: Order, old: &Grade, new: &Grade) -> bool {
    let place = |words: &[&str], word: &str| words.iter().position(|known| *known == word);
    match (order, old, new) {
        (_, old, new) if old == new => true,
        (Order::Less, Grade::Number(old), Grade::Number(new)) => new <= old,
        (Order::More, Grade::Number(old), Grade::Number(new)) => new >= old,
        (Order::Less, Grade::Set(old), Grade::Set(new)) => new.is_subset(old),
        (Order::More, Grade::Set(old), Grade::Set(new)) => new.is_superset(old),
        (Order::Words(words), Grade::Word(old), Grade::Word(new)) => {
            matches!((place(words, old), place(words, new)), (Some(old), Some(new)) if new <= old)
        }
        _ => false,
    }
}

/// What a setting of a call says.
pub(super) fn grades(value: &SettingValue<'_>) -> Grades {
    let one = |grade| vec![("", grade)];
    let number = |value: u128| one(Grade::Number(value));
    match value {
        SettingValue::Present => one(Grade::Word("on")),
        SettingValue::Count(count) => number(u128::from(*count)),
        SettingValue::Size(bytes) => number(u128::from(*bytes)),
        SettingValue::Time(time) => number(time.as_nanos()),
        SettingValue::Total(total) => self::total(*total),
        SettingValue::Causes(causes) => one(Grade::Set(causes.iter().flat_map(cause).collect())),
        SettingValue::Methods(methods) => one(set(methods)),
        SettingValue::NonIdempotent(rule) => non_idempotent(rule),
        SettingValue::Backoff(backoff) => self::backoff(*backoff),
        SettingValue::RetryAfter(rule) => retry_after(*rule),
        SettingValue::Budget(budget) => vec![
            ("share", Grade::Number(u128::from(budget.ratio.parts_per_million()))),
            ("min", Grade::Number(per_hour(budget.floor))),
        ],
        SettingValue::Rule(rule) => self::rule(*rule),
        SettingValue::OpenFor(open) => open_for(*open),
        SettingValue::Name(_) | SettingValue::Edit(_) | SettingValue::Reply(_) => {
            one(Grade::Text(value.to_string()))
        }
    }
}

/// A list whose order and repetitions mean nothing.
pub(super) fn set<T: ToString>(values: &[T]) -> Grade {
    Grade::Set(values.iter().map(ToString::to_string).collect())
}

/// How long it is at the most, and whether a caller with less time is heard.
fn total(total: Total) -> Grades {
    let deaf = !matches!(total, Total::Deadline { .. });
    vec![("", Grade::Number(total.limit().as_nanos())), ("", Grade::Number(u128::from(deaf)))]
}

/// Statuses one by one, so that `5xx` holds `503`.
fn cause(cause: &Cause) -> Vec<String> {
    match cause {
        Cause::Status(codes) => (codes.first..=codes.last).map(|code| code.to_string()).collect(),
        other => vec![other.to_string()],
    }
}

fn non_idempotent(rule: &NonIdempotent) -> Grades {
    match rule {
        NonIdempotent::Never => vec![("", Grade::Word("never"))],
        NonIdempotent::WhenHeader(name) => {
            vec![("", Grade::Word("when")), ("field", Grade::Text(name.clone()))]
        }
        NonIdempotent::Always { .. } => vec![("", Grade::Word("always"))],
    }
}

/// The most failed tries that a wait can follow.
const WAITS: u32 = 9;

/// Kind and ends, and the mean of each wait: `full-jitter 1ms..1ms` spreads more than `fixed 1s`, and
/// spares nobody.
fn backoff(backoff: Backoff) -> Grades {
    let kind = match backoff.kind {
        BackoffKind::FullJitter => "full-jitter",
        BackoffKind::EqualJitter => "equal-jitter",
        BackoffKind::Fixed => "fixed",
    };
    let mut grades = vec![
        ("", Grade::Word(kind)),
        ("base", Grade::Number(backoff.base.as_nanos())),
        ("cap", Grade::Number(backoff.cap.as_nanos())),
    ];
    grades.extend((1..=WAITS).map(|k| {
        let window = derived::backoff_window(&backoff, k).as_nanos();
        let quarters = match backoff.kind {
            BackoffKind::FullJitter => 2,
            BackoffKind::EqualJitter => 3,
            BackoffKind::Fixed => 4,
        };
        ("base", Grade::Number(window.saturating_mul(quarters)))
    }));
    grades
}

/// Who is not listened to cannot ask for a long wait.
fn retry_after(rule: RetryAfter) -> Grades {
    let (word, up_to) = match rule {
        RetryAfter::Ignore => ("ignore", Duration::ZERO),
        RetryAfter::Honour { up_to } => ("honour", up_to),
    };
    vec![("", Grade::Word(word)), ("up-to", Grade::Number(up_to.as_nanos()))]
}

fn per_hour(rate: crate::plan::Rate) -> u128 {
    let hour = Duration::from_secs(3600).as_nanos();
    u128::from(rate.count).saturating_mul(hour) / rate.per.as_nanos().max(1)
}

fn rule(rule: TripRule) -> Grades {
    let count = |count: u32| Grade::Number(u128::from(count));
    let time = |time: Duration| Grade::Number(time.as_nanos());
    let share = |share: crate::plan::Percent| count(share.parts_per_million());
    match rule {
        TripRule::ConsecutiveFailures { count: failures } => vec![("", count(failures))],
        TripRule::Failures { count: failures, within } => {
            vec![("count", count(failures)), ("within", time(within))]
        }
        TripRule::FailureRate { ratio, samples, within } => {
            vec![("share", share(ratio)), ("samples", count(samples)), ("within", time(within))]
        }
        TripRule::Slow { threshold, ratio, .. } => {
            vec![("threshold", time(threshold)), ("share", share(ratio))]
        }
    }
}

/// Its ends as written, and the least that they can be: a range is drawn up to a tenth shorter.
fn open_for(open: OpenFor) -> Grades {
    let (first, last, least) = match open {
        OpenFor::Fixed(time) => (time, time, 10),
        OpenFor::Doubling { first, last } => (first, last, 9),
    };
    let tenths =
        |time: Duration, tenths: u128| ("", Grade::Number(time.as_nanos().saturating_mul(tenths)));
    vec![tenths(first, 10), tenths(last, 10), tenths(first, least), tenths(last, least)]
}
