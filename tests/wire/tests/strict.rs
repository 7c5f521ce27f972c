//! Where other parsers are lenient, this proxy refuses; what it lets through, it forwards exactly.
//!
//! One row per rule. A refused request never reaches the upstream, and its connection ends: what
//! follows it on the wire cannot be trusted.

use std::net::SocketAddr;
use std::time::Duration;

use amb_runtime::testing::{Live, Request, Scenario};
use amb_tests_wire::caller::{Caller, call, get};
use amb_tests_wire::message::wire;
use amb_tests_wire::policies::plain::Plain;
use amb_tests_wire::upstream::{Upstream, close, reply};

fn proxy(upstream: &Upstream) -> Live {
    Live::start::<Plain>(1, &[("catalog", upstream.address)])
}

/// The proxy's own `proxy-status` says that the request was at fault.
fn refused(address: SocketAddr, name: &str, bytes: impl AsRef<[u8]>, status: u16) {
    let mut caller = Caller::connect(address);
    let answer = caller.call(bytes);
    assert_eq!(answer.status(), status, "{name}");
    assert_eq!(answer.field("connection"), Some("close"), "{name}");
    let said = answer.field("proxy-status").unwrap_or_default();
    assert!(said.starts_with("amb; error=http_request_error"), "{name}: {said}");
    assert!(caller.is_closed(), "{name}");
}

/// However it is spread over time: a line's end gives no new patience, nor does its absence.
#[test]
fn a_head_is_complete_within_ten_seconds_of_its_first_byte() {
    for (pace, status) in [(50, 200), (200, 408), (800, 408)] {
        let request =
            Request::new("GET", "catalog.shop.svc", "/").pace(Duration::from_millis(pace));
        let observed = Scenario::<Plain>::new().request(request).run();
        assert_eq!(observed.status(), status, "a byte in {pace} ms");
        let patience = Duration::from_secs(10) + Duration::from_millis(2 * pace);
        assert!(observed.elapsed() <= patience, "{pace} ms: {:?}", observed.elapsed());
    }
}

/// What is wrong, the request, and the status that refuses it.
const AMBIGUOUS: &[(&str, &str, u16)] = &[
    (
        "both framings",
        "POST / HTTP/1.1|host: @|transfer-encoding: chunked|content-length: 3||0||",
        400,
    ),
    (
        "both framings, turned round",
        "POST / HTTP/1.1|host: @|content-length: 3|transfer-encoding: chunked||0||",
        400,
    ),
    ("two lengths", "POST / HTTP/1.1|host: @|content-length: 3|content-length: 4||abcd", 400),
    ("a list of lengths", "POST / HTTP/1.1|host: @|content-length: 3, 3||abc", 400),
    ("a signed length", "POST / HTTP/1.1|host: @|content-length: +3||abc", 400),
    ("a negative length", "POST / HTTP/1.1|host: @|content-length: -3||abc", 400),
    ("a length in hexadecimal", "POST / HTTP/1.1|host: @|content-length: 0x3||abc", 400),
    ("an empty length", "POST / HTTP/1.1|host: @|content-length: ||abc", 400),
    (
        "a length beyond counting",
        "POST / HTTP/1.1|host: @|content-length: 99999999999999999999||",
        400,
    ),
    (
        "a coding before chunked",
        "POST / HTTP/1.1|host: @|transfer-encoding: gzip, chunked||0||",
        501,
    ),
    (
        "a coding after chunked",
        "POST / HTTP/1.1|host: @|transfer-encoding: chunked, gzip||0||",
        400,
    ),
    (
        "chunked twice",
        "POST / HTTP/1.1|host: @|transfer-encoding: chunked|transfer-encoding: chunked||0||",
        400,
    ),
    ("identity", "POST / HTTP/1.1|host: @|transfer-encoding: identity||", 400),
    ("a coding that hides", "POST / HTTP/1.1|host: @|transfer-encoding: xchunked||0||", 400),
    ("chunks in HTTP/1.0", "POST / HTTP/1.0|host: @|transfer-encoding: chunked||0||", 400),
    ("a folded line", "GET / HTTP/1.1|host: @|x-a: b| c||", 400),
    ("a space before the colon", "GET / HTTP/1.1|host : @||", 400),
    ("a space before a length's colon", "POST / HTTP/1.1|host: @|content-length : 3||abc", 400),
    ("a NUL in a value", "GET / HTTP/1.1|host: @|x-a: b\0c||", 400),
    ("a NUL in a name", "GET / HTTP/1.1|host: @|x\0a: b||", 400),
    ("a name without a colon", "GET / HTTP/1.1|host: @|x-a||", 400),
    ("an empty name", "GET / HTTP/1.1|host: @|: b||", 400),
    ("a bare CR in a value", "GET / HTTP/1.1|host: @|x-a: b\rc||", 400),
    ("bare LFs", "GET / HTTP/1.1\nhost: @\n\n", 400),
    ("one bare LF", "GET / HTTP/1.1|host: @\nx-a: b||", 400),
    ("a bare LF at the head's end", "GET / HTTP/1.1|host: @|x-a: b\n\n", 400),
    ("no host", "GET / HTTP/1.1|x-a: b||", 400),
    ("two hosts", "GET / HTTP/1.1|host: @|host: @||", 400),
    ("two different hosts", "GET / HTTP/1.1|host: @|host: other.shop.svc||", 400),
    ("a list of hosts", "GET / HTTP/1.1|host: @, other.shop.svc||", 400),
    ("a user in the host", "GET / HTTP/1.1|host: me@@||", 400),
    ("a port beyond counting", "GET / HTTP/1.1|host: @:70000||", 400),
    ("an absolute target for another host", "GET http://other.shop.svc/ HTTP/1.1|host: @||", 400),
    ("a name that ends in an empty label", "GET / HTTP/1.1|host: @..||", 400),
    ("an absolute target that ends so", "GET http://@..:80/ HTTP/1.1|host: @..:80||", 400),
    ("an absolute target with another port", "GET http://@:81/ HTTP/1.1|host: @||", 400),
    ("an absolute target with a Host that is none", "GET http://@/ HTTP/1.1|host: me@@||", 400),
    ("an absolute target without a host", "GET http:/// HTTP/1.0||", 400),
    ("a user in an absolute target", "GET http://me@@/ HTTP/1.1|host: @||", 400),
    ("another scheme", "GET ftp://@/ HTTP/1.1|host: @||", 400),
    ("a target without a slash", "GET stock HTTP/1.1|host: @||", 400),
    ("an asterisk for anything but OPTIONS", "GET * HTTP/1.1|host: @||", 400),
    ("a fragment", "GET /a#b HTTP/1.1|host: @||", 400),
    ("two spaces before the version", "GET /  HTTP/1.1|host: @||", 400),
    ("a space in the target", "GET /a b HTTP/1.1|host: @||", 400),
    ("no target", "GET HTTP/1.1|host: @||", 400),
    ("CONNECT without a port", "CONNECT @ HTTP/1.1|host: @||", 400),
    ("CONNECT without a host", "CONNECT :443 HTTP/1.1|host: :443||", 400),
    ("CONNECT to a path", "CONNECT /a HTTP/1.1|host: @||", 400),
    ("CONNECT to a URL", "CONNECT http://@:443/ HTTP/1.1|host: @:443||", 400),
    ("CONNECT to another host", "CONNECT @:443 HTTP/1.1|host: @:444||", 400),
    ("CONNECT with a body", "CONNECT @:443 HTTP/1.1|host: @:443|content-length: 1||a", 400),
    ("HTTP/1.2", "GET / HTTP/1.2|host: @||", 505),
    ("HTTP/2.0", "GET / HTTP/2.0|host: @||", 505),
    ("almost the preface of HTTP/2", "PRI * HTTP/2.0||XX||", 505),
    ("HTTP/0.9", "GET /||", 400),
    ("a control byte in the method", "G\x01T / HTTP/1.1|host: @||", 400),
];

/// Only a well-formed start line with another version is 505.
#[test]
fn ambiguous_requests_never_reach_the_upstream() {
    let upstream = Upstream::script([reply("200 OK", "never")]);
    let proxy = proxy(&upstream);
    for (name, request, status) in AMBIGUOUS {
        refused(proxy.address(), name, wire(request), *status);
    }
    assert_eq!(upstream.connections(), 0);
}

/// A body would be taken for the next answer.
#[test]
fn a_refusal_of_head_has_no_body() {
    let upstream = Upstream::script([reply("200 OK", "never")]);
    let proxy = proxy(&upstream);
    let fields = "x-a: b|".repeat(101);
    let rows = [
        ("HEAD / HTTP/1.1|host: @|host: @||".to_owned(), 400),
        (format!("HEAD / HTTP/1.1|host: @|{fields}|"), 431),
        ("||HEAD / HTTP/1.1|host: @|transfer-encoding: gzip, chunked||".to_owned(), 501),
        ("HEAD / HTTP/1.2|host: @||".to_owned(), 505),
        ("HEAD / HTTP/1.1|host: @|transfer-encoding: chunked||zz||".to_owned(), 400),
    ];
    for (request, status) in rows {
        let mut caller = Caller::connect(proxy.address());
        let answer = caller.head_of(wire(&request));
        assert_eq!(answer.status(), status, "{request}");
        assert_eq!(caller.rest(), b"", "{request}");
    }
}

/// Each would be looked for among all fields.
#[test]
fn connection_options_are_bounded() {
    let upstream = Upstream::script([reply("200 OK", "")]);
    let proxy = proxy(&upstream);
    let head = |options: &str| wire(&format!("GET / HTTP/1.1|host: @|connection: {options}||"));
    assert_eq!(call(proxy.address(), head(&"a,,".repeat(100))).status(), 200);
    refused(proxy.address(), "101 options", head(&"a,".repeat(101)), 431);
}

#[test]
fn heads_are_bounded() {
    let fields = |count: usize| "x-a: b\r\n".repeat(count);
    let head = |fields: &str| format!("GET / HTTP/1.1\r\nhost: catalog.shop.svc\r\n{fields}\r\n");
    let long = |bytes: usize| format!("x-a: {}\r\n", "b".repeat(bytes));
    let upstream = Upstream::script([reply("200 OK", "")]);
    let proxy = proxy(&upstream);
    assert_eq!(call(proxy.address(), head(&fields(99))).status(), 200);
    assert_eq!(call(proxy.address(), head(&long(60 * 1024))).status(), 200);
    refused(proxy.address(), "101 fields", head(&fields(100)), 431);
    refused(proxy.address(), "65 KiB", head(&long(65 * 1024)), 431);
    refused(proxy.address(), "a long target", get(&format!("/{}", "a".repeat(66_000))), 431);
    assert_eq!(upstream.requests().len(), 2);
}

#[test]
fn malformed_chunks_end_both_connections() {
    let long = format!("1;{}|a|0||", "x".repeat(300));
    let trailers = format!("0|x-a: {}||", "b".repeat(9_000));
    let rows = [
        ("no size", "|a|0||"),
        ("a sign", "+1|a|0||"),
        ("a prefix", "0x1|a|0||"),
        ("a size beyond counting", "fffffffffffffffff|"),
        ("a size that others take for a negative one", "8000000000000000|a"),
        ("a bare LF behind the size", "1\na|0||"),
        ("no CRLF behind the data", "1|ab0||"),
        ("an extension without a semicolon", "1 x|a|0||"),
        ("a control byte in an extension", "1;\x01|a|0||"),
        ("an endless extension", long.as_str()),
        ("endless trailers", trailers.as_str()),
        ("a length in the trailers", "0|content-length: 3||"),
        ("a coding in the trailers", "0|transfer-encoding: chunked||"),
        ("a host in the trailers", "0|host: other||"),
        ("a bare LF in the trailers", "0|x-a: b\nx-b: c||"),
    ];
    for (name, body) in rows {
        let upstream = Upstream::script([reply("200 OK", "never")]);
        let proxy = proxy(&upstream);
        let mut caller = Caller::connect(proxy.address());
        let head = wire("POST / HTTP/1.1|host: @|transfer-encoding: chunked||");
        // The head alone first, so that the upstream has seen it when the body turns out bad.
        caller.send(head + &wire("1|z|"));
        caller.send(wire(body));
        let answer = caller.answer();
        assert_eq!(answer.status(), 400, "{name}");
        assert_eq!(answer.field("connection"), Some("close"), "{name}");
        assert!(caller.is_closed(), "{name}");
        drop((caller, proxy));
        assert!(upstream.requests().iter().all(|request| !request.complete), "{name}");
    }
}

/// What it is about, the request, and what the upstream gets of it.
const LET_THROUGH: &[(&str, &str, &str)] = &[
    (
        "as it came",
        "GET /a?b=c HTTP/1.1|Host: @|X-Upper: Kept  |x-empty:||",
        "GET /a?b=c HTTP/1.1|Host: @|X-Upper: Kept  |x-empty:||",
    ),
    ("an absolute target", "GET http://@/a?b HTTP/1.1|host: @||", "GET /a?b HTTP/1.1|host: @||"),
    (
        "an absolute target without a path",
        "GET http://@ HTTP/1.1|host: @||",
        "GET / HTTP/1.1|host: @||",
    ),
    (
        "an absolute target with a query alone",
        "GET http://@?b HTTP/1.1|host: @||",
        "GET /?b HTTP/1.1|host: @||",
    ),
    (
        "an absolute target that names the port that goes without saying",
        "GET http://@:80/a HTTP/1.1|host: @||",
        "GET /a HTTP/1.1|host: @:80||",
    ),
    (
        "a Host that names it",
        "GET http://CATALOG.shop.svc./a HTTP/1.1|x-a: b|host: @:80||",
        "GET /a HTTP/1.1|host: @.|x-a: b||",
    ),
    (
        "an absolute target of HTTP/1.0",
        "GET http://@:8080/a HTTP/1.0|x-a: b||",
        "GET /a HTTP/1.1|host: @:8080|x-a: b||",
    ),
    (
        "an absolute target that is the whole server",
        "OPTIONS http://@ HTTP/1.1|host: @||",
        "OPTIONS * HTTP/1.1|host: @||",
    ),
    (
        "an absolute target with a query for the whole server",
        "OPTIONS http://@?a HTTP/1.1|host: @||",
        "OPTIONS /?a HTTP/1.1|host: @||",
    ),
    ("an asterisk", "OPTIONS * HTTP/1.1|host: @||", "OPTIONS * HTTP/1.1|host: @||"),
    (
        "a host in capitals, a port, a dot",
        "GET / HTTP/1.1|host: CATALOG.shop.svc.:8080||",
        "GET / HTTP/1.1|host: @.:8080||",
    ),
    ("empty lines before", "||GET / HTTP/1.1|host: @||", "GET / HTTP/1.1|host: @||"),
    (
        "fields of the connection",
        "GET / HTTP/1.1|host: @|connection: x-a, keep-alive|x-a: 1|x-b: 2|keep-alive: 5|te: trailers|proxy-connection: close||",
        "GET / HTTP/1.1|host: @|x-b: 2||",
    ),
    (
        "a connection that names the host",
        "GET / HTTP/1.1|host: @|connection: host||",
        "GET / HTTP/1.1|host: @||",
    ),
    (
        "an upgrade",
        "GET / HTTP/1.1|host: @|connection: upgrade|upgrade: websocket||",
        "GET / HTTP/1.1|host: @|upgrade: websocket|connection: upgrade||",
    ),
    (
        "two equal lengths",
        "POST / HTTP/1.1|host: @|content-length: 3|content-length: 3||abc",
        "POST / HTTP/1.1|host: @|content-length: 3||abc",
    ),
    (
        "a body for GET",
        "GET / HTTP/1.1|host: @|content-length: 3||abc",
        "GET / HTTP/1.1|host: @|content-length: 3||abc",
    ),
    (
        "a connection that names the length",
        "POST / HTTP/1.1|host: @|connection: content-length|content-length: 3||abc",
        "POST / HTTP/1.1|host: @|content-length: 3||abc",
    ),
    (
        "chunks",
        "POST / HTTP/1.1|host: @|transfer-encoding: chunked||3|abc|0||",
        "POST / HTTP/1.1|host: @|transfer-encoding: chunked||3|abc|0||",
    ),
    (
        "Chunked in capitals",
        "POST / HTTP/1.1|host: @|transfer-encoding: CHUNKED||0||",
        "POST / HTTP/1.1|host: @|transfer-encoding: chunked||0||",
    ),
    (
        "chunk extensions",
        "POST / HTTP/1.1|host: @|transfer-encoding: chunked||3;a=b|abc|0;c||",
        "POST / HTTP/1.1|host: @|transfer-encoding: chunked||3|abc|0||",
    ),
    (
        "trailers",
        "POST / HTTP/1.1|host: @|transfer-encoding: chunked||1|a|0|x-sum: 9||",
        "POST / HTTP/1.1|host: @|transfer-encoding: chunked||1|a|0|x-sum: 9||",
    ),
    ("a caller of HTTP/1.0", "GET / HTTP/1.0|host: @||", "GET / HTTP/1.1|host: @||"),
    ("an unknown method", "PURGE / HTTP/1.1|host: @||", "PURGE / HTTP/1.1|host: @||"),
];

#[test]
fn what_is_let_through_arrives_exactly() {
    let upstream = Upstream::script([reply("200 OK", "")]);
    let proxy = proxy(&upstream);
    for (at, (name, request, expect)) in LET_THROUGH.iter().enumerate() {
        assert_eq!(call(proxy.address(), wire(request)).status(), 200, "{name}");
        let seen = upstream.requests();
        let seen = String::from_utf8(seen[at].raw.clone()).unwrap();
        assert_eq!(seen, wire(expect), "{name}");
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let echo = Upstream::with(|connection| {
        while let Some(mut request) = connection.head() {
            connection.body(&mut request);
            let path = request.start.split(' ').nth(1).unwrap().to_owned();
            connection.record(request);
            let length = path.len();
            connection.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{path}"));
        }
    });
    let proxy = proxy(&echo);
    let mut caller = Caller::connect(proxy.address());
    let paths: Vec<_> = (0..20).map(|n| format!("/{n}")).collect();
    let post = wire("POST /with-body HTTP/1.1|host: @|content-length: 4||GET ");
    caller.send(paths.iter().map(|path| get(path)).collect::<String>() + &post + &get("/last"));
    for path in paths.iter().map(String::as_str).chain(["/with-body", "/last"]) {
        assert_eq!(caller.answer().text(), path);
    }
    assert_eq!(echo.connections(), 1);
}

#[test]
fn a_refused_request_behind_a_good_one_takes_nothing_from_it() {
    let upstream = Upstream::script([reply("200 OK", "first")]);
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    caller.send(get("/") + "GET / HTTP/1.1\nhost: x\n\n" + &get("/third"));
    assert_eq!(caller.answer().text(), "first");
    assert_eq!(caller.answer().status(), 400);
    assert!(caller.is_closed());
    assert_eq!(upstream.requests().len(), 1);
}

#[test]
fn bytes_behind_an_upgrade_that_is_declined_are_not_forwarded() {
    let upstream = Upstream::script([reply("426 Upgrade Required", "no"), close("")]);
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    caller.send(wire("GET / HTTP/1.1|host: @|connection: upgrade|upgrade: x||\x01\x02 not HTTP||"));
    assert_eq!(caller.answer().text(), "no");
    assert_eq!(caller.answer().status(), 400);
    assert!(caller.is_closed());
    let only = wire("GET / HTTP/1.1|host: @|upgrade: x|connection: upgrade||");
    let seen: Vec<_> = upstream.requests().into_iter().map(|request| request.raw).collect();
    assert_eq!(seen, [only.into_bytes()]);
}
