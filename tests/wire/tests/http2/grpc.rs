//! Calls of gRPC by hand: what their callers are told, and when they are not sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use amb_runtime::testing::Live;
use amb_tests_wire::frames::*;
use amb_tests_wire::policies::echoes::Echoes;
use amb_tests_wire::upstream::{Upstream, eventually};

use crate::peers::serving;

fn call(stream: u32) -> Frame {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/amb.test.Echo/Unary"),
        (":authority", "echo.test.svc"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    headers(stream, WHOLE, &fields)
}

/// Makes one call. How the log says that it ended, and how often the upstream saw it.
fn ending(reply: impl Fn(&mut Serving<'_>, u32) + Send + Sync + 'static) -> (String, usize) {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    let upstream = serving(move |serving| {
        while let Some(stream) = serving.request() {
            counted.fetch_add(1, Ordering::SeqCst);
            reply(serving, stream);
        }
    });
    let status = status(&upstream);
    (status, seen.load(Ordering::SeqCst))
}

fn status(upstream: &Upstream) -> String {
    let proxy = Live::start::<Echoes>(1, &[("echo", upstream.address)]);
    let mut peer = Peer::connect(proxy.address());
    peer.frame(&call(1));
    assert!(peer.find(|frame| frame.is(HEADERS, END_STREAM)).is_some());
    eventually("the log line", || proxy.log().contains("grpc_status"));
    let log = proxy.log();
    let (_, status) = log.split_once("\"grpc_status\":\"").unwrap();
    status.split('"').next().unwrap().to_owned()
}

/// `unavailable` would tell the caller's library to send the call again.
#[test]
fn a_reset_before_the_head_says_what_its_code_means() {
    const INADEQUATE_SECURITY: u32 = 0xc;
    for (code, status) in [
        (CANCEL, "cancelled"),
        (ENHANCE_YOUR_CALM, "resource-exhausted"),
        (INADEQUATE_SECURITY, "permission-denied"),
        (NO_ERROR, "internal"),
        (PROTOCOL_ERROR, "internal"),
        (INTERNAL_ERROR, "internal"),
        (99, "internal"),
    ] {
        let ended = ending(move |serving, stream| {
            serving.send(&[reset(stream, code)]);
        });
        assert_eq!(ended, (status.to_owned(), 1), "{code}");
    }
}

/// The same if what ends it is not the stream but its connection, or an answer that is none.
#[test]
fn no_call_that_may_have_been_carried_out_is_unavailable() {
    let broken = ending(|serving, _| serving.cut());
    assert_eq!(broken, ("internal".to_owned(), 1));
    let malformed = ending(|serving, stream| {
        serving.send(&[headers(stream, WHOLE, &[(":status", "1")])]);
    });
    assert_eq!(malformed, ("internal".to_owned(), 1));
}

const HEAD: [(&str, &str); 2] = [(":status", "200"), ("content-type", "application/grpc")];
const UNAVAILABLE: (&str, &str) = ("grpc-status", "14");

/// What is nothing but a head may be asked for again; any other head is the answer, whether or not the
/// rest comes with it.
#[test]
fn a_head_commits_the_call_unless_it_is_all_there_is() {
    let only = |stream| headers(stream, WHOLE, &[&HEAD[..], &[UNAVAILABLE]].concat());
    let head = |stream| headers(stream, END_HEADERS, &HEAD);
    let message = |stream| data(stream, 0, b"\0\0\0\0\x02hi");
    let trailers = |stream| headers(stream, WHOLE, &[UNAVAILABLE]);
    let seen = |reply: fn(&[Frame]) -> Vec<&[Frame]>, with_message: bool| {
        let (status, seen) = ending(move |serving, stream| {
            let mut frames = vec![head(stream), message(stream), trailers(stream)];
            if !with_message {
                frames.remove(1);
            }
            reply(&frames).iter().for_each(|part| assert!(serving.send(part)));
        });
        assert_eq!(status, "unavailable");
        seen
    };
    let together: fn(&[Frame]) -> Vec<&[Frame]> = |frames| vec![frames];
    let apart: fn(&[Frame]) -> Vec<&[Frame]> = |frames| frames.chunks(1).collect();
    for reply in [together, apart] {
        assert_eq!([seen(reply, true), seen(reply, false)], [1, 1]);
    }
    let ended = ending(move |serving, stream| assert!(serving.send(&[only(stream)])));
    assert_eq!(ended, ("unavailable".to_owned(), 3));
}
