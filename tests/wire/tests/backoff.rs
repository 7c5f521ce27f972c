//! Full jitter: waits spread evenly over their whole window (AWS Architecture Blog, "Exponential
//! Backoff And Jitter"), measured on a compiled policy in virtual time, and once for real.

use std::time::{Duration, Instant};

use amb_runtime::testing::{Live, Scenario, status};
use amb_tests_wire::HOST;
use amb_tests_wire::caller::{call, get};
use amb_tests_wire::policies::jitter::Jitter;
use amb_tests_wire::upstream::Upstream;

const SAMPLES: u64 = 2_000;

/// Waits after the first and the second failure of one call.
fn waits(seed: u64) -> (Duration, Duration) {
    let request = amb_runtime::testing::Request::new("GET", HOST, "/");
    let fails = [status(503), status(503), status(200)];
    let observed = Scenario::<Jitter>::new().seed(seed).request(request).given("catalog", &fails);
    let [first, second, third] = observed.run().tries_at().try_into().unwrap();
    (second - first, third - second)
}

/// The Kolmogorov–Smirnov distance of waits from the uniform distribution on [0, window].
fn distance(mut waits: Vec<Duration>, window: Duration) -> f64 {
    waits.sort();
    let count = waits.len() as f64;
    let at = |(index, wait): (usize, &Duration)| {
        let expected = wait.as_secs_f64() / window.as_secs_f64();
        let below = (expected - index as f64 / count).abs();
        below.max((expected - (index + 1) as f64 / count).abs())
    };
    waits.iter().enumerate().map(at).fold(0.0, f64::max)
}

#[test]
fn waits_are_uniform_on_their_windows() {
    let (first, second): (Vec<_>, Vec<_>) = (0..SAMPLES).map(waits).unzip();
    // The critical value at the level of 1 %.
    let critical = 1.63 / (SAMPLES as f64).sqrt();
    for (waits, window) in [(first, 200), (second, 400)] {
        let window = Duration::from_millis(window);
        assert!(waits.iter().all(|wait| *wait <= window));
        let distance = distance(waits, window);
        assert!(distance < critical, "{distance} on [0, {window:?}], critical {critical}");
    }
}

#[test]
fn two_hundred_calls_that_fail_together_come_back_apart() {
    const CALLS: usize = 200;
    let upstream = Upstream::with(|connection| {
        while let Some(request) = connection.head() {
            let first = request.field("x-amb-attempt").is_none();
            let status = if first { "503 Service Unavailable" } else { "200 OK" };
            connection.send(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"));
        }
    });
    let proxy = Live::start::<Jitter>(2, &[("catalog", upstream.address)]);
    let address = proxy.address();
    let timed = || {
        let began = Instant::now();
        let answer = call(address, get("/"));
        (answer.status(), began.elapsed())
    };
    let ends: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..CALLS).map(|_| scope.spawn(timed)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(ends.iter().all(|(status, _)| *status == 200));
    // In each quarter of the window somebody comes back: real time adds to waits, so the later
    // ones may spill over its end.
    let window = Duration::from_millis(200);
    for quarter in 0..4_u32 {
        let (from, to) = (window / 4 * quarter, window / 4 * (quarter + 1));
        let inside = ends.iter().filter(|(_, took)| (from..to).contains(took)).count();
        assert!(inside > 0 || quarter == 0, "nobody between {from:?} and {to:?}");
    }
}
