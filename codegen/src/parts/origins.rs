//! Who wrote parts of a policy: that decides the name of its type and where it stands.

use std::collections::BTreeSet;

use amb_policy_lang::plan::{
    Breaker, HeaderEdit, HeaderOp, HeaderValue, Layer, Origin, Reply, Retry, Sourced, Timeout,
};

use super::{BreakerPart, HeadersPart, RewritePart};

/// Who owns a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// `defaults`: no upstream, route or named policy wrote any of it.
    Defaults,
    /// One named policy, on top of the defaults.
    Policy(String),
    /// An upstream or a route.
    Scope,
}

/// A policy whose values have origins.
pub(crate) trait Origins {
    fn origins(&self) -> Vec<&Origin>;

    /// Can only one upstream or route use it, whatever its origins?
    fn is_tied(&self) -> bool {
        false
    }

    fn owner(&self) -> Owner {
        let origins = self.origins();
        let below_policies = |origin: &&Origin| {
            matches!(origin, Origin::Written { layer: Layer::Upstream | Layer::Route, .. })
        };
        if self.is_tied() || origins.iter().any(below_policies) {
            return Owner::Scope;
        }
        let mut policies: BTreeSet<_> = origins.into_iter().filter_map(policy).collect();
        match (policies.pop_first(), policies.is_empty()) {
            (None, _) => Owner::Defaults,
            (Some(name), true) => Owner::Policy(name.to_owned()),
            (Some(_), false) => Owner::Scope,
        }
    }
}

fn policy(origin: &Origin) -> Option<&str> {
    match origin {
        Origin::Written { layer: Layer::Policy(name), .. } => Some(name),
        _ => None,
    }
}

impl Origins for &Timeout {
    fn origins(&self) -> Vec<&Origin> {
        let per_try = self.per_try.iter().map(|value| &value.origin);
        [&self.total.origin, &self.connect.origin, &self.idle.origin]
            .into_iter()
            .chain(per_try)
            .collect()
    }
}

impl Origins for &Retry {
    fn origins(&self) -> Vec<&Origin> {
        vec![
            &self.attempts.origin,
            &self.on.origin,
            &self.methods.origin,
            &self.non_idempotent.origin,
            &self.backoff.origin,
            &self.retry_after.origin,
            &self.budget.origin,
            &self.buffer.origin,
        ]
    }
}

impl Origins for &Breaker {
    fn origins(&self) -> Vec<&Origin> {
        let rules = self.rules.iter().map(|rule| &rule.origin);
        rules.chain([&self.open_for.origin, &self.probes.origin, &self.counts.origin]).collect()
    }
}

/// A state is always an upstream's or a route's.
impl Origins for BreakerPart<'_> {
    fn origins(&self) -> Vec<&Origin> {
        Vec::new()
    }

    fn is_tied(&self) -> bool {
        true
    }
}

impl Origins for HeadersPart<'_> {
    fn origins(&self) -> Vec<&Origin> {
        self.request.iter().chain(self.response).map(|edit| &edit.origin).collect()
    }

    fn is_tied(&self) -> bool {
        self.upstream.is_some()
    }
}

impl Origins for RewritePart<'_> {
    fn origins(&self) -> Vec<&Origin> {
        vec![&self.rewrite.origin]
    }

    fn is_tied(&self) -> bool {
        true
    }
}

impl Origins for &Sourced<String> {
    fn origins(&self) -> Vec<&Origin> {
        vec![&self.origin]
    }
}

impl Origins for &Sourced<Reply> {
    fn origins(&self) -> Vec<&Origin> {
        vec![&self.origin]
    }
}

/// Does the edit's value differ from upstream to upstream?
pub(crate) fn names_upstream(edit: &HeaderEdit) -> bool {
    match &edit.op {
        HeaderOp::Set(value) | HeaderOp::Add(value) | HeaderOp::Default(value) => {
            *value == HeaderValue::UpstreamName
        }
        HeaderOp::Remove => false,
    }
}
