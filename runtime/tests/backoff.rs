//! The windows of back-off, and that what is drawn in them is uniform.

#![cfg(test)]

use std::time::Duration;

use amb_runtime::policy::Backoff;
use amb_runtime::random::Random;
use amb_runtime::units::{hours, millis, secs};

const FULL: Backoff = Backoff::full_jitter(millis(100), secs(30));
const EQUAL: Backoff = Backoff::equal_jitter(millis(25), secs(1));

#[test]
fn windows_double_up_to_the_cap() {
    let check = |backoff: Backoff, failed, expect| {
        assert_eq!(backoff.window(failed), expect, "{backoff:?}, {failed}");
    };
    check(FULL, 1, millis(200));
    check(FULL, 2, millis(400));
    check(FULL, 3, millis(800));
    check(FULL, 8, millis(25_600));
    check(FULL, 9, secs(30));
    check(FULL, u32::MAX, secs(30));
    check(EQUAL, 1, millis(50));
    check(EQUAL, 6, secs(1));
    check(Backoff::full_jitter(secs(2), secs(1)), 1, secs(1));
    check(Backoff::full_jitter(millis(1), hours(24)), 200, hours(24));
    check(Backoff::full_jitter(Duration::ZERO, secs(1)), 5, Duration::ZERO);
    check(Backoff::fixed(Duration::from_micros(1_500)), 4, Duration::from_micros(1_500));
}

#[test]
fn waits_by_their_draw() {
    let check = |backoff: Backoff, failed, draw, expect| {
        assert_eq!(backoff.wait(failed, || draw), expect, "{backoff:?}, {failed}, {draw}");
    };
    check(FULL, 1, 0, millis(0));
    check(FULL, 1, u64::MAX / 2, millis(100));
    check(FULL, 1, u64::MAX, millis(200));
    check(FULL, 9, u64::MAX, secs(30));
    check(EQUAL, 1, 0, millis(25));
    check(EQUAL, 1, u64::MAX, millis(50));
    check(Backoff::equal_jitter(millis(1), millis(7)), 9, 0, millis(3));
    check(Backoff::equal_jitter(millis(1), millis(7)), 9, u64::MAX, millis(7));
    check(Backoff::fixed(millis(70)), 3, u64::MAX, millis(70));
}

#[test]
fn jitter_draws_once_and_a_fixed_wait_never() {
    for (backoff, expect) in [(FULL, 1), (EQUAL, 1), (Backoff::fixed(secs(1)), 0)] {
        let mut draws = 0;
        backoff.wait(1, || {
            draws += 1;
            0
        });
        assert_eq!(draws, expect, "{backoff:?}");
    }
}

#[test]
fn full_jitter_is_uniform_on_the_whole_window() {
    for (failed, window, seed) in [(1, 200, 1), (2, 400, 2)] {
        assert_uniform(draws(&FULL, failed, seed), 0, window);
    }
}

#[test]
fn equal_jitter_is_uniform_on_the_upper_half() {
    let backoff = Backoff::equal_jitter(millis(100), secs(30));
    assert_uniform(draws(&backoff, 1, 3), 100, 200);
}

/// 2,000 waits, in milliseconds and in order.
fn draws(backoff: &Backoff, failed: u32, seed: u64) -> Vec<u64> {
    let mut random = Random::from_seed(seed);
    let mut waits: Vec<_> =
        (0..2_000).map(|_| backoff.wait(failed, || random.jitter()).as_millis() as u64).collect();
    waits.sort_unstable();
    waits
}

/// Kolmogorov–Smirnov at 1 %: the distance to the uniform distribution on `first..=last`.
#[track_caller]
fn assert_uniform(sorted: Vec<u64>, first: u64, last: u64) {
    let n = sorted.len() as f64;
    let distance = (first..=last)
        .map(|wait| {
            let seen = sorted.partition_point(|it| *it <= wait) as f64 / n;
            let expected = (wait - first + 1) as f64 / (last - first + 1) as f64;
            (seen - expected).abs()
        })
        .fold(0.0, f64::max);
    let critical = 1.628 / n.sqrt();
    assert!(distance < critical, "{distance} of at most {critical}");
    assert!(sorted.iter().all(|wait| (first..=last).contains(wait)));
}
