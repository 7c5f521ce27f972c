//! Which policies become types, and what each is based on.
//!
//! A policy is laid over others: the baseline's defaults, the file's, an upstream's, a route's, with named
//! policies between them. Each layer that says something is a type that says it, based on the type of
//! the layer below; the last base is the runtime's `Language`. So a layer is written once, whoever
//! builds on it, and a type shows what its place in the policy changes.

mod headers;
mod members;
mod owner;
mod tree;

pub(crate) use headers::{Edit, HeaderMembers};
pub(crate) use members::{BreakerMembers, One, RetryMembers, TimeoutMembers};
pub(crate) use owner::{Home, Owner};
pub(crate) use tree::{Layer, Tree};

use amb_policy_lang::plan::{Action, BreakerScope, Plan, Reply, Rewrite};
use proc_macro2::Ident;

use crate::calls::{Calls, UpstreamNames};
use crate::names::{Scope, pascal};
use crate::pipeline::{Filter, ORDER};
use owner::Claim;
use tree::Stated;

/// The types of all policies, each found by the calls that use it.
pub(crate) struct Parts<'a> {
    pub(crate) timeouts: Tree<TimeoutMembers<'a>>,
    pub(crate) retries: Tree<RetryMembers<'a>>,
    /// One type each state; others that these are based on.
    pub(crate) breakers: Tree<BreakerMembers<'a>>,
    pub(crate) headers: Tree<HeaderMembers<'a>>,
    pub(crate) correlation_ids: Tree<One<'a, String>>,
    pub(crate) fallbacks: Tree<One<'a, Reply>>,
    pub(crate) replies: Tree<One<'a, Reply>>,
    pub(crate) rewrites: Tree<One<'a, Rewrite>>,
    /// By index of the calls; none for connections of bytes.
    pub(crate) pipelines: Vec<Option<Pipeline>>,
}

/// What calls pass through. Each route has its own, so that a change of one leaves the others' lines alone.
pub(crate) struct Pipeline {
    pub(crate) name: Ident,
    /// In the order in which a call meets them.
    pub(crate) stages: Vec<Stage>,
    /// That of the upstream's other calls, if a route's calls pass the same.
    pub(crate) same_as: Option<Ident>,
}

/// One filter of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) filter: Filter,
    pub(crate) policy: Option<Ident>,
}

impl<'a> Parts<'a> {
    pub(crate) fn claim(
        scope: &mut Scope,
        plan: &'a Plan,
        calls: &[Calls<'a>],
        upstreams: &[UpstreamNames],
    ) -> Self {
        let mut claim = Claim { scope, plan, calls };
        let mut parts = Self {
            timeouts: Tree::grow(&mut claim, "Timeout", Stated::timeout, TimeoutMembers::of),
            retries: Tree::grow(&mut claim, "Retry", Stated::retry, RetryMembers::of),
            breakers: Tree::grow(&mut claim, "Breaker", Stated::breaker, BreakerMembers::of),
            headers: Tree::of_calls(&mut claim, "Headers", Stated::headers),
            correlation_ids: Tree::of_calls(&mut claim, "CorrelationId", |at, calls| {
                calls.settings.correlation_id.as_ref().map(|id| Stated::one(at, calls, id))
            }),
            fallbacks: Tree::of_calls(&mut claim, "Fallback", |at, calls| {
                let fallback = calls.settings.fallback.as_ref().filter(|_| calls.forwards());
                fallback.map(|fallback| Stated::one(at, calls, fallback))
            }),
            replies: Tree::of_calls(&mut claim, "Reply", |at, calls| match calls.action() {
                Some(Action::Respond(reply)) => Some(Stated::one(at, calls, reply)),
                _ => None,
            }),
            rewrites: Tree::of_calls(&mut claim, "Rewrite", |at, calls| match calls.action() {
                Some(Action::Forward { rewrite: Some(rewrite) }) => {
                    Some(Stated::one(at, calls, rewrite))
                }
                _ => None,
            }),
            pipelines: Vec::new(),
        };
        parts.pipelines = parts.pipelines(&mut claim, upstreams);
        parts
    }

    fn pipelines(
        &self,
        claim: &mut Claim<'_, '_, 'a>,
        upstreams: &[UpstreamNames],
    ) -> Vec<Option<Pipeline>> {
        let calls = claim.calls;
        let mut pipelines: Vec<Option<Pipeline>> = Vec::new();
        for (at, of) in calls.iter().enumerate() {
            let last = upstreams.get(of.home).map(|names| &names.unit);
            pipelines.push((!of.is_opaque()).then(|| Pipeline {
                name: claim.scope.claim(&pipeline_name(of), "Calls"),
                stages: self.stages(at, of, last),
                same_as: None,
            }));
        }
        let same: Vec<_> =
            calls.iter().enumerate().map(|(at, _)| same_as(calls, &pipelines, at)).collect();
        for (pipeline, same) in pipelines.iter_mut().zip(same) {
            pipeline.iter_mut().for_each(|pipeline| pipeline.same_as.clone_from(&same));
        }
        pipelines
    }

    /// What a call passes through, in the order in which it meets the filters.
    fn stages(&self, at: usize, calls: &Calls<'_>, upstream: Option<&Ident>) -> Vec<Stage> {
        let replies = self.replies.name(at).is_some();
        let stage = |filter| {
            let policy = match filter {
                Filter::Trace => {
                    let trace = calls.settings.trace.as_ref();
                    return trace.map(|_| Stage { filter, policy: None });
                }
                Filter::CorrelationId => self.correlation_ids.name(at),
                Filter::Headers => self.headers.name(at),
                Filter::Rewrite => self.rewrites.name(at),
                Filter::Fallback => self.fallbacks.name(at),
                Filter::Timeout => self.timeouts.name(at),
                Filter::Retry => self.retries.name(at),
                Filter::Breaker => self.breakers.name(at),
                Filter::Respond => self.replies.name(at),
                Filter::Forward => upstream.filter(|_| !replies),
            };
            policy.map(|policy| Stage { filter, policy: Some(policy.clone()) })
        };
        ORDER.into_iter().filter_map(stage).collect()
    }
}

fn pipeline_name(calls: &Calls<'_>) -> String {
    let upstream = pascal(&calls.upstream.name);
    let rest = calls.route.map_or_else(|| "Calls".to_owned(), |route| pascal(&route.name));
    upstream + &rest
}

/// The pipeline of the upstream's other calls, if a route has an equal one.
fn same_as(calls: &[Calls<'_>], pipelines: &[Option<Pipeline>], at: usize) -> Option<Ident> {
    let route = calls.get(at).filter(|calls| calls.route.is_some())?;
    let is_others = |other: &Calls<'_>| other.home == route.home && other.route.is_none();
    let others = calls.iter().position(is_others)?;
    let (own, others) = (pipelines.get(at)?.as_ref()?, pipelines.get(others)?.as_ref()?);
    (own.stages == others.stages).then(|| others.name.clone())
}

/// The name of a breaker's state: its upstream's, or that of a route which has one of its own.
pub(crate) fn state(calls: &Calls<'_>) -> Option<String> {
    let breaker = calls.settings.breaker.as_ref()?;
    if !calls.is_opaque() && !calls.forwards() {
        return None;
    }
    match breaker.scope {
        BreakerScope::Upstream => Some(calls.upstream.name.clone()),
        BreakerScope::Route => Some(calls.place()),
    }
}
