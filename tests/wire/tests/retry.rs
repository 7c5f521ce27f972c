//! Retries on the wire: what the upstream sees of them, and what the caller gets in the end.

use std::time::{Duration, Instant};

use amb_runtime::testing::Live;
use amb_tests_wire::caller::{Caller, call, get, with_body};
use amb_tests_wire::message::Message;
use amb_tests_wire::policies::tries::Tries;
use amb_tests_wire::upstream::{Refusing, Step, Upstream, close, eventually, keep, reply};

fn proxy(upstream: &Upstream) -> Live {
    Live::start::<Tries>(1, &[("catalog", upstream.address)])
}

fn unavailable() -> Step {
    reply("503 Service Unavailable", "not now")
}

/// The next try needs a new connection, so that its end is no stale connection's.
fn unavailable_and_closing() -> Step {
    close("HTTP/1.1 503 Later\r\nconnection: close\r\ncontent-length: 7\r\n\r\nnot now")
}

/// A request, what the upstream answers in turn, and what comes of it.
struct Row {
    name: &'static str,
    request: String,
    script: Vec<Step>,
    status: u16,
    body: &'static str,
    tries: usize,
}

impl Row {
    fn new(
        name: &'static str,
        request: String,
        script: Vec<Step>,
        (status, body, tries): (u16, &'static str, usize),
    ) -> Self {
        Self { name, request, script, status, body, tries }
    }

    fn check(self) {
        let upstream = Upstream::script(self.script);
        let proxy = proxy(&upstream);
        let answer = call(proxy.address(), &self.request);
        let seen = upstream.requests();
        let outcome = (answer.status(), answer.text(), seen.len());
        assert_eq!(outcome, (self.status, self.body, self.tries), "{}", self.name);
        each_is_the_same_call(&seen, self.name);
    }
}

fn ok() -> Step {
    reply("200 OK", "fine")
}

#[test]
fn which_failures_are_repeated() {
    let rows = [
        Row::new(
            "GET until it succeeds",
            get("/"),
            vec![unavailable(), unavailable(), ok()],
            (200, "fine", 3),
        ),
        Row::new("GET until the tries run out", get("/"), vec![unavailable()], (503, "not now", 3)),
        Row::new(
            "the last real answer outlives a reset",
            get("/"),
            vec![unavailable_and_closing(), close("")],
            (503, "not now", 3),
        ),
        Row::new("a reset of GET", get("/"), vec![close(""), ok()], (200, "fine", 2)),
        Row::new(
            "an answer cut within its head",
            get("/"),
            vec![close("HTTP/1.1 200 OK\r\ncontent-"), ok()],
            (200, "fine", 2),
        ),
        Row::new(
            "400 is an answer",
            get("/"),
            vec![reply("400 Bad Request", "no"), ok()],
            (400, "no", 1),
        ),
        Row::new("500 is not listed", get("/"), vec![reply("500 Oh", "no"), ok()], (500, "no", 1)),
    ];
    rows.into_iter().for_each(Row::check);
}

#[test]
fn which_methods_are_repeated() {
    let key = "idempotency-key: k-1\r\n";
    let post = |path: &str, fields| with_body(&format!("POST {path}"), fields, "buy");
    let rows = [
        Row::new("POST", post("/v1/stock", ""), vec![unavailable(), ok()], (503, "not now", 1)),
        Row::new(
            "POST with a key on another route",
            post("/v1/stock", key),
            vec![unavailable(), ok()],
            (503, "not now", 1),
        ),
        Row::new(
            "POST without its key",
            post("/v1/orders", ""),
            vec![unavailable(), ok()],
            (503, "not now", 1),
        ),
        Row::new(
            "POST with its key",
            post("/v1/orders", key),
            vec![unavailable(), ok()],
            (200, "fine", 2),
        ),
        Row::new(
            "a reset of POST",
            post("/v1/stock", ""),
            vec![close(""), ok()],
            (502, "connection terminated\n", 1),
        ),
        Row::new(
            "PUT, as the policy says",
            with_body("PUT /a", "", "x"),
            vec![unavailable(), ok()],
            (200, "fine", 2),
        ),
        Row::new(
            "DELETE, as it does not",
            with_body("DELETE /a", "", ""),
            vec![unavailable(), ok()],
            (503, "not now", 1),
        ),
    ];
    rows.into_iter().for_each(Row::check);
}

/// Same start, same body, same key; only the number of the try is new.
fn each_is_the_same_call(tries: &[Message], name: &str) {
    for (at, again) in tries.iter().enumerate() {
        let number = (at > 0).then(|| (at + 1).to_string());
        assert_eq!(again.field("x-amb-attempt"), number.as_deref(), "{name}");
        assert_eq!(again.start, tries[0].start, "{name}");
        assert_eq!(again.body, tries[0].body, "{name}");
        assert_eq!(again.field("idempotency-key"), tries[0].field("idempotency-key"), "{name}");
        assert_eq!(again.field("content-length"), tries[0].field("content-length"), "{name}");
    }
}

#[test]
fn a_refused_connection_is_tried_again_whatever_the_method() {
    let refusing = Refusing::new();
    for request in [get("/"), with_body("POST /v1/stock", "", "buy")] {
        let proxy = Live::start::<Tries>(1, &[("catalog", refusing.address)]);
        let answer = call(proxy.address(), &request);
        assert_eq!((answer.status(), answer.text()), (502, "connection refused\n"));
        assert_eq!(answer.field("proxy-status"), Some("amb; error=connection_refused"));
        assert_eq!(tries_logged(&proxy), "3", "{request}");
    }
}

/// The number of tries in the first line of the log.
fn tries_logged(proxy: &Live) -> String {
    eventually("a line of the log", || proxy.log().ends_with('\n'));
    let log = proxy.log();
    let (_, from) = log.split_once("\"tries\":").unwrap();
    from.chars().take_while(char::is_ascii_digit).collect()
}

#[test]
fn the_upstream_names_the_earliest_moment() {
    let upstream = Upstream::script([
        keep("HTTP/1.1 503 Later\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"),
        reply("200 OK", "fine"),
    ]);
    let proxy = proxy(&upstream);
    let start = Instant::now();
    assert_eq!(call(proxy.address(), get("/")).text(), "fine");
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
    assert!(waited < Duration::from_secs(3), "{waited:?}");
}

/// The key does not arrive, so nobody can go by it.
#[test]
fn a_key_that_stays_on_its_connection_makes_no_call_safe() {
    let key = "idempotency-key: k\r\n";
    for (fields, tries) in
        [(key.to_owned(), 2), (format!("{key}connection: Idempotency-Key\r\n"), 1)]
    {
        let upstream =
            Upstream::script([reply("503 Service Unavailable", ""), reply("200 OK", "")]);
        let proxy = proxy(&upstream);
        call(proxy.address(), with_body("POST /v1/orders", &fields, "a"));
        assert_eq!(upstream.requests().len(), tries, "{fields}");
    }
}

#[test]
fn a_demand_for_too_much_patience_ends_the_tries() {
    let date = "retry-after: Fri, 31 Dec 2100 23:59:59 GMT";
    let endless = "retry-after: 99999999999999999999";
    for field in ["retry-after: 2", date, endless] {
        let response = format!("HTTP/1.1 503 Later\r\n{field}\r\ncontent-length: 0\r\n\r\n");
        let upstream = Upstream::script([keep(response), reply("200 OK", "fine")]);
        let proxy = proxy(&upstream);
        let answer = call(proxy.address(), get("/"));
        assert_eq!((answer.status(), upstream.requests().len()), (503, 1), "{field}");
        assert!(answer.field("retry-after").is_some());
    }
}

#[test]
fn a_small_body_is_sent_again_byte_by_byte() {
    let body: Vec<u8> = (0..60_000_u32).map(|n| (n % 251) as u8).collect();
    let length = format!("content-length: {}", body.len());
    let chunks = chunked_body(&body, 7_000);
    for (framing, bytes) in [(length.as_str(), &body), ("transfer-encoding: chunked", &chunks)] {
        let upstream = Upstream::script([unavailable(), close(""), reply("200 OK", "fine")]);
        let proxy = proxy(&upstream);
        let mut caller = Caller::connect(proxy.address());
        caller.send(format!("PUT /a HTTP/1.1\r\nhost: catalog.shop.svc\r\n{framing}\r\n\r\n"));
        caller.send(bytes);
        assert_eq!(caller.answer().text(), "fine", "{framing}");
        let seen = upstream.requests();
        assert_eq!(seen.len(), 3, "{framing}");
        assert!(seen.iter().all(|request| request.complete && request.body == body), "{framing}");
    }
}

fn chunked_body(body: &[u8], size: usize) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in body.chunks(size) {
        chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunks.extend_from_slice(chunk);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\n\r\n");
    chunks
}

#[test]
fn a_body_that_outgrows_its_buffer_is_streamed_and_sent_once() {
    const MIB: usize = 1024 * 1024;
    let upstream = Upstream::script([unavailable(), reply("200 OK", "never")]);
    let proxy = proxy(&upstream);
    let body = "b".repeat(MIB);
    let request = with_body("POST /v1/orders", "idempotency-key: k-1\r\n", &body);
    let answer = call(proxy.address(), request);
    assert_eq!((answer.status(), answer.text()), (503, "not now"));
    let seen = upstream.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].body.len(), MIB);
}

#[test]
fn a_body_is_on_its_way_before_it_is_complete() {
    let upstream = Upstream::with(|connection| {
        let mut request = connection.head().unwrap();
        // The caller sends the second half only after this.
        connection.send("HTTP/1.1 103 Early Hints\r\n\r\n");
        connection.body(&mut request);
        connection.record(request);
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    let request = with_body("PUT /a", "", "first, second");
    let (first, second) = request.split_at(request.len() - 6);
    caller.send(first);
    assert_eq!(caller.answer().status(), 103);
    caller.send(second);
    assert_eq!(caller.answer().status(), 200);
    assert_eq!(upstream.requests()[0].text(), "first, second");
}

/// A try is what the breaker and our own limits let begin, whether it came to the network or not.
#[test]
fn tries_at_an_upstream_without_an_address_are_tries() {
    let proxy = Live::start::<Tries>(1, &[]);
    assert_eq!(call(proxy.address(), get("/")).status(), 503);
    eventually("the log line", || proxy.log().contains('\n'));
    let log = proxy.log();
    assert!(log.contains("\"tries\":3") && log.contains("\"refusal\":\"attempts\""), "{log}");
}
