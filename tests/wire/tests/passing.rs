//! Calls to strangers, `otherwise pass`: their connections are kept, too.
#![cfg(test)]

use amb_runtime::testing::Live;
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
