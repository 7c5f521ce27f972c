//! What edits of a head name goes through behind the body no more than before it.
#![cfg(test)]

use amb_runtime::testing::Live;
use amb_tests_wire::caller::Caller;
use amb_tests_wire::frames::*;
use amb_tests_wire::policies::{full::Full, versions::Versions};
use amb_tests_wire::upstream::{Connection, Upstream, eventually};

const CHUNKED: &str = "transfer-encoding: chunked\r\n\r\n1\r\nx\r\n";
const EDITED: &str = "edited.shop.svc";

fn sum() -> Vec<(String, String)> {
    vec![("x-sum".to_owned(), "1".to_owned())]
}

/// Both at once, or the trailers once the rest has been seen: before and after the head was edited.
#[test]
fn over_http1_in_either_direction() {
    let late = |connection: &mut Connection| {
        let head = format!("HTTP/1.1 200 OK\r\n{CHUNKED}");
        let trailers = "0\r\nX-Served-By: me\r\nx-sum: 1\r\nx-served-by: you\r\n\r\n";
        if connection.served() % 2 == 1 {
            connection.send(head + trailers)
        } else {
            connection.send(head) && connection.request() && connection.send(trailers)
        }
    };
    let upstream =
        Upstream::with(move |connection| while connection.request() && late(connection) {});
    let proxy = Live::start::<Full>(1, &[("catalog", upstream.address)]);
    let head = format!("PUT /a HTTP/1.1\r\nhost: catalog.shop.svc\r\n{CHUNKED}");
    let trailers = "0\r\nX-Internal-Debug: yes\r\nx-sum: 1\r\nx-request-id: mine\r\n\r\n";
    let mut caller = Caller::connect(proxy.address());
    let answer = caller.call(format!("{head}{trailers}"));
    assert_eq!((answer.text(), &answer.trailers), ("x", &sum()));
    let mut caller = Caller::connect(proxy.address());
    caller.send(head);
    eventually("the log line", || proxy.log().lines().count() == 1);
    caller.send(trailers);
    caller.send("GET /next HTTP/1.1\r\nhost: catalog.shop.svc\r\n\r\n");
    drop(caller.head());
    for request in &upstream.requests()[..2] {
        assert_eq!((request.text(), &request.trailers), ("x", &sum()));
    }
}

#[test]
fn over_http2_in_either_direction() {
    // Is the request's last frame one of trailers?
    let upstream = Upstream::with(|connection| {
        let Some(mut serving) = Serving::begin(connection, &[]) else { return };
        // An acknowledgement of the connection has the same flag.
        let ends = |frame: &Frame| frame.stream > 0 && frame.is(frame.kind, END_STREAM);
        while let Some(end) = serving.find(ends) {
            let stream = end.stream;
            let body = if end.kind == HEADERS { "trailers" } else { "none" };
            let head = headers(stream, END_HEADERS, &[(":status", "200")]);
            let trailers = headers(stream, WHOLE, &[("x-gone", "yes"), ("x-sum", "1")]);
            serving.send(&[head, data(stream, 0, body), trailers]);
        }
    });
    let proxy = Live::start::<Versions>(1, &[("edited", upstream.address)]);
    for (trailers, seen) in
        [("x-gone: yes\r\n", "none"), ("x-gone: yes\r\nx-sum: 1\r\n", "trailers")]
    {
        let head = format!("PUT /a HTTP/1.1\r\nhost: {EDITED}\r\n{CHUNKED}");
        let answer = Caller::connect(proxy.address()).call(format!("{head}0\r\n{trailers}\r\n"));
        assert_eq!((answer.text(), &answer.trailers), (seen, &sum()));
    }
    let mut peer = Peer::connect(proxy.address());
    let request = [(":method", "PUT"), (":scheme", "http"), (":path", "/"), (":authority", EDITED)];
    let trailers = headers(1, WHOLE, &[("x-gone", "yes")]);
    peer.frames(&[headers(1, END_HEADERS, &request), data(1, 0, "x"), trailers]);
    assert_eq!(peer.find(|frame| frame.kind == DATA).unwrap().payload, b"none");
}
