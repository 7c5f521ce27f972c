//! The retry budget under every interleaving of two or three workers.

#![cfg(test)]

use amb_loom::clock::Moment;
use amb_loom::explore;
use amb_loom::state::budget::{Budget, Spec, Usage};
use amb_loom::units::percent;
use loom::sync::Arc;
use loom::thread;

const fn floor(floor_per_10s: u32) -> Spec {
    Spec { ratio: percent(0), floor_per_10s }
}

fn ms(n: u64) -> Moment {
    Moment::from_millis(n)
}

/// Workers withdraw `(cost, at)` each, after `spent` at half a second; returns what was granted.
fn withdraw<const N: usize>(budget: &Arc<Budget>, spec: Spec, workers: [(u32, u64); N]) -> u32 {
    let workers = workers.map(|(cost, at)| {
        let budget = Arc::clone(budget);
        thread::spawn(move || u32::from(budget.withdraw(&spec, cost, ms(at))) * cost)
    });
    workers.map(|worker| worker.join().unwrap()).into_iter().sum()
}

fn never_overspends<const N: usize>(tokens: u32, workers: [(u32, u64); N]) {
    explore(move || {
        let budget = Arc::new(Budget::new());
        let granted = withdraw(&budget, floor(tokens), workers);
        assert!(granted <= tokens, "{granted} of {tokens}");
        let noted = budget.usage(ms(1_000)).retries;
        assert_eq!(noted, u64::from(granted), "what is refused is not counted");
    });
}

#[test]
fn two_workers_and_one_token() {
    never_overspends(1, [(1, 500), (1, 500)]);
}

#[test]
fn three_workers_and_two_tokens() {
    never_overspends(2, [(1, 500), (1, 500), (1, 500)]);
}

#[test]
fn a_retry_after_a_timeout_costs_two() {
    never_overspends(2, [(2, 500), (1, 500)]);
}

#[test]
fn clocks_on_both_sides_of_a_slot() {
    never_overspends(1, [(1, 999), (1, 1_000)]);
}

#[test]
fn tokens_that_leave_the_window_are_not_spent_twice() {
    // The two of the first slot are still in the window of one worker, no longer in the other's.
    explore(|| {
        let budget = Arc::new(Budget::new());
        for _ in 0..2 {
            assert!(budget.withdraw(&floor(2), 1, ms(500)));
        }
        let granted = withdraw(&budget, floor(2), [(1, 9_999), (2, 10_000)]);
        assert!(granted <= 2, "{granted} of 2");
        assert_eq!(budget.usage(ms(10_000)).retries, u64::from(granted));
    });
}

#[test]
fn a_refund_is_one_workers_own() {
    explore(|| {
        let budget = Arc::new(Budget::new());
        assert!(budget.withdraw(&floor(1), 1, ms(500)));
        let refund = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || budget.refund(1, ms(500)))
        };
        let granted = withdraw(&budget, floor(1), [(1, 500)]);
        refund.join().unwrap();
        assert_eq!(budget.usage(ms(500)).retries, u64::from(granted));
    });
}

#[test]
fn calls_are_counted_while_slots_turn_over() {
    explore(|| {
        let budget = Arc::new(Budget::new());
        budget.call(ms(0));
        let workers = [10_000, 10_500].map(|at| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || budget.call(ms(at)))
        });
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!(budget.usage(ms(10_500)), Usage { calls: 2, retries: 0 });
    });
}

#[test]
fn calls_of_another_worker_earn_at_most_their_share() {
    const HALF: Spec = Spec { ratio: percent(50), floor_per_10s: 0 };
    explore(|| {
        let budget = Arc::new(Budget::new());
        budget.call(ms(0));
        let caller = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || budget.call(ms(0)))
        };
        let granted = withdraw(&budget, HALF, [(1, 500), (1, 500)]);
        caller.join().unwrap();
        assert!(granted <= 1, "two calls earn one retry");
    });
}
