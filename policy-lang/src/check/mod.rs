//! The rules of a policy, behind what the shape of its statements says.
//!
//! `size` looks at how much there is, `file` at files as a whole, `bytes` at upstreams that get no requests, `hosts`, `intercept`
//! and `routes` at who gets a call, `retry`, `bounds` and `breaker` at what can happen to it, `grpc`
//! at what only gRPC has, `keys` at which fields allow a retry, `guardrails` at what the organisation
//! demands, `in_force` at which demands those are. Each finding is reported at the value that
//! causes it, so that a value that many routes inherit causes one finding.

mod bounds;
mod breaker;
mod bytes;
mod compare;
mod file;
mod grpc;
mod guardrails;
mod headers;
mod hosts;
mod in_force;
mod intercept;
mod keys;
mod reading;
mod require;
mod retry;
mod routes;
mod size;
mod words;

pub(crate) use file::files;
pub(crate) use in_force::guardrails_in_force;
pub(crate) use require::check_requires;
pub(crate) use size::exceeded;

use crate::date::Date;
use crate::diagnostics::Diagnostic;
use crate::lower::{Call, Lowered};
use crate::plan::{Action, Route, Settings, Upstream};
use crate::resolve::{Applied, Effective, Group, Program};
use crate::span::Span;

/// Everything about the lowered policy.
pub(crate) fn policy(
    program: &Program<'_>,
    applied: Applied<'_, '_>,
    lowered: &Lowered<'_>,
    today: Option<Date>,
    found: &mut Vec<Diagnostic>,
) {
    headers::check(program, found);
    bytes::check(program, lowered, found);
    hosts::check(program, lowered, found);
    intercept::check(program, lowered, found);
    routes::check(lowered, found);
    grpc::check_lines(program, lowered, found);
    for call in forwarded(lowered) {
        breaker::check(&call, found);
        if !call.opaque {
            retry::check(&call, found);
            bounds::check(&call, found);
            grpc::check(&call, found);
        }
    }
    guardrails::check(program, applied, lowered, today, found);
}

/// A call that reaches for the network, with everything known about it.
struct Forwarded<'a, 'n> {
    call: &'a Call<'n>,
    settings: &'a Settings,
    upstream: &'a Upstream,
    route: Option<&'a Route>,
    /// It is a connection of bytes that nobody looks at.
    opaque: bool,
}

fn forwarded<'a, 'n>(lowered: &'a Lowered<'n>) -> impl Iterator<Item = Forwarded<'a, 'n>> {
    lowered.calls.iter().filter_map(|call| {
        let upstream = lowered.plan.upstreams.get(call.upstream)?;
        let route = call.route.and_then(|route| upstream.routes.get(route));
        let answered = route.is_some_and(|route| matches!(route.action, Action::Respond(_)));
        let opaque = upstream.protocol.value.is_opaque();
        let settings = call.settings(&lowered.plan)?;
        (!answered).then_some(Forwarded { call, settings, upstream, route, opaque })
    })
}

/// Where a value of a group is written; `None`: it is the language's default.
fn written(effective: &Effective<'_>, group: Group, key: &'static str) -> Option<Span> {
    effective.get(group, key).map(|field| field.node.statement.args_span())
}

/// Where the statement is that switched a group on.
fn switched(effective: &Effective<'_>, group: Group) -> Option<Span> {
    effective.get(group, "").map(|field| field.node.statement.head())
}
