//! What is counted.

use std::hint::black_box;

use amb_runtime::clock::Moment;
use amb_runtime::prelude::{
    BreakerPolicy as _, Cause, CorrelationId, Headers, Language, RequestHead, Retry, RetryPolicy,
    Trace, budget, percent,
};
use amb_runtime::state::breaker::{Breaker, Verdict};
use amb_runtime::state::budget::Budget;
use amb_runtime::testing::{Steady, Unreached, Written, parse_chunks, parse_request};
use amb_tests_instructions::policies;

use crate::compiler;
use policies::order::{AcmeCorrelationId, AcmeHeaders, InventoryBreaker, Order};
use policies::plain::Plain;
use policies::ten::Many as Ten;

/// Something that is done again and again.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: fn(usize),
}

/// What must not cost more than something else.
pub(crate) struct Pair {
    pub(crate) more: &'static str,
    pub(crate) base: &'static str,
    pub(crate) most: f64,
}

pub(crate) const CASES: &[Case] = &[
    Case { name: "call", run: |times| Steady::<Order>::run(STOCK, ANSWER, |it| it.calls(times)) },
    Case { name: "request", run: request },
    Case { name: "response", run: response },
    Case { name: "retry", run: retry },
    Case { name: "breaker", run: breaker },
    Case { name: "budget", run: withdraw },
    Case { name: "ten", run: |times| Steady::<Ten>::run(TEN, ANSWER, |it| it.calls(times)) },
    Case {
        name: "thousand",
        run: |times| {
            Steady::<policies::thousand::Many>::run(THOUSAND, ANSWER, |it| it.calls(times));
        },
    },
    Case {
        name: "spread",
        run: |times| Steady::<policies::spread::Many>::run(SPREAD, ANSWER, |it| it.calls(times)),
    },
    Case { name: "plain", run: |times| Steady::<Plain>::run(CALLED, ANSWER, |it| it.calls(times)) },
    Case {
        name: "unused",
        run: |times| {
            Steady::<policies::unused::Plain>::run(CALLED, ANSWER, |it| it.calls(times));
        },
    },
    Case { name: "check", run: compiler::check },
    Case { name: "overlapping", run: compiler::check_overlapping },
    Case { name: "diff", run: compiler::diff },
    Case { name: "options", run: |times| connection("keep-alive,", times) },
    Case { name: "names", run: |times| connection("a,", times) },
    Case { name: "chunks", run: chunks },
];

/// Their work is in proportion to what comes: they are one message, of so many parts.
pub(crate) const LINEAR: &[&str] = &["options", "names", "chunks"];

pub(crate) const PAIRS: &[Pair] = &[
    Pair { more: "thousand", base: "ten", most: 1.05 },
    Pair { more: "spread", base: "ten", most: 1.05 },
    Pair { more: "unused", base: "plain", most: 1.05 },
];

/// A request of a common HTTP library.
macro_rules! get {
    ($host:literal, $path:literal) => {
        concat!(
            "GET ",
            $path,
            " HTTP/1.1\r\nHost: ",
            $host,
            "\r\nUser-Agent: Java-http-client/21.0.4\r\nAccept: application/json\r\n\
             Accept-Encoding: gzip\r\nX-Tenant: acme\r\n\
             Authorization: Bearer 2YotnFZFEjr1zCsicMWpAA0123456789\r\n\r\n"
        )
        .as_bytes()
    };
}

const STOCK: &[u8] = get!("inventory.shop.svc", "/v1/stock/4711");
/// Each the last route of its policy.
const TEN: &[u8] = get!("u000.shop.svc", "/v1/area000/thing009/7");
const THOUSAND: &[u8] = get!("u000.shop.svc", "/v1/area099/thing999/7");
const SPREAD: &[u8] = get!("u099.shop.svc", "/v1/area000/thing009/7");
const CALLED: &[u8] = get!("u000.shop.svc", "/v1/called/7");

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Wed, 25 Nov 2026 10:00:00 GMT\r\n\
    Content-Type: application/json\r\nContent-Length: 100\r\nCache-Control: no-store\r\n\
    Vary: Accept-Encoding\r\n\r\n\
    0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";

/// Parse, route, edit, serialise.
fn request(times: usize) {
    type Edits = Trace<CorrelationId<AcmeCorrelationId, Headers<AcmeHeaders, Written>>>;
    Steady::<Order>::run(STOCK, ANSWER, |it| it.requests::<Edits>(times));
}

/// Parse, find the body's end, serialise.
fn response(times: usize) {
    Steady::<Order>::run(STOCK, ANSWER, |it| it.responses(times));
}

/// A `connection` of up to 64 KiB. What names too many fields is refused.
fn connection(option: &str, times: usize) {
    let options = option.repeat(times * 24 / option.len());
    let head = format!("GET / HTTP/1.1\r\nhost: a\r\na: b\r\nconnection: {options}\r\n\r\n");
    black_box(parse_request(head.as_bytes()).is_ok());
}

/// Chunks of a byte, each with an extension, that come in pieces of 16 KiB: 8 MiB and more of them.
fn chunks(times: usize) {
    let body = b"1;x=y\r\na\r\n".repeat(times * 400);
    let pieces: Vec<_> = body.chunks(16 * 1024).collect();
    black_box(parse_chunks(&pieces).unwrap());
}

/// A failed try that is to be repeated: every question asked, and the wait begun.
fn retry(times: usize) {
    Steady::<Order>::run(STOCK, ANSWER, |it| it.decisions::<Retry<Always, Unreached>>(times));
}

/// Its budget never ends.
struct Always;

impl RetryPolicy for Always {
    type Base = Language;
    const BUDGET: budget::Spec = budget::Spec { ratio: percent(100), floor_per_10s: 10 };

    fn listed(cause: Cause) -> bool {
        matches!(cause, Cause::ConnectFailure | Cause::Status(429 | 503))
    }

    fn repeatable(_: &RequestHead<'_>) -> bool {
        true
    }
}

/// A try let through and its success noted.
fn breaker(times: usize) {
    let breaker = Breaker::new();
    let spec = &InventoryBreaker::SPEC;
    for _ in 0..times {
        let now = black_box(Moment::from_millis(5_000));
        let (permit, _) = breaker.admit(spec, now).unwrap();
        let changed = breaker.record(spec, permit, black_box(Verdict::Success), now, || 0);
        assert_eq!(changed, None);
    }
}

/// A call counted, a retry withdrawn and given back.
fn withdraw(times: usize) {
    let budget = Budget::new();
    for _ in 0..times {
        let now = black_box(Moment::from_millis(5_000));
        budget.call(now);
        assert!(budget.withdraw(&Always::BUDGET, 1, now));
        budget.refund(1, now);
    }
}
