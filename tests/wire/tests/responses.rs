//! Answers of the upstream: what is wrong with them stays with us, what is right arrives exactly.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use amb_runtime::testing::Live;
use amb_tests_wire::caller::{Caller, get};
use amb_tests_wire::message::wire;
use amb_tests_wire::policies::{plain::Plain, tries::Tries};
use amb_tests_wire::upstream::{Upstream, close, eventually, keep, reply};

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
        ("a space before a folded line", "HTTP/1.1 200 OK|x-a : b| c : d|content-length: 0||"),
        ("a space without a colon", "HTTP/1.1 200 OK|x-a b|content-length: 0||"),
        (
            "two lengths behind spaces",
            "HTTP/1.1 200 OK|content-length : 3|content-length\t: 4||abcd",
        ),
        ("a bare LF", "HTTP/1.1 200 OK\ncontent-length: 0||"),
        ("no HTTP at all", "hello||"),
        ("empty lines before it", "||HTTP/1.1 200 OK|content-length: 0||"),
        ("a status of two digits", "HTTP/1.1 20 OK|content-length: 0||"),
        ("a status of four digits", "HTTP/1.1 2000 OK|content-length: 0||"),
        ("a status beyond 599", "HTTP/1.1 600 OK|content-length: 0||"),
        ("another version", "HTTP/2.0 200 OK|content-length: 0||"),
        ("a switch that nobody asked for", "HTTP/1.1 101 Switching Protocols|upgrade: x||"),
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
    response: &'static str,
    /// The upstream closes its connection afterwards.
    ends: bool,
    expect: &'static str,
    /// So do we.
    closed: bool,
}

const GET: &str = "GET / HTTP/1.1|host: @||";
const OLD: &str = "GET / HTTP/1.0|host: @||";

const FORWARDED: [Forwarded; 23] = [
    Forwarded {
        name: "a length",
        request: GET,
        response: "HTTP/1.1 200 Fine|X-A: b|content-length: 2||ab",
        ends: false,
        expect: "HTTP/1.1 200 Fine|X-A: b|content-length: 2||ab",
        closed: false,
    },
    Forwarded {
        name: "no reason",
        request: GET,
        response: "HTTP/1.1 200 |content-length: 0||",
        ends: false,
        expect: "HTTP/1.1 200 |content-length: 0||",
        closed: false,
    },
    Forwarded {
        name: "chunks",
        request: GET,
        response: "HTTP/1.1 200 OK|transfer-encoding: chunked||2;x=y|ab|0|x-sum: 1||",
        ends: false,
        expect: "HTTP/1.1 200 OK|transfer-encoding: chunked||2|ab|0|x-sum: 1||",
        closed: false,
    },
    Forwarded {
        name: "spaces before colons",
        request: GET,
        response: "HTTP/1.1 200 OK|X-A : b|x-b \t:c|content-length : 2||ab",
        ends: false,
        expect: "HTTP/1.1 200 OK|X-A:  b|x-b: \tc|content-length:  2||ab",
        closed: false,
    },
    Forwarded {
        name: "spaces before the colons of trailers",
        request: GET,
        response: "HTTP/1.1 200 OK|transfer-encoding: chunked||2|ab|0|x-sum : 1|x-b  : 2||",
        ends: false,
        expect: "HTTP/1.1 200 OK|transfer-encoding: chunked||2|ab|0|x-sum:  1|x-b:   2||",
        closed: false,
    },
    Forwarded {
        name: "chunks for HTTP/1.0",
        request: OLD,
        response: "HTTP/1.1 200 OK|transfer-encoding: chunked||2|ab|1|c|0|x-sum: 1||",
        ends: false,
        expect: "HTTP/1.1 200 OK|connection: close||abc",
        closed: true,
    },
    Forwarded {
        name: "the end of the connection",
        request: GET,
        response: "HTTP/1.1 200 OK||abc",
        ends: true,
        expect: "HTTP/1.1 200 OK|transfer-encoding: chunked||3|abc|0||",
        closed: false,
    },
    Forwarded {
        name: "the end of the connection at once",
        request: GET,
        response: "HTTP/1.1 200 OK||",
        ends: true,
        expect: "HTTP/1.1 200 OK|transfer-encoding: chunked||0||",
        closed: false,
    },
    Forwarded {
        name: "an upstream of HTTP/1.0",
        request: GET,
        response: "HTTP/1.0 200 OK||abc",
        ends: true,
        expect: "HTTP/1.1 200 OK|transfer-encoding: chunked||3|abc|0||",
        closed: false,
    },
    Forwarded {
        name: "the end of the connection, for HTTP/1.0",
        request: OLD,
        response: "HTTP/1.1 200 OK||abc",
        ends: true,
        expect: "HTTP/1.1 200 OK|connection: close||abc",
        closed: true,
    },
    Forwarded {
        name: "HEAD",
        request: "HEAD / HTTP/1.1|host: @||",
        response: "HTTP/1.1 200 OK|content-length: 9||",
        ends: false,
        expect: "HTTP/1.1 200 OK|content-length: 9||",
        closed: false,
    },
    Forwarded {
        name: "HEAD without a length",
        request: "HEAD / HTTP/1.1|host: @||",
        response: "HTTP/1.1 200 OK||",
        ends: false,
        expect: "HTTP/1.1 200 OK||",
        closed: false,
    },
    Forwarded {
        name: "204",
        request: GET,
        response: "HTTP/1.1 204 No Content||",
        ends: false,
        expect: "HTTP/1.1 204 No Content||",
        closed: false,
    },
    Forwarded {
        name: "204 with a length",
        request: GET,
        response: "HTTP/1.1 204 No Content|content-length: 0|x-a: b||",
        ends: false,
        expect: "HTTP/1.1 204 No Content|x-a: b||",
        closed: false,
    },
    Forwarded {
        name: "early hints with a length",
        request: GET,
        response: "HTTP/1.1 103 Early Hints|content-length: 3||HTTP/1.1 200 OK|content-length: 0||",
        ends: false,
        expect: "HTTP/1.1 103 Early Hints||HTTP/1.1 200 OK|content-length: 0||",
        closed: false,
    },
    Forwarded {
        name: "304 with a length",
        request: GET,
        response: "HTTP/1.1 304 Not Modified|content-length: 9||",
        ends: false,
        expect: "HTTP/1.1 304 Not Modified|content-length: 9||",
        closed: false,
    },
    Forwarded {
        name: "fields of the connection",
        request: GET,
        response: "HTTP/1.1 200 OK|connection: x-a|x-a: 1|keep-alive: 5|content-length: 0||",
        ends: false,
        expect: "HTTP/1.1 200 OK|content-length: 0||",
        closed: false,
    },
    Forwarded {
        name: "an upstream that closes",
        request: GET,
        response: "HTTP/1.1 200 OK|connection: close|content-length: 0||",
        ends: true,
        expect: "HTTP/1.1 200 OK|content-length: 0||",
        closed: false,
    },
    Forwarded {
        name: "a caller that closes",
        request: "GET / HTTP/1.1|host: @|connection: close||",
        response: "HTTP/1.1 200 OK|content-length: 1||a",
        ends: false,
        expect: "HTTP/1.1 200 OK|content-length: 1|connection: close||a",
        closed: true,
    },
    Forwarded {
        name: "a caller of HTTP/1.0 that stays",
        request: "GET / HTTP/1.0|host: @|connection: keep-alive||",
        response: "HTTP/1.1 200 OK|content-length: 1||a",
        ends: false,
        expect: "HTTP/1.1 200 OK|content-length: 1|connection: keep-alive||a",
        closed: false,
    },
    Forwarded {
        name: "early hints",
        request: GET,
        response: "HTTP/1.1 103 Early Hints|link: </a>||HTTP/1.1 200 OK|content-length: 0||",
        ends: false,
        expect: "HTTP/1.1 103 Early Hints|link: </a>||HTTP/1.1 200 OK|content-length: 0||",
        closed: false,
    },
    Forwarded {
        name: "early hints for HTTP/1.0",
        request: OLD,
        response: "HTTP/1.1 103 Early Hints|link: </a>||HTTP/1.1 200 OK|content-length: 0||",
        ends: false,
        expect: "HTTP/1.1 200 OK|content-length: 0|connection: close||",
        closed: true,
    },
    Forwarded {
        name: "a continue that nobody asked for",
        request: GET,
        response: "HTTP/1.1 100 Continue||HTTP/1.1 200 OK|content-length: 0||",
        ends: false,
        expect: "HTTP/1.1 200 OK|content-length: 0||",
        closed: false,
    },
];

#[test]
fn responses_arrive_exactly() {
    for Forwarded { name, request, response, ends, expect, closed } in FORWARDED {
        let response = if ends { close(wire(response)) } else { keep(wire(response)) };
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

/// Its status is an answer, whatever follows: nothing is tried again.
#[test]
fn a_body_that_is_malformed_from_the_start_is_cut() {
    for chunk in ["zz||", "8000000000000000|a"] {
        let response = wire(&format!("HTTP/1.1 200 OK|transfer-encoding: chunked||{chunk}"));
        let upstream = Upstream::script([close(response)]);
        let proxy = Live::start::<Tries>(1, &[("catalog", upstream.address)]);
        let mut caller = Caller::connect(proxy.address());
        let answer = caller.call(get("/"));
        assert_eq!((answer.status(), answer.text(), answer.complete), (200, "", false), "{chunk}");
        assert!(caller.is_closed(), "{chunk}");
        eventually("the log line", || proxy.log().contains('\n'));
        let log = proxy.log();
        assert!(log.contains("\"status\":200,\"source\":\"upstream\",\"tries\":1"), "{log}");
        assert!(log.contains("\"error\":\"http_protocol_error\""), "{log}");
    }
}

/// What is left of an answer when it is cut: bytes, then the end or a reset.
type Cut = (&'static str, &'static str, &'static str, bool);

const CUTS: [Cut; 5] = [
    ("no length, reset", "connection: close||abc", "", true),
    ("chunks, reset", "transfer-encoding: chunked||3|abc|", "", true),
    ("chunks, ended", "transfer-encoding: chunked||3|abc|", "", false),
    ("chunks, malformed", "transfer-encoding: chunked||3|abc|", "zz|", false),
    ("a length, ended", "content-length: 9||abc", "", false),
];

/// Plays a cut, once the caller has read what comes before it; shows how the caller's connection ends.
fn cut((name, begin, then, resets): Cut, version: &str) -> (String, Option<ErrorKind>) {
    let (go, gone) = channel::<()>();
    let gone = Mutex::new(gone);
    let upstream = Upstream::with(move |connection| {
        let Some(request) = connection.head() else { return };
        connection.record(request);
        connection.send(wire(&format!("HTTP/1.1 200 OK|{begin}")));
        gone.lock().unwrap().recv().unwrap();
        connection.send(wire(then));
        match resets {
            true => connection.reset(),
            false => connection.end(),
        }
    });
    let proxy = proxy(&upstream);
    let mut caller = TcpStream::connect(proxy.address()).unwrap();
    caller.write_all(wire(&format!("GET / HTTP/{version}|host: @||")).as_bytes()).unwrap();
    let mut got = Vec::new();
    while !got.windows(3).any(|bytes| bytes == b"abc") {
        let mut bytes = [0; 1024];
        let read = caller.read(&mut bytes).unwrap();
        assert!(read > 0, "{name}: {}", got.escape_ascii());
        got.extend_from_slice(&bytes[..read]);
    }
    go.send(()).unwrap();
    let error = caller.read_to_end(&mut got).err();
    (String::from_utf8(got).unwrap(), error.map(|error| error.kind()))
}

#[test]
fn a_cut_answer_never_looks_whole() {
    for row in CUTS {
        let (got, error) = cut(row, "1.1");
        assert_eq!(error, None, "{}", row.0);
        let chunked = got.contains("transfer-encoding: chunked") && !got.contains("\r\n0\r\n");
        assert!(chunked || got.contains("content-length: 9"), "{}: {got}", row.0);
        let (got, error) = cut(row, "1.0");
        let reset = error == Some(ErrorKind::ConnectionReset);
        assert!(reset || got.contains("content-length: 9"), "{}: {got}", row.0);
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
