//! One call under way: where it goes, how long it may take, what it has come to.

use std::time::Duration;

use super::attempt::TryEnd;
use super::breaker::Permit;
use super::grpc;
use super::head::Fields;
use super::routing::{self, Head, Target};
use super::scenario::{Course, Request};
use super::{Millis, millis};
use crate::plan::{self, BreakerScope, GrpcCode, Plan, Protocol, ScriptedReply, Settings, Total};

/// How calls that belong to no upstream are named.
pub(super) const OTHERWISE: &str = "otherwise";

/// The upstream, and the route if the state is its own.
pub(super) type BreakerKey = (usize, Option<usize>);

/// One call under way.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    pub(super) target: Target<'a>,
    pub(super) started: Millis,
    pub(super) deadline: Millis,
    /// The caller asked for less time than the policy allows.
    pub(super) hurried: bool,
    /// When its request is complete.
    pub(super) complete: Millis,
    /// What of its time the caller took, over all tries.
    pub(super) callers: Millis,
    pub(super) tries: u32,
    /// What its caller sent, but for what ends at this hop. Whatever a policy asks of a request, it asks here.
    pub(super) sent: Fields,
    /// What its upstream gets.
    pub(super) fields: Fields,
    pub(super) request_id: String,
    pub(super) permit: Option<Permit>,
    pub(super) ending: Option<TryEnd>,
    /// The last real response so far.
    pub(super) response: Option<TryEnd>,
    /// What the try that is waited for has cost of the budget, and when.
    pub(super) paid: Option<(u64, Millis)>,
    pub(super) ended: bool,
}

impl<'a> Call<'a> {
    /// A call that starts now, with its route found and its time bounded.
    pub(super) fn new(plan: &'a Plan, request: &'a Request, now: Millis) -> Self {
        // What `connection` names is no part of the message: no condition sees it.
        let mut fields = Fields::of(&request.headers);
        fields.strip_hop();
        let head = Head {
            method: &request.method,
            host: &request.host,
            target: &request.target,
            headers: &fields.0,
        };
        let mut call = Self {
            request,
            target: routing::route(plan, &head),
            started: now,
            deadline: Millis::MAX,
            hurried: false,
            complete: match request.course {
                Course::SlowCaller(later) if request.body > 0 => now.saturating_add(millis(later)),
                _ => now,
            },
            callers: 0,
            tries: 0,
            sent: fields.clone(),
            fields,
            request_id: String::new(),
            permit: None,
            ending: None,
            response: None,
            paid: None,
            ended: false,
        };
        // Names are not case-sensitive (RFC 9110 §4.2.3): they go on in lower case.
        let host = request.host.to_ascii_lowercase();
        call.sent.set("host", &host);
        if let Some(settings) = call.settings() {
            let (most, asked) = total(settings, &call.sent);
            let total = asked.map_or(most, |asked| asked.min(most));
            (call.deadline, call.hurried) = (now.saturating_add(total), total < most);
        }
        call.fields.set("host", &host);
        call
    }

    /// The name of the route, if one matched.
    pub(super) fn route(&self) -> Option<&'a str> {
        match self.target {
            Target::Upstream(target) => target.route.map(|matched| matched.route.name.as_str()),
            Target::Otherwise => None,
        }
    }

    pub(super) fn settings(&self) -> Option<&'a Settings> {
        match self.target {
            Target::Upstream(call) => Some(call.settings()),
            Target::Otherwise => None,
        }
    }

    pub(super) fn upstream(&self) -> &'a str {
        match self.target {
            Target::Upstream(call) => &call.upstream.name,
            Target::Otherwise => OTHERWISE,
        }
    }

    /// How its upstream behaves without a script.
    pub(super) fn well(&self) -> ScriptedReply {
        match self.speaks_grpc() {
            true => ScriptedReply::Grpc(GrpcCode::Ok),
            false => ScriptedReply::Status(200),
        }
    }

    /// Does its upstream?
    pub(super) fn speaks_grpc(&self) -> bool {
        let Target::Upstream(call) = self.target else {
            return false;
        };
        call.upstream.protocol.value == Protocol::Grpc
    }

    pub(super) fn retry(&self) -> Option<&'a plan::Retry> {
        self.settings().and_then(|settings| settings.retry.as_ref())
    }

    pub(super) fn breaker(&self) -> Option<(BreakerKey, &'a plan::Breaker)> {
        let Target::Upstream(call) = self.target else {
            return None;
        };
        let breaker = call.settings().breaker.as_ref()?;
        let route = match breaker.scope {
            BreakerScope::Upstream => None,
            BreakerScope::Route => call.route.map(|matched| matched.index),
        };
        Some(((call.upstream_index, route), breaker))
    }
}

/// What the policy allows, and what the caller asks for where it may: it can shorten a `deadline`, never
/// lengthen it.
fn total(settings: &Settings, request: &Fields) -> (Millis, Option<Millis>) {
    match settings.timeout.total.value {
        Total::Fixed(total) => (millis(total), None),
        Total::Deadline { max } => {
            let asked = grpc::timeout(request)
                .or_else(|| request.first("x-request-timeout").and_then(request_timeout));
            (millis(max), asked.map(millis))
        }
        Total::Off => (Millis::MAX, None),
    }
}

/// Seconds, with a fraction, or a number with `ms` or `s`.
fn request_timeout(text: &str) -> Option<Duration> {
    if let Some(millis) = text.strip_suffix("ms") {
        return millis.parse().ok().map(Duration::from_millis);
    }
    let seconds: f64 = text.strip_suffix('s').unwrap_or(text).parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
