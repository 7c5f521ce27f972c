//! `expect: 100-continue` (RFC 9110 §10.1.1), and answers that come before the body has.

use std::sync::atomic::{AtomicBool, Ordering};

use amb_runtime::testing::Live;
use amb_tests_wire::caller::{Caller, get};
use amb_tests_wire::message::Message;
use amb_tests_wire::policies::{blame::Blame, plain::Plain, tries::Tries};
use amb_tests_wire::upstream::eventually;
use amb_tests_wire::upstream::{Connection, Upstream, reply};

const HEAD: &str = "POST / HTTP/1.1\r\nhost: catalog.shop.svc\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n";
const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
const DONE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone";

fn proxy(upstream: &Upstream) -> Live {
    Live::start::<Plain>(1, &[("catalog", upstream.address)])
}

fn finish(connection: &mut Connection, mut request: Message) {
    connection.body(&mut request);
    connection.record(request);
    connection.send(DONE);
}

#[test]
fn the_upstream_lets_the_body_come() {
    let upstream = Upstream::with(|connection| {
        let request = connection.head().unwrap();
        assert_eq!(request.field("expect"), Some("100-continue"));
        connection.send(CONTINUE);
        finish(connection, request);
    });
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    assert_eq!(caller.call(HEAD).start, "HTTP/1.1 100 Continue");
    assert_eq!(caller.call("body").text(), "done");
    assert_eq!(upstream.requests()[0].text(), "body");
}

/// Its upstream says `100 Continue` and breaks off: the caller has its permission all the same, and once.
#[test]
fn a_retry_does_not_swallow_the_permission() {
    let first = AtomicBool::new(true);
    let upstream = Upstream::with(move |connection| {
        let request = connection.head().unwrap();
        connection.send(CONTINUE);
        if first.swap(false, Ordering::SeqCst) {
            return connection.reset();
        }
        finish(connection, request);
    });
    let proxy = Live::start::<Tries>(1, &[("catalog", upstream.address)]);
    let mut caller = Caller::connect(proxy.address());
    assert_eq!(caller.call(HEAD.replace("POST", "PUT")).status(), 100);
    assert_eq!(caller.call("body").text(), "done");
    assert_eq!(upstream.requests()[0].text(), "body");
    assert_eq!(upstream.connections(), 2);
}

/// Interim responses are the call's: one that is half written when its try fails is written to its end, and
/// what the next try brings comes behind it.
#[test]
fn a_retry_cuts_no_interim_response() {
    const EACH: usize = 16;
    let first = AtomicBool::new(true);
    let upstream = Upstream::with(move |connection| {
        let request = connection.head().unwrap();
        let hints = format!("HTTP/1.1 103 Early Hints\r\nlink: {}\r\n\r\n", "x".repeat(60_000));
        connection.send(hints.repeat(EACH));
        if first.swap(false, Ordering::SeqCst) {
            return connection.end();
        }
        finish(connection, request);
    });
    let proxy = Live::start::<Tries>(1, &[("catalog", upstream.address)]);
    let mut caller = Caller::connect_narrowly(proxy.address());
    caller.send(get("/a"));
    // So long nothing of it is read.
    eventually("the second try", || upstream.requests().len() == 1);
    let written = caller.unread();
    for at in 0..2 * EACH {
        let hints = caller.answer();
        assert_eq!((hints.status(), hints.field("link").map(str::len)), (103, Some(60_000)));
        let length = hints.raw.len();
        assert!(
            at > 0 || written < EACH * length && !written.is_multiple_of(length),
            "{written} of {length}"
        );
    }
    assert_eq!(caller.answer().text(), "done");
}

#[test]
fn an_upstream_that_says_nothing_gets_the_body_all_the_same() {
    let upstream = Upstream::with(|connection| {
        let request = connection.head().unwrap();
        finish(connection, request);
    });
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    assert_eq!(caller.call(HEAD).status(), 100);
    assert_eq!(caller.call("body").text(), "done");
}

#[test]
fn a_caller_that_does_not_wait_is_not_held_up() {
    let upstream = Upstream::script([reply("200 OK", "done")]);
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    caller.send(format!("{HEAD}body{}", get("/next")));
    assert_eq!(caller.answer().text(), "done");
    assert_eq!(caller.answer().text(), "done");
    assert_eq!(upstream.requests()[0].text(), "body");
}

#[test]
fn a_refusal_reaches_the_caller_before_its_body_and_ends_both_connections() {
    let upstream = Upstream::with(|connection| {
        let request = connection.head().unwrap();
        connection.send("HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(connection.rest(), b"");
        connection.record(request);
    });
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    let answer = caller.call(HEAD);
    assert_eq!((answer.status(), answer.field("connection")), (413, Some("close")));
    assert!(caller.is_closed());
    eventually("the end of the upstream's connection", || upstream.requests().len() == 1);
}

#[test]
fn an_answer_before_the_whole_body_ends_both_connections() {
    let upstream = Upstream::with(|connection| {
        let Some(request) = connection.head() else { return };
        connection.send(DONE);
        // The proxy may pass on what it has; it must not send another request.
        let rest = connection.rest();
        assert!(!rest.windows(4).any(|bytes| bytes == b"GET "), "{rest:?}");
        connection.record(request);
    });
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    let head = "POST / HTTP/1.1\r\nhost: catalog.shop.svc\r\ncontent-length: 1000\r\n\r\n";
    let answer = caller.call(format!("{head}some"));
    assert_eq!((answer.text(), answer.field("connection")), ("done", Some("close")));
    assert!(caller.is_closed());
    eventually("the end of the upstream's connection", || upstream.requests().len() == 1);
    let mut other = Caller::connect(proxy.address());
    assert_eq!(other.call(get("/")).text(), "done");
    assert_eq!(upstream.connections(), 2);
}

#[test]
fn a_caller_that_leaves_within_its_body_leaves_no_connection_behind() {
    let upstream = Upstream::script([reply("200 OK", "fine")]);
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    caller.send("POST / HTTP/1.1\r\nhost: catalog.shop.svc\r\ncontent-length: 9\r\n\r\nsome");
    drop(caller);
    eventually("the end of the upstream's connection", || upstream.requests().len() == 1);
    let cut = &upstream.requests()[0];
    assert_eq!((cut.text(), cut.complete), ("some", false));
    let mut other = Caller::connect(proxy.address());
    assert_eq!(other.call(get("/")).text(), "fine");
    assert_eq!(upstream.connections(), 2);
}

/// No upstream is to blame for a body that the proxy holds back.
#[test]
fn an_upstream_that_says_nothing_has_time_left_for_the_body() {
    let upstream = Upstream::with(|connection| {
        let request = connection.head().unwrap();
        finish(connection, request);
    });
    let proxy = Live::start::<Blame>(1, &[("catalog", upstream.address)]);
    let mut caller = Caller::connect(proxy.address());
    assert_eq!(caller.call(HEAD).status(), 100);
    assert_eq!(caller.call("body").text(), "done");
}
