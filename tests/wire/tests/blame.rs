//! Who is at fault: what is the caller's, or our own, is no verdict on the upstream.

use std::cell::RefCell;
use std::time::Duration;

use amb_runtime::prelude::Grpc;
use amb_runtime::testing::{
    Observed, Request, Scenario, Step, Version, grpc, reset, status, timeout,
};
use amb_tests_wire::caller::Caller;
use amb_tests_wire::policies::blame::Blame;
use amb_tests_wire::process::Process;
use amb_tests_wire::upstream::{Upstream, close, eventually};

const HOST: &str = "catalog.shop.svc";
const VERSIONS: [Version; 2] = [Version::Http1, Version::Http2];

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A PUT, half of whose body comes that much later.
fn slow(pause: u64) -> Request {
    Request::new("PUT", HOST, "/").body(10).pause(millis(pause))
}

fn play(callers: Version, upstreams: Version, request: Request, steps: &[Step]) -> Observed {
    let scenario = Scenario::<Blame>::new().callers(callers).upstreams(upstreams);
    scenario.given("catalog", steps).request(request).run()
}

/// Runs it over all versions of HTTP.
fn everywhere(request: &Request, steps: &[Step], check: impl Fn(&Observed)) {
    for callers in VERSIONS {
        for upstreams in VERSIONS {
            check(&play(callers, upstreams, request.clone(), steps));
        }
    }
}

#[test]
fn a_body_that_does_not_come_is_the_callers() {
    everywhere(&slow(60_000).times(5), &[status(200)], |observed| {
        assert_eq!((observed.status(), observed.attempts()), (408, 1), "{observed:#?}");
        assert_eq!(observed.elapsed(), millis(4_000));
        let said = "amb; error=http_request_error; details=\"incomplete body\"";
        assert_eq!(observed.response_header("proxy-status"), Some(said));
        assert_eq!(observed.breaker("catalog"), "closed");
    });
}

#[test]
fn what_the_caller_takes_is_not_the_trys() {
    everywhere(&slow(2_500).times(5), &[status(200).after(millis(900))], |observed| {
        assert_eq!((observed.status(), observed.attempts()), (200, 1), "{observed:#?}");
        assert_eq!(observed.elapsed(), millis(3_400));
    });
}

#[test]
fn once_the_request_is_complete_time_is_the_upstreams() {
    everywhere(&slow(1_500).times(2), &[timeout()], |observed| {
        assert_eq!(observed.breaker("catalog"), "open", "{observed:#?}");
        assert_eq!(observed.calls()[0].tries.len(), 2);
    });
}

/// Most of the time was the caller's: what was left of it says nothing about the upstream.
#[test]
fn a_total_that_the_caller_has_used_up_is_no_verdict() {
    everywhere(&slow(3_500).times(5), &[timeout()], |observed| {
        assert_eq!((observed.status(), observed.attempts()), (504, 1), "{observed:#?}");
        assert_eq!(observed.breaker("catalog"), "closed");
    });
}

#[test]
fn a_stream_of_grpc_whose_caller_falls_silent_is_the_callers() {
    for method in ["shop.v1.Prices/Quote", "shop.v1.Prices/Collect"] {
        for callers in VERSIONS {
            let call = Request::grpc("pricing.shop.svc", method).body(10).pause(millis(60_000));
            let scenario = Scenario::<Blame>::new().callers(callers).request(call.times(5));
            let observed = scenario.run();
            assert_eq!(observed.grpc(), Some(Grpc::DeadlineExceeded), "{observed:#?}");
            assert_eq!(observed.attempts(), 1, "{observed:#?}");
            assert_eq!(observed.breaker("pricing"), "closed");
        }
    }
}

#[test]
fn an_upstream_that_breaks_off_is_at_fault_whatever_the_caller_does() {
    everywhere(&slow(1_500), &[reset()], |observed| {
        assert_eq!(observed.breaker("catalog"), "open", "{observed:#?}");
    });
}

/// Calls that end without a verdict, four of them in a row where two failures would open the breaker.
fn leaves_no_trace(call: &Request, steps: &[Step], status: &str) {
    everywhere(&call.clone().times(4), steps, |observed| {
        let ends: Vec<_> =
            observed.trace(&[]).into_iter().filter(|it| it.contains(" ends ")).collect();
        assert!(ends.iter().all(|end| end.contains(status)), "{ends:#?}");
        assert_eq!(observed.breaker("catalog"), "closed", "{observed:#?}");
    });
}

#[test]
fn a_caller_that_leaves_is_no_verdict() {
    let get = Request::new("GET", HOST, "/").leaves(millis(70));
    let waiting = Request::new("PUT", HOST, "/").body(10).header("expect", "100-continue");
    let waiting = waiting.pause(millis(60_000)).leaves(millis(70));
    for call in [get, waiting] {
        leaves_no_trace(&call, &[timeout()], " ends 499 none elapsed 70ms");
    }
}

#[test]
fn a_callers_own_deadline_is_no_verdict() {
    let hurried = Request::new("GET", HOST, "/watch").header("x-request-timeout", "1ms");
    leaves_no_trace(&hurried, &[timeout()], " ends 504 proxy elapsed 1ms");
    // The policy's own is one, and so is that of a try.
    let patient = Request::new("GET", HOST, "/watch").header("x-request-timeout", "60");
    everywhere(&patient.times(2), &[timeout()], |observed| {
        assert_eq!(observed.breaker("catalog"), "open", "{observed:#?}");
    });
}

#[test]
fn what_an_upstream_of_grpc_says_of_the_callers_deadline_is_no_verdict() {
    let late = grpc(Grpc::DeadlineExceeded);
    for (asked, breaker) in [("20m", "closed"), ("60S", "open")] {
        let call = Request::grpc("pricing.shop.svc", "shop.v1.Prices/Quote");
        let call = call.header("grpc-timeout", asked).times(3);
        let scenario =
            Scenario::<Blame>::new().given("pricing", std::slice::from_ref(&late)).request(call);
        assert_eq!(scenario.run().breaker("pricing"), breaker, "{asked}");
    }
}

/// Both calls want one retry, and there is budget for one.
#[test]
fn a_caller_that_leaves_in_the_back_off_gives_its_token_back() {
    everywhere(
        &Request::new("GET", HOST, "/rare").leaves(millis(30)),
        &[status(503)],
        |observed| {
            assert_eq!(observed.attempts(), 1, "{observed:#?}");
        },
    );
    for callers in VERSIONS {
        let leaving = Request::new("GET", HOST, "/rare").leaves(millis(30));
        let scenario = Scenario::<Blame>::new().callers(callers).given("catalog", &[status(503)]);
        let observed = scenario.request(leaving).request(Request::new("GET", HOST, "/rare")).run();
        assert_eq!(observed.attempts(), 2, "{observed:#?}");
    }
}

#[test]
fn want_of_the_proxys_own_is_nobodys() {
    let request = Request::new("GET", HOST, "/").wants().times(5);
    everywhere(&request, &[status(200)], |observed| {
        assert_eq!((observed.status(), observed.attempts()), (503, 1), "{observed:#?}");
        let said = "amb; error=proxy_internal_error";
        assert_eq!(observed.response_header("proxy-status"), Some(said));
        assert_eq!(observed.breaker("catalog"), "closed");
    });
}

/// Every caller takes a descriptor, and each of its calls another.
#[test]
fn without_descriptors_calls_are_refused_until_there_are_some() {
    let upstream = Upstream::script([close("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")]);
    let program = env!("CARGO_BIN_EXE_stopping").to_owned();
    let mut proxy = Process::start("prlimit", &["--nofile=60:60".to_owned(), program]);
    let get = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", upstream.address);
    let mut callers = Vec::new();
    let last = loop {
        let mut caller = Caller::connect(proxy.address);
        let answer = caller.call(&get);
        if answer.status() == 503 {
            assert_eq!(answer.field("proxy-status"), Some("amb; error=proxy_internal_error"));
            break RefCell::new(caller);
        }
        assert_eq!(answer.status(), 200);
        callers.push(caller);
        assert!(callers.len() < 60, "nothing was ever short");
    };
    let told = proxy.notice();
    assert!(told.contains("cannot ") && told.contains("LimitNOFILE"), "{told}");
    // Nor can a name server be asked: nobody has said anything about the name.
    let stranger = last.borrow_mut().call("GET / HTTP/1.1\r\nhost: stranger.invalid\r\n\r\n");
    let said = (stranger.status(), stranger.field("proxy-status"));
    assert_eq!(said, (503, Some("amb; error=proxy_internal_error")));
    drop(callers);
    eventually("an answer", || last.borrow_mut().call(&get).status() == 200);
}
