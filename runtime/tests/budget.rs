//! How many retries a budget grants, row by row and against a model that keeps every token.

#![cfg(test)]

use amb_runtime::clock::Moment;
use amb_runtime::state::budget::{Budget, Spec, Usage};
use amb_runtime::units::{per_million, percent};
use proptest::prelude::*;

const TWENTY: Spec = Spec { ratio: percent(20), floor_per_10s: 0 };
const FLOOR: Spec = Spec { ratio: percent(0), floor_per_10s: 10 };

fn ms(n: u64) -> Moment {
    Moment::from_millis(n)
}

/// After so many calls at time zero, so many retries of cost one are granted at `at`.
#[track_caller]
fn check(spec: Spec, calls: u32, at: u64, granted: usize) {
    let budget = Budget::new();
    (0..calls).for_each(|_| budget.call(ms(0)));
    let really = (0..1_000).take_while(|_| budget.withdraw(&spec, 1, ms(at))).count();
    assert_eq!(really, granted, "{spec:?}, {calls} calls, at {at} ms");
}

#[test]
fn a_share_of_the_calls() {
    check(TWENTY, 100, 0, 20);
    check(TWENTY, 104, 0, 20);
    check(TWENTY, 105, 0, 21);
    check(TWENTY, 4, 0, 0);
    check(TWENTY, 0, 0, 0);
    check(Spec { ratio: percent(100), ..TWENTY }, 7, 0, 7);
    check(Spec { ratio: per_million(333_334), ..TWENTY }, 3, 0, 1);
    check(Spec { ratio: per_million(333_333), ..TWENTY }, 3, 0, 0);
}

#[test]
fn a_floor_under_the_share() {
    check(FLOOR, 0, 0, 10);
    check(FLOOR, 1_000, 0, 10);
    check(Spec { ratio: percent(20), floor_per_10s: 10 }, 100, 0, 30);
}

#[test]
fn ten_slots_of_a_second() {
    check(TWENTY, 100, 9_999, 20);
    check(TWENTY, 100, 10_000, 0);
    let budget = Budget::new();
    budget.call(ms(999));
    budget.call(ms(1_000));
    assert_eq!(budget.usage(ms(10_999)), Usage { calls: 1, retries: 0 });
    assert_eq!(budget.usage(ms(11_000)), Usage { calls: 0, retries: 0 });
}

#[test]
fn tokens_return_when_their_slot_leaves() {
    let budget = Budget::new();
    assert!(budget.withdraw(&FLOOR, 10, ms(500)));
    assert!(!budget.withdraw(&FLOOR, 1, ms(9_999)));
    assert!(budget.withdraw(&FLOOR, 10, ms(10_000)));
}

#[test]
fn a_refusal_takes_nothing() {
    let budget = Budget::new();
    assert!(budget.withdraw(&FLOOR, 9, ms(0)));
    assert!(!budget.withdraw(&FLOOR, 2, ms(0)));
    assert!(budget.withdraw(&FLOOR, 1, ms(0)));
    assert_eq!(budget.usage(ms(0)).retries, 10);
}

#[test]
fn refunds_are_granted_again() {
    let budget = Budget::new();
    assert!(budget.withdraw(&FLOOR, 10, ms(0)));
    budget.refund(2, ms(0));
    assert_eq!(budget.usage(ms(0)).retries, 8);
    assert!(budget.withdraw(&FLOOR, 2, ms(0)));
    assert!(!budget.withdraw(&FLOOR, 1, ms(0)));
}

#[test]
fn nothing_is_refunded_to_a_slot_that_is_gone() {
    let budget = Budget::new();
    assert!(budget.withdraw(&FLOOR, 1, ms(0)));
    assert!(budget.withdraw(&FLOOR, 1, ms(10_000)));
    budget.refund(1, ms(0));
    assert_eq!(budget.usage(ms(10_000)).retries, 1);
}

#[test]
fn each_route_judges_by_its_own_numbers() {
    let budget = Budget::new();
    (0..10).for_each(|_| budget.call(ms(0)));
    assert!(budget.withdraw(&FLOOR, 3, ms(0)));
    assert!(!budget.withdraw(&TWENTY, 1, ms(0)));
    assert!(budget.withdraw(&FLOOR, 1, ms(0)));
}

#[test]
fn workers_never_overspend() {
    let budget = Budget::new();
    let worker = || (0..1_000).filter(|_| budget.withdraw(&FLOOR, 1, ms(0))).count();
    let granted: usize = std::thread::scope(|scope| {
        let workers = [(); 4].map(|()| scope.spawn(worker));
        workers.map(|it| it.join().unwrap()).into_iter().sum()
    });
    assert!(granted <= 10, "{granted}");
    assert_eq!(budget.usage(ms(0)).retries, granted as u64);
}

/// Every call and every token, with its time.
#[derive(Default)]
struct Model {
    calls: Vec<u64>,
    tokens: Vec<u64>,
}

impl Model {
    fn usage(&self, now: u64) -> Usage {
        let recent = |times: &[u64]| {
            times.iter().filter(|at| **at / 1_000 + 10 > now / 1_000).count() as u64
        };
        Usage { calls: recent(&self.calls), retries: recent(&self.tokens) }
    }

    fn withdraw(&mut self, spec: &Spec, cost: u32, now: u64) -> bool {
        let Usage { calls, retries } = self.usage(now);
        let allowed = f64::from(spec.ratio.parts_per_million()) / 1e6 * calls as f64
            + f64::from(spec.floor_per_10s);
        let granted = (retries + u64::from(cost)) as f64 <= allowed + 1e-9;
        if granted {
            self.tokens.extend((0..cost).map(|_| now));
        }
        granted
    }
}

#[derive(Clone, Debug)]
enum Op {
    Wait(u64),
    Call,
    Withdraw(u32),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        1 => (0..1_500u64).prop_map(Op::Wait),
        1 => (0..200u64).prop_map(Op::Wait),
        4 => Just(Op::Call),
        2 => (1..=2u32).prop_map(Op::Withdraw),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_the_model(
        ppm in prop_oneof![Just(200_000), Just(0), 0..1_000_000u32],
        floor_per_10s in 0..12u32,
        ops in prop::collection::vec(op(), 1..200),
    ) {
        let spec = Spec { ratio: per_million(ppm), floor_per_10s };
        let (budget, mut model) = (Budget::new(), Model::default());
        let mut now = 0;
        for op in ops {
            match op {
                Op::Wait(ms) => now += ms,
                Op::Call => {
                    budget.call(ms(now));
                    model.calls.push(now);
                }
                Op::Withdraw(cost) => {
                    let granted = budget.withdraw(&spec, cost, ms(now));
                    prop_assert_eq!(granted, model.withdraw(&spec, cost, now));
                }
            }
            prop_assert_eq!(budget.usage(ms(now)), model.usage(now));
        }
    }
}
