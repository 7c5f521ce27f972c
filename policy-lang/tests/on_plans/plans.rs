//! Plans built by hand, so that what works on a plan is tested without the front end.

use std::time::Duration;

use amb_policy_lang::plan::{
    AccessLog, Action, Address, Backoff, BackoffKind, Balance, Breaker, BreakerScope, Budget,
    Cause, CodeRange, Guardrails, HeaderEdit, HeaderOp, HostPattern, Layer, Match, Method,
    NonIdempotent, Observe, OpenFor, Otherwise, PathPattern, Percent, Place, Plan, Protocol, Rate,
    Reply, Retry, RetryAfter, Route, Segment, Service, Settings, SourceFile, Sourced, Timeout,
    Total, TripRule, Upstream, Workers,
};

pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A place in the deployment's own file.
pub(crate) const fn own(line: u32) -> Place {
    Place { file: 0, line, column: 5 }
}

/// A place in the baseline's file.
pub(crate) const fn acme(line: u32) -> Place {
    Place { file: 1, line, column: 9 }
}

pub(crate) const fn route_set<T>(value: T, line: u32) -> Sourced<T> {
    Sourced::written(value, Layer::Route, own(line))
}

pub(crate) const fn baseline_set<T>(value: T, line: u32) -> Sourced<T> {
    Sourced::written(value, Layer::Baseline, acme(line))
}

pub(crate) const fn status(code: u16) -> Cause {
    Cause::Status(CodeRange { first: code, last: code })
}

/// A service that charges, looks up stock and notifies, under a company baseline.
pub(crate) fn order() -> Plan {
    Plan {
        sources: vec![file("order.amb"), file("acme.amb")],
        service: Service {
            name: "order".to_owned(),
            docs: vec![],
            place: own(5),
            workers: Sourced::language(Workers::Auto),
            user: None,
            baseline: Some(Sourced::written("acme".to_owned(), Layer::File, own(6))),
        },
        listen: Sourced::language("127.0.0.1:15001".parse().unwrap()),
        intercept: None,
        observe: observe(),
        upstreams: vec![payment(), inventory(), notification()],
        otherwise: Sourced::written(Otherwise::Pass, Layer::File, own(64)),
        blocks: vec![],
        guardrails: Guardrails::default(),
        tests: vec![],
    }
}

fn file(name: &str) -> SourceFile {
    SourceFile { name: name.to_owned(), text: String::new() }
}

fn observe() -> Observe {
    Observe {
        metrics: Some(Sourced::written((), Layer::File, own(10))),
        access_log: Some(AccessLog {
            place: acme(30),
            sample: baseline_set(Percent(100_000), 30),
            when_status: None,
            headers: Sourced::language(vec![]),
            redact: baseline_set(vec!["authorization".to_owned(), "cookie".to_owned()], 30),
        }),
        admin: Some(Sourced::language("127.0.0.1:9901".parse().unwrap())),
    }
}

/// What the baseline gives every call.
pub(crate) fn settings() -> Settings {
    Settings {
        timeout: Timeout {
            overlays: vec![],
            total: baseline_set(Total::Fixed(5 * SECOND), 6),
            per_try: None,
            connect: Sourced::language(Timeout::CONNECT),
            idle: Sourced::language(Timeout::IDLE),
        },
        retry: Some(retry()),
        breaker: Some(breaker()),
        request_headers: vec![baseline_set(
            HeaderEdit { op: HeaderOp::Remove, name: "x-internal-debug".to_owned() },
            25,
        )],
        response_headers: vec![],
        correlation_id: Some(baseline_set("x-correlation-id".to_owned(), 21)),
        trace: Some(baseline_set((), 22)),
        fallback: None,
        off: vec![],
    }
}

pub(crate) fn retry() -> Retry {
    Retry {
        overlays: vec![],
        place: acme(8),
        docs: vec![],
        attempts: baseline_set(3, 9),
        on: baseline_set(vec![Cause::ConnectFailure, status(429), status(503)], 10),
        methods: Sourced::language(vec![Method::Get, Method::Head, Method::Options, Method::Trace]),
        non_idempotent: Sourced::language(NonIdempotent::Never),
        backoff: baseline_set(
            Backoff { kind: BackoffKind::FullJitter, base: 100 * MS, cap: 30 * SECOND },
            11,
        ),
        retry_after: Sourced::language(RetryAfter::Honour { up_to: 5 * SECOND }),
        budget: baseline_set(
            Budget { ratio: Percent(200_000), floor: Rate { count: 1, per: SECOND } },
            12,
        ),
        buffer: Sourced::language(64 * 1024),
    }
}

pub(crate) fn breaker() -> Breaker {
    let codes = |first, last| Cause::Status(CodeRange { first, last });
    Breaker {
        overlays: vec![],
        place: acme(15),
        docs: vec![],
        rules: vec![baseline_set(TripRule::ConsecutiveFailures { count: 5 }, 16)],
        open_for: baseline_set(OpenFor::Fixed(30 * SECOND), 17),
        probes: baseline_set(1, 18),
        scope: BreakerScope::Upstream,
        counts: Sourced::language(vec![
            Cause::ConnectFailure,
            Cause::Reset,
            Cause::Timeout,
            codes(500, 500),
            codes(502, 504),
            codes(506, 599),
        ]),
    }
}

pub(crate) fn upstream(name: &str, line: u32, routes: Vec<Route>) -> Upstream {
    let host = format!("{name}.shop.svc");
    let address = Address::Dns { host: host.clone(), port: 8080 };
    Upstream {
        name: name.to_owned(),
        docs: vec![],
        place: own(line),
        address: Sourced::written(address, Layer::Upstream, own(line + 1)),
        hosts: vec![Sourced::written(HostPattern::Exact(host), Layer::Upstream, own(line + 1))],
        listen: None,
        protocol: Sourced::language(Protocol::Http1),
        balance: Sourced::language(Balance::RoundRobin),
        connections: None,
        settings: settings(),
        routes,
    }
}

pub(crate) fn route(name: &str, line: u32, matches: Vec<Match>, settings: Settings) -> Route {
    Route {
        name: name.to_owned(),
        docs: vec![],
        place: own(line),
        matches,
        action: Action::Forward { rewrite: None },
        settings,
    }
}

pub(crate) fn matching(methods: &[Method], path: &[Segment], line: u32) -> Match {
    Match {
        place: own(line),
        methods: methods.to_vec(),
        path: Some(PathPattern { segments: path.to_vec(), rest: false }),
        headers: vec![],
        grpc: false,
    }
}

pub(crate) fn literal(text: &str) -> Segment {
    Segment::Literal(text.to_owned())
}

pub(crate) fn capture(name: &str) -> Segment {
    Segment::Capture(name.to_owned())
}

fn payment() -> Upstream {
    let mut of = settings();
    of.timeout.total = route_set(Total::Fixed(2 * SECOND), 22);
    if let Some(retry) = &mut of.retry {
        retry.place = own(25);
        retry.docs = vec!["The ledger deduplicates on the caller's key.".to_owned()];
        retry.attempts = route_set(2, 26);
        retry.non_idempotent =
            route_set(NonIdempotent::WhenHeader("idempotency-key".to_owned()), 27);
    }
    let line = matching(&[Method::Post], &[literal("v1"), literal("charges")], 21);
    let mut payment = upstream("payment", 17, vec![route("charge", 20, vec![line], of)]);
    payment.docs = vec!["Money moves here.".to_owned()];
    payment
}

fn inventory() -> Upstream {
    let mut stock = settings();
    stock.timeout.total = route_set(Total::Fixed(SECOND), 37);
    stock.timeout.per_try = Some(route_set(250 * MS, 37));
    if let Some(retry) = &mut stock.retry {
        retry.backoff =
            route_set(Backoff { kind: BackoffKind::FullJitter, base: 10 * MS, cap: 100 * MS }, 38);
    }
    let get = matching(&[Method::Get], &[literal("v1"), literal("stock"), capture("sku")], 36);
    let put = [literal("v1"), literal("reservations"), capture("id")];
    let put = matching(&[Method::Put, Method::Delete], &put, 42);
    let routes =
        vec![route("stock", 35, vec![get], stock), route("reserve", 41, vec![put], settings())];
    upstream("inventory", 32, routes)
}

fn notification() -> Upstream {
    let mut of = settings();
    of.timeout.total = route_set(Total::Fixed(500 * MS), 52);
    of.retry = None;
    of.off = vec![route_set("retry", 53)];
    of.fallback = Some(route_set(Reply { status: 202, headers: vec![], body: String::new() }, 54));
    let line = matching(&[Method::Post], &[literal("v1"), literal("notifications")], 51);
    upstream("notification", 46, vec![route("notify", 50, vec![line], of)])
}
