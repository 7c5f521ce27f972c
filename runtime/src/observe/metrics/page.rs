//! The `/metrics` page: all workers' counters, and what the shared state is right now.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::exposition::{Exposition, Family};
use super::{Facts, Flood, Recorder, RouteCounters, histogram, status};
use crate::clock::Moment;
use crate::discover::Discovery;
use crate::failure::ProxyError;
use crate::grpc::Grpc;
use crate::observe::report::{Ending, Refusal, Source};
use crate::spec::{RouteSpec, embedded};
use crate::state::breaker::{Breaker, State};
use crate::state::budget::Budget;

/// In the order in which [`Recorder`] indexes them.
const SOURCES: [Source; super::SOURCES] =
    [Source::Upstream, Source::Proxy, Source::Policy, Source::None];

/// What the page is made of, besides what never changes.
pub(crate) struct Readings<'a> {
    pub(crate) now: Moment,
    /// One per worker.
    pub(crate) recorders: &'a [Arc<Recorder>],
    /// Indexed by `BreakerId`.
    pub(crate) breakers: &'a [Breaker],
    /// Indexed by `UpstreamId`.
    pub(crate) budgets: &'a [Budget],
    /// Opaque connections that are open, indexed by `UpstreamId`.
    pub(crate) tunnels: &'a [AtomicUsize],
    /// Connections of callers that are open.
    pub(crate) connections: usize,
    /// Lines of the access log.
    pub(crate) lines_lost: u64,
    pub(crate) discovery: &'a Discovery,
}

/// Renders the page.
pub(crate) fn page(facts: &Facts, readings: &Readings<'_>) -> String {
    let mut page = Exposition::default();
    build_info(&mut page, facts);
    calls(&mut page, facts, readings);
    grpc_calls(&mut page, facts, readings);
    local_answers(&mut page, facts, readings);
    durations(&mut page, facts, readings);
    tries(&mut page, facts, readings);
    bodies(&mut page, facts, readings);
    tunnels(&mut page, facts, readings);
    breakers(&mut page, facts, readings);
    upstreams(&mut page, facts, readings);
    connections(&mut page, readings);
    page.into_text()
}

fn build_info(page: &mut Exposition, facts: &Facts) {
    let policy = embedded::field(facts.policy, "generated-sha256").unwrap_or_default();
    page.gauge("amb_build_info", "The ambassador that runs: its version, service and policy.")
        .sample(
            &[
                ("version", env!("CARGO_PKG_VERSION")),
                ("service", facts.service),
                ("policy", &policy),
            ],
            1,
        );
}

fn calls(page: &mut Exposition, facts: &Facts, readings: &Readings<'_>) {
    let mut family = page.counter("amb_calls_total", "Calls that have ended.");
    for (spec, workers) in by_route(facts, readings) {
        for (at, source) in SOURCES.iter().enumerate() {
            let mut total = status::Total::default();
            for worker in workers.clone().filter_map(|route| route.calls.get(at)) {
                worker.add_to(&mut total);
            }
            for (status, count) in total.counts() {
                let labels = [("status", status.as_str()), ("source", source.label())];
                family.sample(&[route_labels(spec), labels].concat(), count);
            }
        }
    }
}

fn grpc_calls(page: &mut Exposition, facts: &Facts, readings: &Readings<'_>) {
    let help = "Calls of gRPC that have ended, by what gRPC says of them.";
    let mut family = page.counter("amb_grpc_calls_total", help);
    for (spec, workers) in by_route(facts, readings) {
        for (at, source) in SOURCES.iter().enumerate() {
            for (number, code) in Grpc::ALL.iter().enumerate() {
                let codes = workers.clone().filter_map(|route| route.grpc.get(at)?.get(number));
                let count: u64 = codes.map(|counter| counter.get()).sum();
                let labels = [("grpc_status", code.label()), ("source", source.label())];
                if count > 0 {
                    family.sample(&[route_labels(spec), labels].concat(), count);
                }
            }
        }
    }
}

fn local_answers(page: &mut Exposition, facts: &Facts, readings: &Readings<'_>) {
    let help = "Answers in place of the upstream's, by why there was none.";
    let mut family = page.counter("amb_local_answers_total", help);
    for (spec, workers) in by_route(facts, readings) {
        for (at, error) in ProxyError::ALL.iter().enumerate() {
            let counters = workers.clone().filter_map(|route| route.local.get(at));
            let count: u64 = counters.map(|counter| counter.get()).sum();
            if count > 0 {
                let labels = [("error", error.name())];
                family.sample(&[&route_labels(spec)[..], &labels[..]].concat(), count);
            }
        }
    }
}

fn durations(page: &mut Exposition, facts: &Facts, readings: &Readings<'_>) {
    let mut family = page.histogram(
        "amb_call_duration_seconds",
        "Time from the complete request head to the end of the answer.",
    );
    for (spec, workers) in by_route(facts, readings) {
        let mut total = histogram::Total::default();
        workers.for_each(|route| route.duration.add_to(&mut total));
        duration(&mut family, spec, &total);
    }
}

fn duration(family: &mut Family<'_>, spec: &RouteSpec, total: &histogram::Total) {
    let labels = route_labels(spec);
    let mut upto = 0;
    for ((_, bound), count) in histogram::BOUNDS.iter().zip(total.buckets) {
        upto += count;
        family.suffixed("_bucket", &[&labels[..], &[("le", bound)]].concat(), upto);
    }
    family.suffixed("_bucket", &[&labels[..], &[("le", "+Inf")]].concat(), total.count());
    family.suffixed("_sum", &labels, total.nanos as f64 / 1e9);
    family.suffixed("_count", &labels, total.count());
}

fn tries(page: &mut Exposition, facts: &Facts, readings: &Readings<'_>) {
    let help = "Requests that reached for the network.";
    per_route(page.counter("amb_tries_total", help), facts, readings, |route| route.tries.get());
    let help = "Tries after the first of their call.";
    per_route(page.counter("amb_retries_total", help), facts, readings, |route| {
        route.retries.get()
    });
    let mut family = page.counter(
        "amb_retry_refused_total",
        "Failed tries that no other followed, by the first reason against it.",
    );
    for (spec, workers) in by_route(facts, readings) {
        for (at, refusal) in Refusal::ALL.iter().enumerate() {
            let counters = workers.clone().filter_map(|route| route.refusals.get(at));
            let count: u64 = counters.map(|counter| counter.get()).sum();
            let labels = [("reason", refusal.label())];
            family.sample(&[&route_labels(spec)[..], &labels[..]].concat(), count);
        }
    }
}

fn bodies(page: &mut Exposition, facts: &Facts, readings: &Readings<'_>) {
    let help = "Bytes of request bodies and of tunnels, from callers.";
    let family = page.counter("amb_received_bytes_total", help);
    per_route(family, facts, readings, |route| route.received.get());
    let help = "Bytes of response bodies and of tunnels, to callers.";
    let family = page.counter("amb_sent_bytes_total", help);
    per_route(family, facts, readings, |route| route.sent.get());
}

fn tunnels(page: &mut Exposition, facts: &Facts, readings: &Readings<'_>) {
    let help = "Tunnels that have ended or could not be opened, by why.";
    let mut family = page.counter("amb_tunnels_total", help);
    for (spec, workers) in by_route(facts, readings) {
        for (at, ending) in Ending::ALL.iter().enumerate() {
            let counters = workers.clone().filter_map(|route| route.tunnels.get(at));
            let count: u64 = counters.map(|counter| counter.get()).sum();
            if count > 0 {
                let labels = [("ended", ending.label())];
                family.sample(&[&route_labels(spec)[..], &labels[..]].concat(), count);
            }
        }
    }
    let mut family = page.gauge("amb_tunnels", "Tunnels to an upstream that are open.");
    for (at, spec) in facts.upstreams.iter().enumerate().filter(|(_, spec)| spec.is_opaque()) {
        let open = readings.tunnels.get(at).map_or(0, |open| open.load(Ordering::Relaxed));
        family.sample(&[("upstream", spec.name)], open);
    }
}

fn breakers(page: &mut Exposition, facts: &Facts, readings: &Readings<'_>) {
    let mut family = page.gauge("amb_breaker_state", "0 closed, 1 open, 2 half-open.");
    for (name, breaker) in facts.breakers.iter().zip(readings.breakers) {
        let state = match breaker.state() {
            State::Closed => 0,
            State::Open { .. } => 1,
            State::HalfOpen => 2,
        };
        family.sample(&[("breaker", name)], state);
    }
    let mut family = page.counter("amb_breaker_transitions_total", "Changes of a breaker's state.");
    for (at, name) in facts.breakers.iter().enumerate() {
        let workers = || readings.recorders.iter().filter_map(|worker| worker.breakers.get(at));
        let opened: u64 = workers().map(|breaker| breaker.opened.get()).sum();
        let half_opened: u64 = workers().map(|breaker| breaker.half_opened.get()).sum();
        let closed: u64 = workers().map(|breaker| breaker.closed.get()).sum();
        for (to, count) in [("open", opened), ("half-open", half_opened), ("closed", closed)] {
            family.sample(&[("breaker", name), ("to", to)], count);
        }
    }
}

fn upstreams(page: &mut Exposition, facts: &Facts, readings: &Readings<'_>) {
    let mut family = page.gauge("amb_upstream_endpoints", "Addresses that calls can go to.");
    for (spec, endpoints) in facts.upstreams.iter().zip(&readings.discovery.endpoints) {
        family.sample(&[("upstream", spec.name)], endpoints.borrow().len());
    }
    let now = readings.now;
    let usages = || facts.upstreams.iter().zip(readings.budgets.iter().map(|it| it.usage(now)));
    let help = "Calls of the last ten seconds that the retry budget is reckoned from.";
    let mut family = page.gauge("amb_retry_budget_calls", help);
    usages().for_each(|(spec, usage)| family.sample(&[("upstream", spec.name)], usage.calls));
    let help = "What retries of the last ten seconds have cost; after a timeout one costs two.";
    let mut family = page.gauge("amb_retry_budget_spent", help);
    usages().for_each(|(spec, usage)| family.sample(&[("upstream", spec.name)], usage.retries));
}

fn connections(page: &mut Exposition, readings: &Readings<'_>) {
    let sum = |of: fn(&Recorder) -> u64| {
        readings.recorders.iter().map(|recorder| of(recorder)).sum::<u64>()
    };
    let open = readings.connections;
    page.gauge("amb_connections", "Connections of callers that are open.").sample(&[], open);
    page.counter("amb_connections_total", "Connections of callers.")
        .sample(&[], sum(Recorder::connections));
    page.counter("amb_http2_connections_total", "Connections of callers that speak HTTP/2.")
        .sample(&[], sum(|worker| worker.http2_connections.get()));
    let mut floods =
        page.counter("amb_http2_floods_total", "HTTP/2 connections that were closed for a flood.");
    for flood in Flood::ALL {
        let count: u64 = readings.recorders.iter().map(|worker| worker.floods(flood)).sum();
        floods.sample(&[("kind", flood.label())], count);
    }
    page.counter("amb_malformed_requests_total", "Requests that were refused as not HTTP.")
        .sample(&[], sum(|worker| worker.malformed.get()));
    page.counter("amb_access_log_dropped_total", "Log lines that could not be written.")
        .sample(&[], readings.lines_lost);
    page.counter("amb_notices_dropped_total", "Lines that standard error did not take.")
        .sample(&[], crate::notices::lost());
}

/// Each route with its counters of all workers.
fn by_route<'a>(
    facts: &Facts,
    readings: &'a Readings<'a>,
) -> impl Iterator<Item = (&'static RouteSpec, impl Iterator<Item = &'a RouteCounters> + Clone)> {
    facts.routes.iter().enumerate().map(|(at, spec)| {
        (spec, readings.recorders.iter().filter_map(move |worker| worker.routes.get(at)))
    })
}

fn per_route(
    mut family: Family<'_>,
    facts: &Facts,
    readings: &Readings<'_>,
    count: fn(&RouteCounters) -> u64,
) {
    for (spec, workers) in by_route(facts, readings) {
        family.sample(&route_labels(spec), workers.map(count).sum::<u64>());
    }
}

fn route_labels(spec: &RouteSpec) -> [(&'static str, &'static str); 2] {
    [("upstream", spec.upstream), ("route", spec.route)]
}
