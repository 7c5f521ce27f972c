//! The breaker under every interleaving of two or three workers.

#![cfg(test)]

use std::time::Duration;

use amb_loom::clock::Moment;
use amb_loom::explore;
use amb_loom::state::breaker::{Breaker, OpenFor, Permit, Spec, State, Transition, Trip, Verdict};
use amb_loom::units::percent;
use loom::sync::Arc;
use loom::thread;

const SECOND: Duration = Duration::from_secs(1);
const WITHIN: Duration = Duration::from_secs(10);

const TWO_FAILURES: &[Trip] = &[Trip::Failures { count: 2, within: WITHIN }];

const fn spec(trips: &'static [Trip], probes: u32) -> Spec {
    Spec { trips, open_for: OpenFor::Fixed(SECOND), probes }
}

fn ms(n: u64) -> Moment {
    Moment::from_millis(n)
}

fn let_in(breaker: &Breaker, spec: &Spec, at: Moment) -> Permit {
    breaker.admit(spec, at).unwrap().0
}

fn report(
    breaker: &Breaker,
    spec: &Spec,
    permit: Permit,
    verdict: Verdict,
    at: Moment,
) -> Option<Transition> {
    breaker.record(spec, permit, verdict, at, || 0)
}

/// Trips from CLOSED by two failures, at the start of time.
fn trip(breaker: &Breaker, spec: &Spec) {
    for _ in 0..2 {
        let permit = let_in(breaker, spec, Moment::START);
        report(breaker, spec, permit, Verdict::Failure, Moment::START);
    }
}

/// Two workers report at the given times the failures that trip together.
fn opens_once(trips: &'static [Trip], at: [u64; 2]) {
    explore(move || {
        let spec = spec(trips, 1);
        let breaker = Arc::new(Breaker::new());
        let workers = at.map(|at| {
            let breaker = Arc::clone(&breaker);
            let permit = let_in(&breaker, &spec, Moment::START);
            thread::spawn(move || report(&breaker, &spec, permit, Verdict::Failure, ms(at)))
        });
        let opened = workers.map(|worker| worker.join().unwrap()).into_iter().flatten();
        assert_eq!(opened.collect::<Vec<_>>(), [Transition::Opened { for_: SECOND }]);
        assert!(matches!(breaker.state(), State::Open { .. }));
    });
}

#[test]
fn two_failures_open_once() {
    opens_once(TWO_FAILURES, [500, 500]);
}

#[test]
fn two_failures_in_different_slots_open_once() {
    opens_once(TWO_FAILURES, [999, 1_000]);
}

#[test]
fn a_streak_opens_once() {
    opens_once(&[Trip::ConsecutiveFailures { count: 2 }], [999, 1_000]);
}

#[test]
fn a_rate_opens_once() {
    const ALL_OF_TWO: &[Trip] =
        &[Trip::FailureRate { ratio: percent(100), samples: 2, within: WITHIN }];
    opens_once(ALL_OF_TWO, [999, 1_000]);
}

#[test]
fn two_rules_at_once_open_once() {
    const BOTH: &[Trip] =
        &[Trip::ConsecutiveFailures { count: 2 }, Trip::Failures { count: 2, within: WITHIN }];
    opens_once(BOTH, [500, 500]);
}

#[test]
fn a_share_is_never_overrated() {
    // Two failures among three or four samples are never seven in ten, whoever looks when.
    const MOST: &[Trip] = &[Trip::FailureRate { ratio: percent(70), samples: 1, within: WITHIN }];
    explore(|| {
        let spec = spec(MOST, 1);
        let breaker = Arc::new(Breaker::new());
        let [before, success, one, two] = [(); 4].map(|()| let_in(&breaker, &spec, Moment::START));
        assert_eq!(report(&breaker, &spec, before, Verdict::Success, ms(1)), None);
        let failing = {
            let breaker = Arc::clone(&breaker);
            thread::spawn(move || {
                [one, two].map(|it| report(&breaker, &spec, it, Verdict::Failure, ms(1_000)))
            })
        };
        assert_eq!(report(&breaker, &spec, success, Verdict::Success, ms(1_000)), None);
        assert_eq!(failing.join().unwrap(), [None, None]);
    });
}

#[test]
fn exactly_as_many_probes_as_allowed() {
    explore(|| {
        let spec = spec(TWO_FAILURES, 2);
        let breaker = Arc::new(Breaker::new());
        trip(&breaker, &spec);
        let workers = [(); 3].map(|()| {
            let breaker = Arc::clone(&breaker);
            thread::spawn(move || breaker.admit(&spec, ms(1_000)).ok())
        });
        let let_in: Vec<_> = workers.into_iter().filter_map(|it| it.join().unwrap()).collect();
        let reported: Vec<_> = let_in.iter().filter_map(|(_, transition)| *transition).collect();
        assert_eq!(let_in.len(), 2);
        assert_eq!(reported, [Transition::HalfOpened]);
    });
}

#[test]
fn lost_probes_are_replaced_once() {
    explore(|| {
        let spec = spec(TWO_FAILURES, 1);
        let breaker = Arc::new(Breaker::new());
        trip(&breaker, &spec);
        let lost = let_in(&breaker, &spec, ms(1_000));
        let later = ms(1_000) + Duration::from_secs(3_600);
        let workers = [(); 2].map(|()| {
            let breaker = Arc::clone(&breaker);
            thread::spawn(move || breaker.admit(&spec, later).is_ok())
        });
        // The lost probe's owner comes back after all.
        let spoke = report(&breaker, &spec, lost, Verdict::Cancelled, later);
        assert_eq!(spoke, None);
        let let_in = workers.into_iter().map(|it| it.join().unwrap());
        assert_eq!(let_in.filter(|let_in| *let_in).count(), 1);
        assert_eq!(breaker.state(), State::HalfOpen);
    });
}

#[test]
fn a_failure_from_before_the_trip_does_not_count_after_it() {
    explore(|| {
        let spec = spec(TWO_FAILURES, 1);
        let breaker = Arc::new(Breaker::new());
        let stale = let_in(&breaker, &spec, Moment::START);
        let first = let_in(&breaker, &spec, Moment::START);
        let second = let_in(&breaker, &spec, Moment::START);
        report(&breaker, &spec, first, Verdict::Failure, Moment::START);

        let late = {
            let breaker = Arc::clone(&breaker);
            thread::spawn(move || report(&breaker, &spec, stale, Verdict::Failure, ms(500)))
        };
        let tripped = report(&breaker, &spec, second, Verdict::Failure, ms(500));
        // Closed again, within the same window, and one failure in the new round.
        let probe = let_in(&breaker, &spec, ms(1_500));
        let closed = report(&breaker, &spec, probe, Verdict::Success, ms(1_500));
        let new = let_in(&breaker, &spec, ms(1_500));
        let failed = report(&breaker, &spec, new, Verdict::Failure, ms(1_500));

        let opened = [late.join().unwrap(), tripped];
        assert_eq!(opened.into_iter().flatten().count(), 1);
        assert_eq!(closed, Some(Transition::Closed));
        assert_eq!(failed, None);
        assert_eq!(breaker.state(), State::Closed);
    });
}

#[test]
fn a_success_from_an_earlier_round_of_probes_does_not_close_a_later_one() {
    explore(|| {
        let spec = spec(TWO_FAILURES, 2);
        let breaker = Arc::new(Breaker::new());
        trip(&breaker, &spec);
        let stale = let_in(&breaker, &spec, ms(1_000));
        let failing = let_in(&breaker, &spec, ms(1_000));

        let late = {
            let breaker = Arc::clone(&breaker);
            thread::spawn(move || report(&breaker, &spec, stale, Verdict::Success, ms(1_100)))
        };
        let reopened = report(&breaker, &spec, failing, Verdict::Failure, ms(1_100));
        let probe = let_in(&breaker, &spec, ms(2_100));
        let closed = report(&breaker, &spec, probe, Verdict::Success, ms(2_200));

        assert_eq!(reopened, Some(Transition::Opened { for_: SECOND }));
        assert_eq!((late.join().unwrap(), closed), (None, None));
        assert_eq!(breaker.state(), State::HalfOpen);
    });
}

#[test]
fn the_last_two_successes_close_once() {
    explore(|| {
        let spec = spec(TWO_FAILURES, 2);
        let breaker = Arc::new(Breaker::new());
        trip(&breaker, &spec);
        let workers = [(); 2].map(|()| {
            let breaker = Arc::clone(&breaker);
            let permit = let_in(&breaker, &spec, ms(1_000));
            thread::spawn(move || report(&breaker, &spec, permit, Verdict::Success, ms(1_100)))
        });
        let closed = workers.map(|worker| worker.join().unwrap()).into_iter().flatten();
        assert_eq!(closed.collect::<Vec<_>>(), [Transition::Closed]);
    });
}
