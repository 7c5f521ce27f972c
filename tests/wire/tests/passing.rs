//! Calls to strangers, `otherwise pass`: their connections are kept, too.
#![cfg(test)]

use std::time::Duration;

use amb_runtime::testing::{Live, Request, Scenario, Version};
use amb_tests_wire::caller::call;
use amb_tests_wire::frames::*;
use amb_tests_wire::policies::passing::Passing;
use amb_tests_wire::upstream::{Upstream, close, reply};

const CALLS: usize = 20;

#[test]
fn callers_share_a_connection_to_a_stranger() {
    let upstream = Upstream::script([reply("200 OK", "fine")]);
    let proxy = Live::start::<Passing>(1, &[]);
    let port = upstream.address.port();
    for host in ["127.0.0.1", "localhost"] {
        let request = format!("GET / HTTP/1.1\r\nhost: {host}:{port}\r\n\r\n");
        for _ in 0..CALLS {
            assert_eq!(call(proxy.address(), &request).text(), "fine");
        }
    }
    // A stranger is who was dialled, whatever addresses that has.
    assert_eq!(upstream.connections(), 2);
}

#[test]
fn callers_of_http2_share_one() {
    let upstream = Upstream::with(|connection| {
        let mut serving = Serving::begin(connection, &[]).unwrap();
        while let Some(stream) = serving.request() {
            serving.answer(stream, "fine");
        }
    });
    let proxy = Live::start::<Passing>(1, &[]);
    let authority = upstream.address.to_string();
    let head =
        [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", &authority)];
    for _ in 0..CALLS {
        let mut peer = Peer::connect(proxy.address());
        peer.frame(&headers(1, WHOLE, &head));
        assert_eq!(peer.find(|frame| frame.is(DATA, END_STREAM)).unwrap().payload, b"fine");
    }
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn a_connection_that_a_stranger_closes_is_no_failure() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";
    let upstream = Upstream::script([close(answer)]);
    let proxy = Live::start::<Passing>(1, &[]);
    let request = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", upstream.address);
    for _ in 0..CALLS {
        assert_eq!(call(proxy.address(), &request).text(), "fine");
    }
}

/// RFC 9209 §2.3.1: the destination may be fine.
#[test]
fn name_servers_that_say_nothing_are_not_the_strangers_silence() {
    for (callers, method, target, patience) in [
        (Version::Http1, "GET", "/", 3),
        (Version::Http2, "GET", "/", 3),
        (Version::Http1, "CONNECT", "stranger.test:443", 10),
    ] {
        let host = if method == "CONNECT" { target } else { "stranger.test" };
        let request = Request::new(method, host, target).nameless();
        let observed = Scenario::<Passing>::new().callers(callers).request(request).run();
        assert_eq!(observed.status(), 502, "{observed:#?}");
        assert_eq!(observed.response_header("proxy-status"), Some("amb; error=dns_timeout"));
        assert_eq!(observed.elapsed(), Duration::from_secs(patience));
    }
}
