//! The circuit breaker on the wire: nothing gets through while it is open, one probe afterwards.

use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use amb_runtime::testing::Live;
use amb_tests_wire::caller::{Caller, get};
use amb_tests_wire::policies::breaking::Breaking;
use amb_tests_wire::upstream::{Step, Upstream, eventually, reply};

/// As the policy says.
const OPEN_FOR: Duration = Duration::from_millis(300);
const FAILURES: usize = 5;

fn failing() -> Step {
    reply("500 Oh", "")
}

/// A proxy whose breaker has just opened, and since when.
fn opened(upstream: &Upstream) -> (Live, Instant) {
    let proxy = Live::start::<Breaking>(2, &[("catalog", upstream.address)]);
    let mut caller = Caller::connect(proxy.address());
    for _ in 0..FAILURES {
        assert_eq!(caller.call(get("/")).status(), 500);
    }
    (proxy, Instant::now())
}

/// Calls until one gets through to the upstream; when that was.
fn first_probe(upstream: &Upstream, proxy: SocketAddr, before: usize) -> Instant {
    let mut caller = Caller::connect(proxy);
    while upstream.requests().len() == before {
        caller.call(get("/"));
    }
    Instant::now()
}

#[test]
fn while_it_is_open_calls_wait_for_nothing_and_nothing_reaches_the_network() {
    const REFUSED: usize = 1_000;
    let request = "GET / HTTP/1.1\r\nhost: ledger.shop.svc\r\n\r\n";
    let upstream = Upstream::script([failing()]);
    let proxy = Live::start::<Breaking>(2, &[("ledger", upstream.address)]);
    let mut caller = Caller::connect(proxy.address());
    for _ in 0..FAILURES {
        assert_eq!(caller.call(request).status(), 500);
    }
    for _ in 0..REFUSED {
        let answer = caller.call(request);
        assert_eq!(answer.status(), 503);
        let expect = "amb; error=destination_unavailable; details=\"breaker ledger open\"";
        assert_eq!(answer.field("proxy-status"), Some(expect));
        let seconds: u64 = answer.field("retry-after").unwrap().parse().unwrap();
        assert!((540..=600).contains(&seconds), "{seconds}");
    }
    assert_eq!((upstream.requests().len(), upstream.connections()), (FAILURES, 1));
    // A call's clock goes on only when it has waited.
    let at_once = "\"source\":\"proxy\",\"tries\":0,\"duration_ms\":0.000,";
    eventually("the log lines", || proxy.log().lines().count() == FAILURES + REFUSED);
    assert_eq!(proxy.log().matches(at_once).count(), REFUSED);
}

/// A hundred callers on two workers at once, just after the time is over.
fn stampede(proxy: SocketAddr) -> Vec<u16> {
    const CALLERS: usize = 100;
    let start = Barrier::new(CALLERS);
    let one = || {
        let mut caller = Caller::connect(proxy);
        start.wait();
        caller.call(get("/")).status()
    };
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(one)).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    })
}

#[test]
fn one_probe_of_a_hundred_callers_gets_through_and_its_success_closes() {
    let (release, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let upstream = Upstream::with(move |connection| {
        while connection.request() {
            if connection.served() <= FAILURES {
                connection.send("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n");
                continue;
            }
            // The first probe is held until everybody else has been refused.
            if connection.served() == FAILURES + 1 {
                gate.lock().unwrap().recv().unwrap();
            }
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let (proxy, since) = opened(&upstream);
    let mut caller = Caller::connect(proxy.address());
    // Refused until the time is over; the call that is not is the probe, and waits.
    let address = proxy.address();
    let probe = thread::spawn(move || first_success(address));
    eventually("the probe", || upstream.requests().len() > FAILURES);
    assert!(since.elapsed() >= OPEN_FOR - Duration::from_millis(50));
    let refused = stampede(proxy.address());
    assert!(refused.iter().all(|&status| status == 503), "{refused:?}");
    assert_eq!(upstream.requests().len(), FAILURES + 1);
    release.send(()).unwrap();
    probe.join().unwrap();
    assert_eq!(caller.call(get("/")).status(), 200);
    assert!(stampede(proxy.address()).iter().all(|&status| status == 200));
}

fn first_success(proxy: SocketAddr) {
    let mut caller = Caller::connect(proxy);
    while caller.call(get("/")).status() != 200 {}
}

#[test]
fn of_a_stampede_after_the_time_is_over_one_gets_through() {
    let slow = Upstream::with(|connection| {
        while connection.request() {
            if connection.served() > FAILURES {
                // Never answered: the probe stays in flight.
                connection.rest();
                return;
            }
            connection.send("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let (proxy, since) = opened(&slow);
    let mut callers: Vec<_> = (0..100).map(|_| Caller::connect(proxy.address())).collect();
    // Time itself is what is tested here.
    thread::sleep((OPEN_FOR + Duration::from_millis(20)).saturating_sub(since.elapsed()));
    callers.iter_mut().for_each(|caller| caller.send(get("/")));
    eventually("the probe", || slow.requests().len() > FAILURES);
    let mut last = Caller::connect(proxy.address());
    assert_eq!(last.call(get("/")).status(), 503);
    assert_eq!(slow.requests().len(), FAILURES + 1);
}

#[test]
fn a_failed_probe_opens_it_for_the_full_time_again() {
    let upstream = Upstream::script([failing()]);
    let (proxy, opened) = opened(&upstream);
    let first = first_probe(&upstream, proxy.address(), FAILURES);
    let second = first_probe(&upstream, proxy.address(), FAILURES + 1);
    // The breaker's clock starts a little before ours.
    let slack = Duration::from_millis(20);
    assert!(first - opened >= OPEN_FOR - slack, "{:?}", first - opened);
    assert!(second - first >= OPEN_FOR - slack, "{:?}", second - first);
}
