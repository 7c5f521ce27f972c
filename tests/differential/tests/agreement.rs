//! The interpreter and the compiled proxy, on many scenarios.

use std::env;

use amb_policy_lang::plan::Plan;
use amb_runtime::testing::Version;
use amb_tests_differential::differ::{Verdict, judge, judge_over, smallest};
use amb_tests_differential::{HTTP1, MUTANTS, PAIRS, POLICIES, Policy, Spoken, for_all, generate};
use amb_tests_policies::Dice;

/// Of all policies together, at least, if `AMB_SCENARIOS` does not say another number.
const SCENARIOS: u64 = 20_000;
/// Scenarios in which a wrong constant has to show.
const PATIENCE: u64 = 4_000;

/// Of each policy, over each pair of versions.
const OVER_HTTP2: u64 = 40;

/// Compares that many scenarios; returns how many had to be left out, or the first that differs.
fn check(policy: &Policy, plan: &Plan, spoken: Spoken, wanted: u64) -> Result<u64, String> {
    let (mut compared, mut left_out) = (0, 0);
    for seed in 0.. {
        if compared == wanted {
            break;
        }
        let mut case = generate::case(plan, &mut Dice::new(seed));
        if spoken.callers != Version::Http1 {
            // HTTP/2 has no fields of a connection (RFC 9113 §8.2.2).
            let requests = case.test.requests.iter_mut();
            requests.for_each(|request| request.headers.retain(|(name, _)| name != "Connection"));
        }
        match judge_over(policy, plan, (&case, spoken), seed) {
            Verdict::Agree => compared += 1,
            Verdict::Ambiguous => left_out += 1,
            Verdict::Differ(_) => return Err(smallest(policy, plan, (case, spoken), seed)),
        }
    }
    Ok(left_out)
}

#[test]
fn interpreter_and_compiled_proxy_agree() {
    let wanted = env::var("AMB_SCENARIOS").map_or(SCENARIOS, |number| number.parse().unwrap());
    let each = wanted.div_ceil(POLICIES.len() as u64);
    for_all(|policy| {
        let left_out = check(policy, &policy.plan(), HTTP1, each)?;
        match left_out * 4 < each {
            true => Ok(()),
            false => Err(format!("{}: {left_out} of {each} say nothing", policy.entry)),
        }
    });
    let count = POLICIES.len();
    println!("no difference in {} scenarios of {count} policies", each * count as u64);
}

/// A policy means the same whatever version of HTTP its calls come and go over.
#[test]
fn the_version_of_http_makes_no_difference() {
    for_all(|policy| {
        let plan = policy.plan();
        PAIRS.iter().try_for_each(|spoken| check(policy, &plan, *spoken, OVER_HTTP2).map(drop))
    });
}

/// A comparison that cannot fail says nothing: one wrong constant in the generated code must show.
#[test]
fn every_wrong_constant_is_found() {
    let survives = |policy: &Policy| {
        let plan = policy.plan();
        let agrees = |seed| {
            let case = generate::case(&plan, &mut Dice::new(seed));
            !matches!(judge(policy, &plan, &case, seed), Verdict::Differ(_))
        };
        (0..PATIENCE).all(agrees)
    };
    let survivors: Vec<_> =
        MUTANTS.iter().filter(|(_, policy)| survives(policy)).map(|(change, _)| change).collect();
    assert!(survivors.is_empty(), "nobody noticed {survivors:#?}");
}

#[test]
fn one_seed_makes_one_scenario() {
    for policy in POLICIES {
        let plan = policy.plan();
        let case = || generate::case(&plan, &mut Dice::new(7));
        assert_eq!(case(), case());
    }
}
