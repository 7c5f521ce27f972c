//! The policies of one upstream or route, out of its layers.

use std::time::Duration;

use super::language::language;
use super::{Cx, reply, values};
use crate::plan::{
    Backoff, BackoffKind, Breaker, BreakerScope, Budget, HeaderEdit, HeaderOp, NonIdempotent,
    OpenFor, Place, Protocol, Retry, RetryAfter, Settings, Sourced, Timeout, Total, TripRule,
};
use crate::resolve::{Effective, Field, Group};
use crate::syntax::ast::Value;

/// Stands in for a `total` that is missing; the policy is refused then.
pub(crate) const NO_TOTAL: Total = Total::Fixed(Duration::MAX);
const SLOW_SAMPLES: u32 = 20;
const SLOW_WITHIN: Duration = Duration::from_secs(10);

/// What `off` can stand behind, with its name.
const CAN_BE_OFF: [(Group, &str); 5] = [
    (Group::Trace, "trace"),
    (Group::CorrelationId, "correlation-id"),
    (Group::Retry, "retry"),
    (Group::Breaker, "breaker"),
    (Group::Fallback, "fallback"),
];

struct Reader<'a, 'n, 'p> {
    cx: &'a Cx<'n, 'p>,
    effective: &'a Effective<'n>,
    protocol: Protocol,
}

/// `None`: see [`language`].
pub(super) fn settings(
    cx: &Cx<'_, '_>,
    effective: &Effective<'_>,
    protocol: Protocol,
) -> Option<Settings> {
    let reader = Reader { cx, effective, protocol };
    Some(Settings {
        timeout: reader.timeout()?,
        retry: reader.retry()?,
        breaker: reader.breaker()?,
        request_headers: effective.request_edits().flat_map(|field| reader.edits(field)).collect(),
        response_headers: effective
            .response_edits()
            .flat_map(|field| reader.edits(field))
            .collect(),
        correlation_id: reader.group(Group::CorrelationId, |field| {
            Some(values::text(field.node.values().first()?)?.to_ascii_lowercase())
        }),
        trace: reader.group(Group::Trace, |_| Some(())),
        fallback: reader.group(Group::Fallback, |field| reply::reply(field.node)),
        off: reader.off(),
    })
}

/// What holds where nobody says anything, with every block switched on.
pub(super) fn of_language(cx: &Cx<'_, '_>, protocol: Protocol) -> Option<Settings> {
    let effective = &Effective::default();
    let reader = Reader { cx, effective, protocol };
    let (place, docs) = (Place { file: 0, line: 1, column: 1 }, Vec::new());
    let timeout = Timeout { total: Sourced::language(Total::Off), ..reader.timeout()? };
    Some(Settings {
        timeout,
        retry: Some(reader.retry_at(place, docs.clone())?),
        breaker: Some(reader.breaker_at(place, docs)?),
        ..settings(cx, effective, protocol)?
    })
}

/// The only settings that apply to a connection of bytes.
pub(super) fn of_bytes(cx: &Cx<'_, '_>, effective: &Effective<'_>) -> Option<Settings> {
    // Which of them, no setting asks.
    let reader = Reader { cx, effective, protocol: Protocol::Tcp };
    let timeout =
        Timeout { total: Sourced::language(Total::Off), per_try: None, ..reader.timeout()? };
    Some(Settings {
        timeout,
        retry: None,
        breaker: reader.breaker()?,
        request_headers: Vec::new(),
        response_headers: Vec::new(),
        correlation_id: None,
        trace: None,
        fallback: None,
        off: reader.off(),
    })
}

impl Reader<'_, '_, '_> {
    fn sourced<T>(&self, field: &Field<'_>, value: T) -> Sourced<T> {
        Sourced::written(value, field.layer.clone(), self.cx.place(field.node))
    }

    fn off(&self) -> Vec<Sourced<&'static str>> {
        let field = |(group, name)| Some((name, self.effective.switched_off(group)?));
        let fields = CAN_BE_OFF.into_iter().filter_map(field);
        fields.map(|(name, field)| self.sourced(field, name)).collect()
    }

    fn group<T>(&self, group: Group, read: impl Fn(&Field<'_>) -> Option<T>) -> Option<Sourced<T>> {
        let field = self.effective.on(group).filter(|field| field.node.sound)?;
        read(field).map(|value| self.sourced(field, value))
    }

    fn written<T>(
        &self,
        group: Group,
        key: &'static str,
        read: impl Fn(&[&Value]) -> Option<T>,
    ) -> Option<Sourced<T>> {
        let field = self.effective.get(group, key).filter(|field| field.node.sound)?;
        read(&field.node.values()).map(|value| self.sourced(field, value))
    }

    /// What is written, or else what the language says.
    fn or<T>(
        &self,
        group: Group,
        key: &'static str,
        read: impl Fn(&[&Value]) -> Option<T>,
    ) -> Option<Sourced<T>> {
        self.written(group, key, &read)
            .or_else(|| language(group.scope()?, key, self.protocol, &read))
    }

    fn timeout(&self) -> Option<Timeout> {
        let group = Group::Timeout;
        let total = self.written(group, "total", total);
        Some(Timeout {
            overlays: self.effective.overlays(group),
            total: total.unwrap_or(Sourced::language(NO_TOTAL)),
            per_try: self.written(group, "per-try", one_duration),
            connect: self.or(group, "connect", one_duration)?,
            idle: self.or(group, "idle", one_duration)?,
        })
    }

    /// `Some(None)`: no call is repeated.
    fn retry(&self) -> Option<Option<Retry>> {
        let group = Group::Retry;
        let Some(field) = self.effective.on(group) else { return Some(None) };
        self.retry_at(self.cx.place(field.node), field.node.statement.docs.clone()).map(Some)
    }

    fn retry_at(&self, place: Place, docs: Vec<String>) -> Option<Retry> {
        let group = Group::Retry;
        Some(Retry {
            place,
            docs,
            overlays: self.effective.overlays(group),
            attempts: self.or(group, "attempts", |values| values::count(values.first()?))?,
            on: self.or(group, "on", values::causes)?,
            methods: self.or(group, "methods", values::methods)?,
            non_idempotent: self.or(group, "non-idempotent", non_idempotent)?,
            backoff: self.or(group, "backoff", backoff)?,
            retry_after: self.or(group, "retry-after", retry_after)?,
            budget: self.or(group, "budget", budget)?,
            buffer: self.or(group, "buffer", |values| values::size(values.first()?))?,
        })
    }

    /// `Some(None)`: there is none.
    fn breaker(&self) -> Option<Option<Breaker>> {
        let group = Group::Breaker;
        let Some(field) = self.effective.on(group) else { return Some(None) };
        self.breaker_at(self.cx.place(field.node), field.node.statement.docs.clone()).map(Some)
    }

    fn breaker_at(&self, place: Place, docs: Vec<String>) -> Option<Breaker> {
        let group = Group::Breaker;
        Some(Breaker {
            place,
            docs,
            overlays: self.effective.overlays(group),
            rules: self.rules()?,
            open_for: self.or(group, "open-for", open_for)?,
            probes: self.or(group, "probes", |values| values::count(values.first()?))?,
            scope: match self.effective.breaker_in_route {
                true => BreakerScope::Route,
                false => BreakerScope::Upstream,
            },
            counts: self.or(group, "counts", values::causes)?,
        })
    }

    /// Those that are written, or else the language's only one.
    fn rules(&self) -> Option<Vec<Sourced<TripRule>>> {
        let keys = ["failures", "consecutive-failures", "failure-rate", "slow"];
        let read = |key| self.written(Group::Breaker, key, |values| rule(key, values));
        let rules: Vec<_> = keys.into_iter().filter_map(read).collect();
        match rules.is_empty() {
            true => {
                let own = self.or(Group::Breaker, "failures", |values| rule("failures", values))?;
                Some(vec![own])
            }
            false => Some(rules),
        }
    }

    fn edits(&self, field: &Field<'_>) -> Vec<Sourced<HeaderEdit>> {
        if !field.node.sound {
            return Vec::new();
        }
        let values = field.node.values();
        let edits = match field.node.key() {
            "remove" => values::header_names(&values)
                .into_iter()
                .flatten()
                .map(|name| HeaderEdit { op: HeaderOp::Remove, name })
                .collect(),
            key => edit(key, &values).into_iter().collect::<Vec<_>>(),
        };
        edits.into_iter().map(|edit| self.sourced(field, edit)).collect()
    }
}

fn edit(key: &str, values: &[&Value]) -> Option<HeaderEdit> {
    let [name, value] = values else { return None };
    let value = values::header_value(value)?;
    let op = match key {
        "set" => HeaderOp::Set(value),
        "add" => HeaderOp::Add(value),
        _ => HeaderOp::Default(value),
    };
    Some(HeaderEdit { op, name: values::text(name)?.to_ascii_lowercase() })
}

fn one_duration(values: &[&Value]) -> Option<Duration> {
    values::duration(values.first()?)
}

fn total(values: &[&Value]) -> Option<Total> {
    match values {
        [value] if values::word(value) == Some("off") => Some(Total::Off),
        [value] => values::duration(value).map(Total::Fixed),
        [_, _, max] => values::duration(max).map(|max| Total::Deadline { max }),
        _ => None,
    }
}

fn backoff(values: &[&Value]) -> Option<Backoff> {
    let [kind, times] = values else { return None };
    let kind = match values::word(kind)? {
        "full-jitter" => BackoffKind::FullJitter,
        "equal-jitter" => BackoffKind::EqualJitter,
        _ => {
            let base = values::duration(times)?;
            return Some(Backoff { kind: BackoffKind::Fixed, base, cap: base });
        }
    };
    let (base, cap) = values::durations(times)?;
    Some(Backoff { kind, base, cap })
}

fn non_idempotent(values: &[&Value]) -> Option<NonIdempotent> {
    match values {
        [_] => Some(NonIdempotent::Never),
        [_, header] => values::header_call(header).map(NonIdempotent::WhenHeader),
        [_, _, because] => values::text(because)
            .map(|because| NonIdempotent::Always { because: because.to_owned() }),
        _ => None,
    }
}

fn retry_after(values: &[&Value]) -> Option<RetryAfter> {
    match values {
        [_] => Some(RetryAfter::Ignore),
        [.., up_to] => values::duration(up_to).map(|up_to| RetryAfter::Honour { up_to }),
        [] => None,
    }
}

fn budget(values: &[&Value]) -> Option<Budget> {
    match values {
        [ratio, _, floor] => {
            Some(Budget { ratio: values::percent(ratio)?, floor: values::rate(floor)? })
        }
        _ => None,
    }
}

fn open_for(values: &[&Value]) -> Option<OpenFor> {
    let value = values.first()?;
    match values::durations(value) {
        Some((first, last)) => Some(OpenFor::Doubling { first, last }),
        None => values::duration(value).map(OpenFor::Fixed),
    }
}

fn rule(key: &str, values: &[&Value]) -> Option<TripRule> {
    match (key, values) {
        ("failures", [count, _, within]) => Some(TripRule::Failures {
            count: values::count(count)?,
            within: values::duration(within)?,
        }),
        ("consecutive-failures", [count]) => {
            Some(TripRule::ConsecutiveFailures { count: values::count(count)? })
        }
        ("failure-rate", [ratio, _, samples, _, within]) => Some(TripRule::FailureRate {
            ratio: values::percent(ratio)?,
            samples: values::count(samples)?,
            within: values::duration(within)?,
        }),
        ("slow", [threshold, _, ratio]) => Some(TripRule::Slow {
            threshold: values::duration(threshold)?,
            ratio: values::percent(ratio)?,
            samples: SLOW_SAMPLES,
            within: SLOW_WITHIN,
        }),
        _ => None,
    }
}
