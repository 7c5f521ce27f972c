//! Kept connections that end: what is sent again, how often, and who counts it.

use amb_runtime::prelude::Proxy;
use amb_runtime::testing::Live;
use amb_tests_wire::caller::{Caller, get, with_body};
use amb_tests_wire::policies::full::Full;
use amb_tests_wire::policies::plain::Plain;
use amb_tests_wire::policies::tries::Tries;
use amb_tests_wire::upstream::{Upstream, eventually};

const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// Answers the first request of each connection, and takes a second one without a word but `said`.
fn dying(said: &'static str) -> Upstream {
    Upstream::with(move |connection| {
        if connection.request() && connection.send(FINE) && connection.request() {
            connection.send(said);
            connection.end();
        }
    })
}

/// Answers one request and then takes all that come, as an upstream that dies over and over.
fn dying_for_good() -> Upstream {
    Upstream::with(|connection| {
        let first = connection.served() == 0;
        if connection.request() && first && connection.send(FINE) {
            connection.request();
        }
        connection.end();
    })
}

/// A call on a kept connection, and how often its request was seen.
fn seen<P: Proxy>(upstream: &Upstream, request: &str) -> (u16, usize, Live) {
    let proxy = Live::start::<P>(1, &[("catalog", upstream.address)]);
    let mut caller = Caller::connect(proxy.address());
    assert_eq!(caller.call(get("/first")).status(), 200);
    let status = caller.call(request).status();
    (status, upstream.requests().len() - 1, proxy)
}

#[test]
fn without_retry_a_safe_method_is_sent_once_more_and_no_other() {
    let body = |method: &str| with_body(&format!("{method} /a"), "", "x");
    let options = get("/a").replace("GET", "OPTIONS");
    for (request, status, times) in [
        (get("/a"), 200, 2),
        (options, 200, 2),
        (body("DELETE"), 502, 1),
        (body("PUT"), 502, 1),
        (body("POST"), 502, 1),
    ] {
        let (got, seen, _) = seen::<Plain>(&dying(""), &request);
        assert_eq!((got, seen), (status, times), "{request}");
    }
}

#[test]
fn with_retry_it_is_one_of_the_attempts() {
    let put = with_body("PUT /a", "", "x");
    let (status, seen, proxy) = seen::<Tries>(&dying_for_good(), &put);
    assert_eq!((status, seen), (502, 3));
    eventually("two lines of the log", || proxy.log().lines().count() == 2);
    let log = proxy.log();
    assert!(log.lines().last().unwrap().contains("\"tries\":3"), "{log}");
}

/// The policy does not list `reset`; a kept connection that ends is no failure of the upstream's.
#[test]
fn with_retry_the_policy_says_what_may_be_sent_twice() {
    let delete = with_body("DELETE /a", "", "");
    for (request, status, times) in [(get("/a"), 200, 2), (delete, 502, 1)] {
        let (got, seen, _) = seen::<Full>(&dying(""), &request);
        assert_eq!((got, seen), (status, times), "{request}");
    }
}

#[test]
fn after_an_interim_response_a_connection_was_not_closed_before() {
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let upstream = dying(hints);
    let proxy = Live::start::<Plain>(1, &[("catalog", upstream.address)]);
    let mut caller = Caller::connect(proxy.address());
    assert_eq!(caller.call(get("/first")).status(), 200);
    assert_eq!(caller.call(get("/a")).status(), 103);
    assert_eq!(caller.answer().status(), 502);
    assert_eq!(upstream.requests().len(), 2);
}
