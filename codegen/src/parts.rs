//! Which policies become types, and which share one.
//!
//! Policies that are equal, including their origins, are one type. Its name says who owns it:
//! `DefaultsRetry` if no upstream or route had a say, `InteractiveRetry` if it came from
//! `policy interactive`, `PaymentRetry` if the upstream's own calls use it, otherwise
//! `PaymentChargeRetry` after the first route that does.

mod origins;
mod pool;

pub(crate) use pool::{Entry, Home, Pool};

use amb_policy_lang::plan::{
    Action, Breaker, BreakerScope, HeaderEdit, Reply, Retry, Rewrite, Sourced, Timeout,
};
use proc_macro2::Ident;

use crate::cx::{Calls, UpstreamNames};
use crate::names::{Scope, pascal};

/// The types of all policies, each pool indexed by the calls that use it.
pub(crate) struct Parts<'a> {
    pub(crate) timeouts: Pool<&'a Timeout>,
    pub(crate) retries: Pool<&'a Retry>,
    /// What breakers do, apart from who shares their state.
    pub(crate) specs: Pool<&'a Breaker>,
    /// One for each state.
    pub(crate) breakers: Pool<BreakerPart<'a>>,
    pub(crate) headers: Pool<HeadersPart<'a>>,
    pub(crate) correlation_ids: Pool<&'a Sourced<String>>,
    pub(crate) fallbacks: Pool<&'a Sourced<Reply>>,
    pub(crate) replies: Pool<&'a Sourced<Reply>>,
    pub(crate) rewrites: Pool<RewritePart<'a>>,
    pub(crate) pipelines: Pool<Vec<Stage>>,
    /// The names of the breakers' states, in the order of their ids.
    pub(crate) states: Vec<State<'a>>,
}

/// A breaker's state: of an upstream, or of one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State<'a> {
    pub(crate) upstream: &'a str,
    pub(crate) route: Option<&'a str>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BreakerPart<'a> {
    /// Index into [`Parts::states`].
    pub(crate) id: usize,
    pub(crate) breaker: &'a Breaker,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HeadersPart<'a> {
    pub(crate) request: &'a [Sourced<HeaderEdit>],
    pub(crate) response: &'a [Sourced<HeaderEdit>],
    /// The upstream, if an edit uses `upstream.name`: the type then belongs to this upstream.
    pub(crate) upstream: Option<&'a str>,
}

/// Captures depend on the `match` lines of the route, so routes never share a rewrite.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RewritePart<'a> {
    pub(crate) route: &'a amb_policy_lang::plan::Route,
    pub(crate) rewrite: &'a Sourced<Rewrite>,
}

/// One filter of a pipeline, outermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) filter: &'static str,
    pub(crate) policy: Option<Ident>,
}

impl<'a> Parts<'a> {
    pub(crate) fn claim(
        scope: &mut Scope,
        calls: &[Calls<'a>],
        upstreams: &[UpstreamNames],
    ) -> Self {
        let mut claim = Claim { scope, calls };
        let states = states(calls);
        let mut parts = Self {
            timeouts: claim
                .pool("Timeout", |calls| forwards(calls).then_some(&calls.settings.timeout)),
            retries: claim
                .pool("Retry", |calls| calls.settings.retry.as_ref().filter(|_| forwards(calls))),
            specs: claim.pool("BreakerSpec", breaker),
            breakers: claim.pool("Breaker", |calls| {
                let breaker = breaker(calls)?;
                let id = states.iter().position(|state| *state == state_of(calls, breaker))?;
                Some(BreakerPart { id, breaker })
            }),
            headers: claim.pool("Headers", HeadersPart::of),
            correlation_ids: claim
                .pool("CorrelationId", |calls| calls.settings.correlation_id.as_ref()),
            fallbacks: claim.pool("Fallback", |calls| {
                calls.settings.fallback.as_ref().filter(|_| forwards(calls))
            }),
            replies: claim.pool("Reply", |calls| match calls.action() {
                Some(Action::Respond(reply)) => Some(reply),
                _ => None,
            }),
            rewrites: claim.pool("Rewrite", |calls| match (calls.route, calls.action()) {
                (Some(route), Some(Action::Forward { rewrite: Some(rewrite) })) => {
                    Some(RewritePart { route, rewrite })
                }
                _ => None,
            }),
            pipelines: Pool::default(),
            states,
        };
        parts.pipelines = claim.pipelines(&parts, upstreams);
        parts
    }

    /// Is this breaker's text used by several states?
    pub(crate) fn shared_spec(&self, breaker: &Breaker) -> Option<&Entry<&'a Breaker>> {
        let states = self.breakers.iter().filter(|entry| entry.value.breaker == breaker).count();
        self.specs.iter().find(|entry| entry.value == breaker).filter(|_| states > 1)
    }

    /// What a call passes through, in the order in which it meets the filters.
    fn stages(&self, at: usize, calls: &Calls<'_>, upstreams: &[UpstreamNames]) -> Vec<Stage> {
        let stage = |filter, policy: Option<&Ident>| {
            policy.map(|policy| Stage { filter, policy: Some(policy.clone()) })
        };
        let trace = calls.settings.trace.as_ref().map(|_| Stage { filter: "Trace", policy: None });
        let last = upstreams.get(calls.home).map(|names| &names.unit);
        let respond = self.replies.name(at);
        [
            trace,
            stage("CorrelationId", self.correlation_ids.name(at)),
            stage("Headers", self.headers.name(at)),
            stage("Rewrite", self.rewrites.name(at)),
            stage("Fallback", self.fallbacks.name(at)),
            stage("Timeout", self.timeouts.name(at)),
            stage("Retry", self.retries.name(at)),
            stage("Breaker", self.breakers.name(at)),
            stage("Respond", respond),
            stage("Forward", last.filter(|_| respond.is_none())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl<'a> HeadersPart<'a> {
    fn of(calls: &Calls<'a>) -> Option<Self> {
        let (request, response) =
            (&calls.settings.request_headers[..], &calls.settings.response_headers[..]);
        let edits = || request.iter().chain(response);
        let names_upstream = edits().any(|edit| origins::names_upstream(&edit.value));
        let upstream = names_upstream.then_some(calls.upstream.name.as_str());
        (edits().next().is_some()).then_some(Self { request, response, upstream })
    }
}

/// Does the call use the network?
fn forwards(calls: &Calls<'_>) -> bool {
    !calls.is_opaque() && !matches!(calls.action(), Some(Action::Respond(_)))
}

fn breaker<'a>(calls: &Calls<'a>) -> Option<&'a Breaker> {
    calls.settings.breaker.as_ref().filter(|_| calls.is_opaque() || forwards(calls))
}

fn state_of<'a>(calls: &Calls<'a>, breaker: &Breaker) -> State<'a> {
    let route = calls.route.map(|route| route.name.as_str());
    let own = route.filter(|_| breaker.scope == BreakerScope::Route);
    State { upstream: &calls.upstream.name, route: own }
}

/// Every state once, in the order of the calls.
fn states<'a>(calls: &[Calls<'a>]) -> Vec<State<'a>> {
    let mut states = Vec::new();
    for calls in calls {
        let state = breaker(calls).map(|breaker| state_of(calls, breaker));
        if let Some(state) = state.filter(|state| !states.contains(state)) {
            states.push(state);
        }
    }
    states
}

/// Gathers what calls use and names it.
struct Claim<'s, 'c, 'a> {
    scope: &'s mut Scope,
    calls: &'c [Calls<'a>],
}

impl<'a> Claim<'_, '_, 'a> {
    fn pool<V>(&mut self, kind: &str, value: impl Fn(&Calls<'a>) -> Option<V>) -> Pool<V>
    where
        V: PartialEq + origins::Origins,
    {
        let values = self.calls.iter().map(value).collect();
        Pool::gather(values, |value, users| {
            let home = self.home(value, users);
            let wanted = format!("{}{kind}", self.owner(value, users, &home));
            (self.scope.claim(&wanted, ""), home)
        })
    }

    fn pipelines(&mut self, parts: &Parts<'a>, upstreams: &[UpstreamNames]) -> Pool<Vec<Stage>> {
        let calls = self.calls.iter().enumerate();
        let stages = calls
            .map(|(at, calls)| (!calls.is_opaque()).then(|| parts.stages(at, calls, upstreams)))
            .collect();
        Pool::gather(stages, |_, users| {
            let first = users.first().and_then(|&user| self.calls.get(user));
            let home = first.map_or(Home::Shared, |calls| Home::Upstream(calls.home));
            let wanted = match self.upstream_level(users) {
                true => format!("{}Calls", self.first_name(users)),
                false => self.first_name(users),
            };
            (self.scope.claim(&wanted, "Calls"), home)
        })
    }

    fn home(&self, value: &impl origins::Origins, users: &[usize]) -> Home {
        let first = users.first().and_then(|&user| self.calls.get(user));
        match (value.owner(), first) {
            (origins::Owner::Scope, Some(calls)) => Home::Upstream(calls.home),
            _ => Home::Shared,
        }
    }

    fn owner(&self, value: &impl origins::Origins, users: &[usize], home: &Home) -> String {
        match (value.owner(), home) {
            (origins::Owner::Policy(name), _) => pascal(&name),
            (origins::Owner::Scope, Home::Upstream(_)) => self.first_name(users),
            _ => "Defaults".to_owned(),
        }
    }

    /// After the upstream if its own calls are among them, else after the first route.
    fn first_name(&self, users: &[usize]) -> String {
        let Some(calls) = users.first().and_then(|&user| self.calls.get(user)) else {
            return String::new();
        };
        let upstream = pascal(&calls.upstream.name);
        match calls.route.filter(|_| !self.upstream_level(users)) {
            Some(route) => format!("{upstream}{}", pascal(&route.name)),
            None => upstream,
        }
    }

    fn upstream_level(&self, users: &[usize]) -> bool {
        users.iter().filter_map(|&user| self.calls.get(user)).any(|calls| calls.route.is_none())
    }
}
