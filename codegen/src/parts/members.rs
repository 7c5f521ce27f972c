//! The members of policies, as far as somebody wrote them.

use amb_policy_lang::plan::{
    Backoff, BreakerScope, Budget, Cause, Method, NonIdempotent, OpenFor, Origin, Protocol,
    RetryAfter, Settings, Sourced, Total, TripRule,
};

use super::owner::Owner;
use super::tree::{Layered, Root, Stated};
use crate::calls::Calls;

/// A struct of values that somebody wrote; `None` where a policy says nothing.
macro_rules! members {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: Option<&'a Sourced<$type>>,)*
        }

        impl Layered for $name<'_> {
            fn by(&self, owner: &Owner) -> Self {
                Self { $($field: self.$field.filter(|it| owner.wrote(&it.origin)),)* }
            }

            fn over(&self, base: &Self) -> Self {
                Self { $($field: self.$field.or(base.$field),)* }
            }

            fn is_same(&self, other: &Self) -> bool {
                true $(&& value(self.$field) == value(other.$field))*
            }

            fn is_empty(&self) -> bool {
                true $(&& self.$field.is_none())*
            }
        }
    };
}

fn value<T>(sourced: Option<&Sourced<T>>) -> Option<&T> {
    sourced.map(|sourced| &sourced.value)
}

members! {
    TimeoutMembers {
        total: Total,
        per_try: std::time::Duration,
        connect: std::time::Duration,
        idle: std::time::Duration,
    }
}

members! {
    RetryMembers {
        attempts: u32,
        on: Vec<Cause>,
        methods: Vec<Method>,
        non_idempotent: NonIdempotent,
        backoff: Backoff,
        retry_after: RetryAfter,
        budget: Budget,
        buffer: u64,
    }
}

members! {
    BreakerMembers {
        failures: TripRule,
        consecutive_failures: TripRule,
        failure_rate: TripRule,
        slow: TripRule,
        open_for: OpenFor,
        probes: u32,
        counts: Vec<Cause>,
    }
}

/// A policy that is one value.
#[derive(Clone, Debug)]
pub(crate) struct One<'a, T> {
    pub(crate) value: Option<&'a Sourced<T>>,
}

impl<T> Default for One<'_, T> {
    fn default() -> Self {
        Self { value: None }
    }
}

impl<T: Clone + PartialEq> Layered for One<'_, T> {
    fn by(&self, owner: &Owner) -> Self {
        Self { value: self.value.filter(|it| owner.wrote(&it.origin)) }
    }

    fn over(&self, base: &Self) -> Self {
        Self { value: self.value.or(base.value) }
    }

    fn is_same(&self, other: &Self) -> bool {
        value(self.value) == value(other.value)
    }

    fn is_empty(&self) -> bool {
        self.value.is_none()
    }
}

/// Not what the language says anyway.
fn written<T>(value: &Sourced<T>) -> Option<&Sourced<T>> {
    Some(value).filter(|value| value.origin != Origin::Language)
}

impl<'a> TimeoutMembers<'a> {
    /// All that somebody wrote.
    pub(super) fn of(settings: &'a Settings) -> Self {
        let timeout = &settings.timeout;
        Self {
            total: written(&timeout.total),
            per_try: timeout.per_try.as_ref(),
            connect: written(&timeout.connect),
            idle: written(&timeout.idle),
        }
    }
}

impl<'a> RetryMembers<'a> {
    /// All that somebody wrote.
    pub(super) fn of(settings: &'a Settings) -> Self {
        let Some(retry) = &settings.retry else { return Self::default() };
        Self {
            attempts: written(&retry.attempts),
            on: written(&retry.on),
            methods: written(&retry.methods),
            non_idempotent: written(&retry.non_idempotent),
            backoff: written(&retry.backoff),
            retry_after: written(&retry.retry_after),
            budget: written(&retry.budget),
            buffer: written(&retry.buffer),
        }
    }
}

impl<'a> BreakerMembers<'a> {
    /// All that somebody wrote.
    pub(super) fn of(settings: &'a Settings) -> Self {
        let Some(breaker) = &settings.breaker else { return Self::default() };
        let rule = |key: &str| {
            let mut rules = breaker.rules.iter().filter_map(written);
            rules.find(|rule| rule.value.key() == key)
        };
        Self {
            failures: rule("failures"),
            consecutive_failures: rule("consecutive-failures"),
            failure_rate: rule("failure-rate"),
            slow: rule("slow"),
            open_for: written(&breaker.open_for),
            probes: written(&breaker.probes),
            counts: written(&breaker.counts),
        }
    }
}

impl<'a> Stated<'a, TimeoutMembers<'a>> {
    pub(super) fn timeout(at: usize, calls: &Calls<'a>) -> Option<Self> {
        let timeout = &calls.settings.timeout;
        let requests = !calls.is_opaque();
        let written = TimeoutMembers::of(calls.settings);
        let members = match requests {
            true => written,
            // Bytes have neither of them, whatever layers say to calls.
            false => TimeoutMembers { total: None, per_try: None, ..written },
        };
        let stated = Self::new(Owner::path(&timeout.overlays, at, calls), members);
        match requests {
            true => Some(stated).filter(|_| calls.forwards()),
            false => Some(Self { amounts_to: TimeoutMembers::is_same_to_bytes, ..stated }),
        }
    }
}

impl TimeoutMembers<'_> {
    fn is_same_to_bytes(&self, other: &Self) -> bool {
        value(self.connect) == value(other.connect) && value(self.idle) == value(other.idle)
    }
}

impl<'a> Stated<'a, RetryMembers<'a>> {
    pub(super) fn retry(at: usize, calls: &Calls<'a>) -> Option<Self> {
        let retry = calls.settings.retry.as_ref().filter(|_| calls.forwards())?;
        let path = match calls.upstream.protocol.value {
            Protocol::Grpc => Owner::path_with_upstream(&retry.overlays, at, calls),
            _ => Owner::path(&retry.overlays, at, calls),
        };
        let root = Root::of(&path, calls);
        let on = written_or_grpc(&retry.on, root, calls);
        let members = RetryMembers { on, ..RetryMembers::of(calls.settings) };
        let last = retry.overlays.last().map(|overlay| Owner::of(&overlay.layer, at, calls));
        Some(Self { root, ..Self::new(path, members) }.with_docs(last, &retry.docs))
    }
}

impl<'a> Stated<'a, BreakerMembers<'a>> {
    pub(super) fn breaker(at: usize, calls: &Calls<'a>) -> Option<Self> {
        super::state(calls)?;
        let breaker = calls.settings.breaker.as_ref()?;
        let mut path = match (calls.upstream.protocol.value, breaker.scope) {
            (Protocol::Grpc, _) | (_, BreakerScope::Upstream) => {
                Owner::path_with_upstream(&breaker.overlays, at, calls)
            }
            (_, BreakerScope::Route) => Owner::path(&breaker.overlays, at, calls),
        };
        let root = Root::of(&path, calls);
        let whose = match breaker.scope {
            BreakerScope::Upstream => Owner::Upstream(calls.home),
            BreakerScope::Route => Owner::Calls(at),
        };
        if path.last() != Some(&whose) {
            path.push(whose);
        }
        let counts = written_or_grpc(&breaker.counts, root, calls);
        let members = BreakerMembers { counts, ..BreakerMembers::of(calls.settings) };
        let last = breaker.overlays.last().map(|overlay| Owner::of(&overlay.layer, at, calls));
        let stated = Self { root, has_state: true, ..Self::new(path, members) };
        Some(stated.with_docs(last, &breaker.docs))
    }
}

/// What the language says of gRPC, an upstream says itself if it builds on what others build on as well.
fn written_or_grpc<'a, T>(
    value: &'a Sourced<T>,
    root: Root,
    calls: &Calls<'_>,
) -> Option<&'a Sourced<T>> {
    let speaks_grpc = calls.upstream.protocol.value == Protocol::Grpc;
    if speaks_grpc && root == Root::Language { Some(value) } else { written(value) }
}

impl<'a, T: Clone + PartialEq> Stated<'a, One<'a, T>> {
    pub(super) fn one(at: usize, calls: &Calls<'a>, value: &'a Sourced<T>) -> Self {
        let path = match &value.origin {
            Origin::Written { layer, .. } => vec![Owner::of(layer, at, calls)],
            Origin::Language => Vec::new(),
        };
        Self::new(path, One { value: Some(value) })
    }
}
