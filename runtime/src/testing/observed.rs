//! What a scenario brought about.

use std::time::Duration;

use super::calls::{self, CallRecord};
use super::script::{ScriptedNet, Seen, field};
use super::trace::{Entry, Lines};
use crate::clock::Moment;
use crate::grpc::Grpc;
use crate::proxy::Proxy;
use crate::spec::{RouteSpec, breakers};
use crate::worker::Worker;

/// The answers, and what upstreams and breakers saw. Unless it says otherwise, of the last call.
#[derive(Clone, Debug)]
pub struct Observed {
    answers: Vec<Answer>,
    calls: Vec<CallRecord>,
    seen: Vec<Seen>,
    record: Vec<Entry>,
    routes: &'static [RouteSpec],
    route: &'static str,
    upstreams: Vec<&'static str>,
    breakers: Vec<(&'static str, &'static str)>,
}

/// One call's end.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) head: String,
    pub(super) elapsed: Duration,
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    pub(super) fn grpc(&self) -> Option<Grpc> {
        field(&self.head, "grpc-status").and_then(|value| Grpc::of_field(value.as_bytes()))
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (String, String)> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
    }
}

impl Observed {
    pub(super) fn new<P: Proxy>(worker: &Worker<ScriptedNet>, answers: Vec<Answer>) -> Self {
        let last = answers.len().saturating_sub(1);
        let route = worker.net.ended(last).map(|ended| ended.route);
        let route = route.and_then(|route| P::ROUTES.get(route)).map_or("", |route| route.route);
        let breakers = breakers(P::ROUTES).zip(worker.net.breakers()).collect();
        let upstreams = P::UPSTREAMS.iter().map(|upstream| upstream.name).chain(["otherwise"]);
        let seen = worker.net.seen.borrow().clone();
        let (calls, record) =
            (calls::records::<P>(&worker.net, &answers), worker.net.record.take());
        let upstreams = upstreams.collect();
        Self { answers, calls, seen, record, routes: P::ROUTES, route, upstreams, breakers }
    }

    /// Fails the test unless the author's expectation holds.
    ///
    /// # Panics
    /// If it does not: with what was observed.
    #[expect(clippy::panic, reason = "this is how a test fails")]
    pub fn expect(&self, expectation: &str, holds: bool) {
        if !holds {
            panic!("expected {expectation}, observed {self:#?}");
        }
    }

    pub fn status(&self) -> u16 {
        self.last().map_or(0, Answer::status)
    }

    /// What gRPC says of the answer, if it is one of gRPC.
    pub fn grpc(&self) -> Option<Grpc> {
        self.last().and_then(Answer::grpc)
    }

    /// Tries that reached for the network.
    pub fn attempts(&self) -> u64 {
        let last = self.answers.len().saturating_sub(1);
        self.seen.iter().filter(|seen| seen.call == last).count() as u64
    }

    /// When the tries of the last call began, from the scenario's start.
    pub fn tries_at(&self) -> Vec<Duration> {
        let last = self.answers.len().saturating_sub(1);
        let tries = self.seen.iter().filter(|seen| seen.call == last);
        tries.map(|seen| seen.at - Moment::START).collect()
    }

    /// Virtual time from the request to the end of the answer.
    pub fn elapsed(&self) -> Duration {
        self.last().map_or(Duration::ZERO, |answer| answer.elapsed)
    }

    /// The route's name, or the upstream's where no route matched.
    pub fn route(&self) -> &str {
        self.route
    }

    /// All calls, in the order of the scenario's requests.
    pub fn calls(&self) -> &[CallRecord] {
        &self.calls
    }

    /// Everything that happened, one line each, in the words of the reference interpreter's trace;
    /// with these fields (lower case) of each request as the upstream got it.
    pub fn trace(&self, fields: &[&str]) -> Vec<String> {
        let lines = Lines {
            seen: &self.seen,
            routes: self.routes,
            breakers: &self.breakers,
            answers: &self.answers,
            fields,
        };
        lines.of(&self.record)
    }

    /// `closed`, `open` or `half-open`, at the end; open for as long as no call has come as a probe.
    pub fn breaker(&self, name: &str) -> &str {
        let named = self.breakers.iter().find(|(breaker, _)| *breaker == name);
        named.map_or("", |(_, state)| state)
    }

    /// Breakers by name, with their states at the end.
    pub fn breakers(&self) -> &[(&'static str, &'static str)] {
        &self.breakers
    }

    /// Requests that the upstream saw, of all calls.
    pub fn requests(&self, upstream: &str) -> u64 {
        let at = self.upstreams.iter().position(|name| *name == upstream);
        self.seen.iter().filter(|seen| Some(seen.upstream) == at && !seen.refused).count() as u64
    }

    /// A field of the last request that any upstream got.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.seen
            .iter()
            .rev()
            .find(|seen| !seen.head.is_empty())
            .and_then(|it| field(&it.head, name))
    }

    pub fn response_header(&self, name: &str) -> Option<&str> {
        field(&self.last()?.head, name)
    }

    fn last(&self) -> Option<&Answer> {
        self.answers.last()
    }
}
