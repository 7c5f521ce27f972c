//! Answers of the upstream: what is wrong with them stays with us, what is right arrives exactly.

use amb_runtime::testing::Live;
use amb_tests_wire::caller::{Caller, get};
use amb_tests_wire::message::wire;
use amb_tests_wire::policies::plain::Plain;
use amb_tests_wire::upstream::{Step, Upstream, close, keep, reply};

fn proxy(upstream: &Upstream) -> Live {
    Live::start::<Plain>(1, &[("catalog", upstream.address)])
}

#[test]
fn what_is_wrong_with_a_response_is_a_bad_gateway() {
    let rows: &[(&str, &str)] = &[
        ("both framings", "HTTP/1.1 200 OK|transfer-encoding: chunked|content-length: 3||0||"),
        ("two lengths", "HTTP/1.1 200 OK|content-length: 3|content-length: 4||abcd"),
        ("a list of lengths", "HTTP/1.1 200 OK|content-length: 3, 3||abc"),
        ("another coding", "HTTP/1.1 200 OK|transfer-encoding: gzip||"),
        ("chunks in HTTP/1.0", "HTTP/1.0 200 OK|transfer-encoding: chunked||0||"),
        ("a folded line", "HTTP/1.1 200 OK|x-a: b| c|content-length: 0||"),
        ("a space before the colon", "HTTP/1.1 200 OK|content-length : 0||"),
        ("a bare LF", "HTTP/1.1 200 OK\ncontent-length: 0||"),
        ("no HTTP at all", "hello||"),
        ("a status of two digits", "HTTP/1.1 20 OK|content-length: 0||"),
        ("a status of four digits", "HTTP/1.1 2000 OK|content-length: 0||"),
        ("a status beyond 599", "HTTP/1.1 600 OK|content-length: 0||"),
        ("another version", "HTTP/2.0 200 OK|content-length: 0||"),
        ("a switch that nobody asked for", "HTTP/1.1 101 Switching Protocols|upgrade: x||"),
        ("a malformed first chunk", "HTTP/1.1 200 OK|transfer-encoding: chunked||zz||"),
    ];
    for (name, response) in rows {
        let upstream = Upstream::script([close(wire(response))]);
        let proxy = proxy(&upstream);
        let mut caller = Caller::connect(proxy.address());
        let answer = caller.call(get("/"));
        assert_eq!(answer.status(), 502, "{name}");
        let said = answer.field("proxy-status").unwrap_or_default();
        assert!(said.starts_with("amb; error=http_protocol_error"), "{name}: {said}");
    }
}

/// What the caller reads when the upstream answers a request with these bytes.
struct Forwarded {
    name: &'static str,
    request: &'static str,
    response: Step,
    expect: &'static str,
    closed: bool,
}

#[test]
fn responses_arrive_exactly() {
    let get = "GET / HTTP/1.1|host: @||";
    let old = "GET / HTTP/1.0|host: @||";
    let row = |name, request, response: Step, expect, closed| Forwarded {
        name,
        request,
        response,
        expect,
        closed,
    };
    let rows = [
        row(
            "a length",
            get,
            keep(wire("HTTP/1.1 200 Fine|X-A: b|content-length: 2||ab")),
            "HTTP/1.1 200 Fine|X-A: b|content-length: 2||ab",
            false,
        ),
        row(
            "no reason",
            get,
            keep(wire("HTTP/1.1 200 |content-length: 0||")),
            "HTTP/1.1 200 |content-length: 0||",
            false,
        ),
        row(
            "chunks",
            get,
            keep(wire("HTTP/1.1 200 OK|transfer-encoding: chunked||2;x=y|ab|0|x-sum: 1||")),
            "HTTP/1.1 200 OK|transfer-encoding: chunked||2|ab|0|x-sum: 1||",
            false,
        ),
        row(
            "chunks for HTTP/1.0",
            old,
            keep(wire("HTTP/1.1 200 OK|transfer-encoding: chunked||2|ab|1|c|0|x-sum: 1||")),
            "HTTP/1.1 200 OK|connection: close||abc",
            true,
        ),
        row(
            "the end of the connection",
            get,
            close(wire("HTTP/1.1 200 OK||abc")),
            "HTTP/1.1 200 OK|connection: close||abc",
            true,
        ),
        row(
            "an upstream of HTTP/1.0",
            get,
            close(wire("HTTP/1.0 200 OK||abc")),
            "HTTP/1.1 200 OK|connection: close||abc",
            true,
        ),
        row(
            "HEAD",
            "HEAD / HTTP/1.1|host: @||",
            keep(wire("HTTP/1.1 200 OK|content-length: 9||")),
            "HTTP/1.1 200 OK|content-length: 9||",
            false,
        ),
        row(
            "HEAD without a length",
            "HEAD / HTTP/1.1|host: @||",
            keep(wire("HTTP/1.1 200 OK||")),
            "HTTP/1.1 200 OK||",
            false,
        ),
        row(
            "204",
            get,
            keep(wire("HTTP/1.1 204 No Content||")),
            "HTTP/1.1 204 No Content||",
            false,
        ),
        row(
            "304 with a length",
            get,
            keep(wire("HTTP/1.1 304 Not Modified|content-length: 9||")),
            "HTTP/1.1 304 Not Modified|content-length: 9||",
            false,
        ),
        row(
            "fields of the connection",
            get,
            keep(wire("HTTP/1.1 200 OK|connection: x-a|x-a: 1|keep-alive: 5|content-length: 0||")),
            "HTTP/1.1 200 OK|content-length: 0||",
            false,
        ),
        row(
            "an upstream that closes",
            get,
            close(wire("HTTP/1.1 200 OK|connection: close|content-length: 0||")),
            "HTTP/1.1 200 OK|content-length: 0||",
            false,
        ),
        row(
            "a caller that closes",
            "GET / HTTP/1.1|host: @|connection: close||",
            reply("200 OK", "a"),
            "HTTP/1.1 200 OK|content-length: 1|connection: close||a",
            true,
        ),
        row(
            "a caller of HTTP/1.0 that stays",
            "GET / HTTP/1.0|host: @|connection: keep-alive||",
            reply("200 OK", "a"),
            "HTTP/1.1 200 OK|content-length: 1|connection: keep-alive||a",
            false,
        ),
        row(
            "early hints",
            get,
            keep(wire("HTTP/1.1 103 Early Hints|link: </a>||HTTP/1.1 200 OK|content-length: 0||")),
            "HTTP/1.1 103 Early Hints|link: </a>||HTTP/1.1 200 OK|content-length: 0||",
            false,
        ),
        row(
            "early hints for HTTP/1.0",
            old,
            keep(wire("HTTP/1.1 103 Early Hints|link: </a>||HTTP/1.1 200 OK|content-length: 0||")),
            "HTTP/1.1 200 OK|content-length: 0|connection: close||",
            true,
        ),
        row(
            "a continue that nobody asked for",
            get,
            keep(wire("HTTP/1.1 100 Continue||HTTP/1.1 200 OK|content-length: 0||")),
            "HTTP/1.1 200 OK|content-length: 0||",
            false,
        ),
    ];
    for row in rows {
        let Forwarded { name, request, response, expect, closed } = row;
        let upstream = Upstream::script([response, reply("200 OK", "next")]);
        let proxy = proxy(&upstream);
        let mut caller = Caller::connect(proxy.address());
        caller.send(wire(request));
        if !closed {
            caller.send(wire("GET /next HTTP/1.1|host: @|connection: close||"));
        }
        let next = wire("HTTP/1.1 200 OK|content-length: 4|connection: close||next");
        let expect = wire(expect) + if closed { "" } else { &next };
        assert_eq!(String::from_utf8_lossy(&caller.rest()), expect, "{name}");
    }
}

#[test]
fn a_body_cut_short_is_cut_short_for_the_caller() {
    let rows = [
        ("a length", "HTTP/1.1 200 OK|content-length: 9||abc"),
        ("chunks", "HTTP/1.1 200 OK|transfer-encoding: chunked||9|abc"),
        ("no last chunk", "HTTP/1.1 200 OK|transfer-encoding: chunked||3|abc|"),
        ("no end of the trailers", "HTTP/1.1 200 OK|transfer-encoding: chunked||3|abc|0|"),
    ];
    for (name, response) in rows {
        let upstream = Upstream::script([close(wire(response))]);
        let proxy = proxy(&upstream);
        let mut caller = Caller::connect(proxy.address());
        let answer = caller.call(get("/"));
        assert_eq!((answer.status(), answer.text()), (200, "abc"), "{name}");
        assert!(!answer.complete, "{name}");
        assert!(caller.is_closed(), "{name}");
    }
}

#[test]
fn a_connection_on_which_more_came_than_was_asked_for_is_not_used_again() {
    // Of a large body the proxy sees no byte, and yet it must know where it ends.
    for length in [1, 300_000] {
        let body = "a".repeat(length);
        let extra = format!(
            "HTTP/1.1 200 OK|content-length: {length}||{body}HTTP/1.1 200 OK|content-length: 6||poison"
        );
        let upstream = Upstream::script([keep(wire(&extra)), reply("200 OK", "b")]);
        let proxy = proxy(&upstream);
        let mut caller = Caller::connect(proxy.address());
        assert_eq!(caller.call(get("/1")).text(), body);
        assert_eq!(caller.call(get("/2")).text(), "b");
        assert_eq!(upstream.connections(), 2);
    }
}

#[test]
fn a_large_body_is_whole_or_cut_short_for_the_caller() {
    let body: String = (0..300_000).map(|at| char::from(b'a' + (at % 23) as u8)).collect();
    let half = &body[..150_000];
    let chunk = format!("{:x}|{body}|", body.len());
    let rows = [
        ("a length", format!("content-length: 300000||{body}"), body.clone(), true),
        ("chunks", format!("transfer-encoding: chunked||{chunk}{chunk}0||"), body.repeat(2), true),
        ("the end", format!("connection: close||{body}"), body.clone(), true),
        ("a length, cut", format!("content-length: 300000||{half}"), half.to_owned(), false),
        (
            "chunks, cut",
            format!("transfer-encoding: chunked||{chunk}{:x}|{half}", body.len()),
            format!("{body}{half}"),
            false,
        ),
    ];
    for (name, response, expected, whole) in rows {
        let upstream = Upstream::script([close(wire(&format!("HTTP/1.1 200 OK|{response}")))]);
        let proxy = proxy(&upstream);
        let mut caller = Caller::connect(proxy.address());
        let answer = caller.call(get("/"));
        assert_eq!(answer.complete, whole, "{name}");
        assert!(answer.text() == expected, "{name}: {} bytes", answer.text().len());
    }
}
