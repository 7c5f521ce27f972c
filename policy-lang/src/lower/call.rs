//! The policies of one upstream or route, out of its layers.

use std::time::Duration;

use super::{Cx, reply, values};
use crate::plan::{
    Backoff, BackoffKind, Breaker, BreakerScope, Budget, Cause, CodeRange, GrpcCode, HeaderEdit,
    HeaderOp, Method, NonIdempotent, OpenFor, Percent, Protocol, Rate, Retry, RetryAfter, Settings,
    Sourced, Timeout, Total, TripRule,
};
use crate::resolve::{Effective, Field, Group};
use crate::syntax::ast::Value;

/// Stands in for a `total` that is missing; the policy is refused then.
pub(crate) const NO_TOTAL: Total = Total::Fixed(Duration::MAX);
const SLOW_SAMPLES: u32 = 20;
const SLOW_WITHIN: Duration = Duration::from_secs(10);

struct Reader<'a, 'n, 'p> {
    cx: &'a Cx<'n, 'p>,
    effective: &'a Effective<'n>,
    protocol: Protocol,
}

pub(super) fn settings(cx: &Cx<'_, '_>, effective: &Effective<'_>, protocol: Protocol) -> Settings {
    let reader = Reader { cx, effective, protocol };
    Settings {
        timeout: reader.timeout(),
        retry: reader.retry(),
        breaker: reader.breaker(),
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
    }
}

/// The only settings that apply to a connection of bytes.
pub(super) fn of_bytes(cx: &Cx<'_, '_>, effective: &Effective<'_>) -> Settings {
    // Which of them, no setting asks.
    let reader = Reader { cx, effective, protocol: Protocol::Tcp };
    let timeout =
        Timeout { total: Sourced::language(Total::Off), per_try: None, ..reader.timeout() };
    Settings {
        timeout,
        retry: None,
        breaker: reader.breaker(),
        request_headers: Vec::new(),
        response_headers: Vec::new(),
        correlation_id: None,
        trace: None,
        fallback: None,
    }
}

impl Reader<'_, '_, '_> {
    fn sourced<T>(&self, field: &Field<'_>, value: T) -> Sourced<T> {
        Sourced::written(value, field.layer.clone(), self.cx.place(field.node))
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

    fn or<T>(
        &self,
        group: Group,
        key: &'static str,
        read: impl Fn(&[&Value]) -> Option<T>,
        default: T,
    ) -> Sourced<T> {
        self.written(group, key, read).unwrap_or(Sourced::language(default))
    }

    fn timeout(&self) -> Timeout {
        let time =
            |key, seconds| self.or(Group::Timeout, key, one_duration, Duration::from_secs(seconds));
        Timeout {
            total: self.or(Group::Timeout, "total", total, NO_TOTAL),
            per_try: self.written(Group::Timeout, "per-try", one_duration),
            connect: time("connect", 1),
            idle: time("idle", 300),
        }
    }

    fn retry(&self) -> Option<Retry> {
        let field = self.effective.on(Group::Retry)?;
        let group = Group::Retry;
        Some(Retry {
            place: self.cx.place(field.node),
            docs: field.node.statement.docs.clone(),
            attempts: self.or(group, "attempts", |values| values::count(values.first()?), 3),
            on: self.or(group, "on", values::causes, default_on(self.protocol)),
            methods: self.or(
                group,
                "methods",
                values::methods,
                vec![Method::Get, Method::Head, Method::Options, Method::Trace],
            ),
            non_idempotent: self.or(group, "non-idempotent", non_idempotent, NonIdempotent::Never),
            backoff: self.or(group, "backoff", backoff, DEFAULT_BACKOFF),
            retry_after: self.or(
                group,
                "retry-after",
                retry_after,
                RetryAfter::Honour { up_to: Duration::from_secs(5) },
            ),
            budget: self.or(group, "budget", budget, DEFAULT_BUDGET),
            buffer: self.or(group, "buffer", |values| values::size(values.first()?), 64 * 1024),
        })
    }

    fn breaker(&self) -> Option<Breaker> {
        let field = self.effective.on(Group::Breaker)?;
        let group = Group::Breaker;
        Some(Breaker {
            place: self.cx.place(field.node),
            docs: field.node.statement.docs.clone(),
            rules: self.rules(),
            open_for: self.or(group, "open-for", open_for, OpenFor::Fixed(Duration::from_secs(30))),
            probes: self.or(group, "probes", |values| values::count(values.first()?), 1),
            scope: match self.effective.breaker_in_route {
                true => BreakerScope::Route,
                false => BreakerScope::Upstream,
            },
            counts: self.or(group, "counts", values::causes, default_counts(self.protocol)),
        })
    }

    fn rules(&self) -> Vec<Sourced<TripRule>> {
        let keys = ["failures", "consecutive-failures", "failure-rate", "slow"];
        let read = |key| self.written(Group::Breaker, key, |values| rule(key, values));
        let rules: Vec<_> = keys.into_iter().filter_map(read).collect();
        match rules.is_empty() {
            true => vec![Sourced::language(TripRule::Failures {
                count: 5,
                within: Duration::from_secs(10),
            })],
            false => rules,
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

/// Every call of gRPC is a POST. By default a call that may have been carried out is not repeated.
fn default_on(protocol: Protocol) -> Vec<Cause> {
    let mut causes = vec![Cause::ConnectFailure, Cause::RefusedStream];
    if protocol != Protocol::Grpc {
        causes.extend([status(429, 429), status(503, 503)]);
    }
    causes
}

fn default_counts(protocol: Protocol) -> Vec<Cause> {
    let mut causes = vec![
        Cause::ConnectFailure,
        Cause::Reset,
        Cause::Timeout,
        status(500, 500),
        status(502, 504),
        status(506, 599),
    ];
    if protocol == Protocol::Grpc {
        use GrpcCode::{DataLoss, DeadlineExceeded, Internal, Unavailable};
        causes.extend([Unavailable, Internal, DataLoss, DeadlineExceeded].map(Cause::Grpc));
    }
    causes
}

const fn status(first: u16, last: u16) -> Cause {
    Cause::Status(CodeRange { first, last })
}

const DEFAULT_BACKOFF: Backoff = Backoff {
    kind: BackoffKind::FullJitter,
    base: Duration::from_millis(100),
    cap: Duration::from_secs(30),
};
const DEFAULT_BUDGET: Budget =
    Budget { ratio: Percent(200_000), floor: Rate { count: 1, per: Duration::from_secs(1) } };

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
