//! Counters of one worker, and the page that sums them up.
//!
//! A counter has one writer, the worker, and any reader. So an increment is a relaxed load and a
//! relaxed store: no locked instruction, no cache line that travels between cores, no map from
//! labels to counters. Which counter a call belongs to is an index that the generated code knows.

mod counter;
mod exposition;
mod facts;
mod flood;
mod histogram;
mod page;
mod status;

pub(crate) use facts::Facts;
pub(crate) use flood::Flood;
pub(crate) use page::{Readings, page};

use super::report::{Ending, Refusal, Report, Source};
use crate::failure::ProxyError;
use crate::grpc::Grpc;
use crate::spec::{BreakerId, Spec, breakers};
use crate::state::breaker::Transition;
use counter::Counter;
use histogram::Histogram;

/// The sources of answers, in the order of [`super::report::Source`].
const SOURCES: usize = 4;

/// What one worker has counted.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    /// Indexed by `Proxy::index`.
    routes: Box<[RouteCounters]>,
    /// Indexed by [`BreakerId`].
    breakers: Box<[BreakerCounters]>,
    connections: Counter,
    http2_connections: Counter,
    http2_floods: [Counter; Flood::ALL.len()],
    malformed: Counter,
}

/// Calls of one route.
#[derive(Debug, Default)]
struct RouteCounters {
    calls: [status::Counters; SOURCES],
    grpc: [[Counter; Grpc::ALL.len()]; SOURCES],
    /// Answers that are not the upstream's, in the order of [`ProxyError::ALL`].
    local: [Counter; ProxyError::ALL.len()],
    duration: Histogram,
    tries: Counter,
    retries: Counter,
    refusals: [Counter; Refusal::ALL.len()],
    received: Counter,
    sent: Counter,
    /// In the order of [`Ending::ALL`].
    tunnels: [Counter; Ending::ALL.len()],
}

/// How often a breaker went into each state.
#[derive(Debug, Default)]
struct BreakerCounters {
    opened: Counter,
    half_opened: Counter,
    closed: Counter,
}

impl Recorder {
    pub(crate) fn new<P: Spec>() -> Self {
        Self::sized(P::ROUTES.len(), breakers(P::ROUTES).count())
    }

    fn sized(routes: usize, breakers: usize) -> Self {
        Self {
            routes: (0..routes).map(|_| RouteCounters::default()).collect(),
            breakers: (0..breakers).map(|_| BreakerCounters::default()).collect(),
            connections: Counter::default(),
            http2_connections: Counter::default(),
            http2_floods: Default::default(),
            malformed: Counter::default(),
        }
    }

    /// A call has ended.
    pub(crate) fn record(&self, report: &Report<'_>) {
        let Some(route) = self.routes.get(report.route) else { return };
        if let Some(calls) = route.calls.get(report.source as usize) {
            calls.of(report.status).add(1);
        }
        if let Some(code) = report.grpc
            && let Some(codes) = route.grpc.get(report.source as usize)
            && let Some(calls) = codes.get(usize::from(code.number()))
        {
            calls.add(1);
        }
        if let Source::Proxy | Source::Policy = report.source
            && let Some(error) = report.error
            && let Some(answers) = route.local.get(error as usize)
        {
            answers.add(1);
        }
        route.duration.observe(report.duration);
        route.tries.add(report.tries.into());
        route.retries.add(report.tries.saturating_sub(1).into());
        if let Some(refusal) = report.refusal
            && let Some(refusals) = route.refusals.get(refusal as usize)
        {
            refusals.add(1);
        }
        if !report.counted {
            self.passed(report.route, report.received, report.sent);
        }
    }

    /// Bytes went from and to a caller.
    pub(crate) fn passed(&self, route: usize, received: u64, sent: u64) {
        let Some(route) = self.routes.get(route) else { return };
        route.received.add(received);
        route.sent.add(sent);
    }

    /// A tunnel is no more, or never was.
    pub(crate) fn tunnel(&self, route: usize, ending: Ending) {
        let route = self.routes.get(route);
        if let Some(counter) = route.and_then(|route| route.tunnels.get(ending as usize)) {
            counter.add(1);
        }
    }

    /// A tunnel needed so many connects.
    pub(crate) fn connects(&self, route: usize, tries: u32) {
        let Some(route) = self.routes.get(route) else { return };
        route.tries.add(tries.into());
        route.retries.add(tries.saturating_sub(1).into());
    }

    /// This worker changed a breaker's state.
    pub(crate) fn transition(&self, breaker: BreakerId, transition: &Transition) {
        let Some(breaker) = self.breakers.get(breaker.0) else { return };
        match transition {
            Transition::Opened { .. } => breaker.opened.add(1),
            Transition::HalfOpened => breaker.half_opened.add(1),
            Transition::Closed => breaker.closed.add(1),
        }
    }

    /// A caller has connected.
    pub(crate) fn connection(&self) {
        self.connections.add(1);
    }

    /// A caller speaks HTTP/2.
    pub(crate) fn http2_connection(&self) {
        self.http2_connections.add(1);
    }

    /// A caller's connection was closed for a flood.
    pub(crate) fn http2_flood(&self, flood: Flood) {
        if let Some(floods) = self.http2_floods.get(flood as usize) {
            floods.add(1);
        }
    }

    fn floods(&self, flood: Flood) -> u64 {
        self.http2_floods.get(flood as usize).map_or(0, Counter::get)
    }

    /// Callers that have connected so far.
    pub(crate) fn connections(&self) -> u64 {
        self.connections.get()
    }

    /// A caller sent what is not a request.
    pub(crate) fn malformed(&self) {
        self.malformed.add(1);
    }
}

#[cfg(test)]
mod tests;
