//! Every figure of a plan that says "at most" is a bound: sieges of the compiled proxies try to exceed each.
#![cfg(test)]

mod held;
mod siege;

use std::collections::BTreeMap;
use std::env;
use std::sync::Mutex;

use amb_tests_differential::{MUTANTS, POLICIES, Policy, for_all};

/// Of all policies together, at least, if `AMB_SIEGES` does not say another number.
const SIEGES: u64 = 4_000;
/// Sieges in which a figure that is exceeded has to show.
const PATIENCE: u64 = 2_000;

/// So many policies have some of everything.
const ENOUGH: usize = 20;

/// Figures, each with how often something came within 5 % of it.
type Tried = BTreeMap<&'static str, u64>;

/// The first figure that a siege exceeds; counts those that were tried.
fn besiege(policy: &Policy, seeds: u64, tried: &mut Tried) -> Result<(), String> {
    let plan = policy.plan();
    for seed in 0..seeds {
        let siege = siege::siege(&plan, seed);
        let besieged = (policy.besiege)(&siege);
        for held in held::held(&plan, &siege, &besieged) {
            if let Some(what) = held.exceeded() {
                return Err(format!("{}, siege {seed}: {what}", policy.entry));
            }
            *tried.entry(held.figure).or_default() += u64::from(held.is_tried());
        }
    }
    Ok(())
}

#[test]
fn no_figure_of_a_plan_is_exceeded() {
    let wanted = env::var("AMB_SIEGES").map_or(SIEGES, |number| number.parse().unwrap());
    let each = wanted.div_ceil(POLICIES.len() as u64);
    let all = Mutex::new(Tried::new());
    for_all(|policy| {
        let mut tried = Tried::new();
        let exceeded = besiege(policy, each, &mut tried);
        let mut all = all.lock().unwrap();
        tried.into_iter().for_each(|(figure, times)| *all.entry(figure).or_default() += times);
        exceeded
    });
    let (count, all) = (POLICIES.len(), all.into_inner().unwrap());
    println!("no figure of {count} plans exceeded in {} sieges: {all:?}", each * count as u64);
    // A few policies alone do not have everything, and nothing may come through an open breaker.
    if count < ENOUGH {
        return;
    }
    let untried = all.iter().filter(|(figure, times)| **times == 0 && !figure.ends_with("open"));
    assert_eq!(untried.count(), 0, "sieges that come near no figure say nothing: {all:?}");
}

/// Changes of generated code after which the proxy does more than its plan says.
const LOOSER: [&str; 5] = [
    "ATTEMPTS: u32 = 4 -> ATTEMPTS: u32 = 5",
    "PER_TRY: Option<Duration> = Some(millis(300)) -> PER_TRY: Option<Duration> = None",
    "CONNECT: Duration = millis(100) -> CONNECT: Duration = millis(110)",
    "BUFFER: usize = kib(1) -> BUFFER: usize = kib(2)",
    "TOTAL: Total = Total::Fixed(secs(4)) -> TOTAL: Total = Total::Fixed(millis(4100))",
];

#[test]
fn a_proxy_that_does_more_is_found() {
    // A run of other policies has no mutants.
    for change in LOOSER.iter().filter(|_| !MUTANTS.is_empty()) {
        let (_, policy) = MUTANTS.iter().find(|(known, _)| known == change).unwrap();
        let found = besiege(policy, PATIENCE, &mut Tried::new());
        assert!(found.is_err(), "nobody noticed {change}");
    }
}
