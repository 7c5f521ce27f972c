//! One test on both: do they agree, and if not, the smallest test that shows it.

use amb_policy_lang::interpret::{Scenario, run};
use amb_policy_lang::plan::{Plan, Test};

use crate::{HTTP1, Policy, Spoken, account, invariants, show};

/// How a comparison went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Agree,
    /// Calls meet at one moment: nothing says which goes first.
    Ambiguous,
    /// What differs, to be read.
    Differ(String),
}

/// Runs a test on both, with one seed.
pub fn judge(policy: &Policy, plan: &Plan, test: &Test, seed: u64) -> Verdict {
    judge_over(policy, plan, (test, HTTP1), seed)
}

/// The same, with these versions of HTTP on the two sides of the proxy. The interpreter knows none.
pub fn judge_over(
    policy: &Policy,
    plan: &Plan,
    (test, spoken): (&Test, Spoken),
    seed: u64,
) -> Verdict {
    let fields = account::REQUEST_FIELDS.map(str::to_owned).to_vec();
    let scenario = Scenario { fields, ..Scenario::of_test(test, seed) };
    let trace = run(plan, &scenario);
    if account::is_ambiguous(&scenario, &trace) {
        return Verdict::Ambiguous;
    }
    let observed = (policy.play)(test, seed, spoken);
    let (expected, actual) =
        (account::interpreted(plan, &trace), account::compiled(plan, &observed));
    let broken = invariants::broken(plan, &scenario, &observed);
    if expected == actual && broken.is_empty() {
        return Verdict::Agree;
    }
    let broken = broken.join("\n");
    let differences = show::side_by_side(&expected, &actual);
    let text = show::test(test);
    let entry = policy.entry;
    Verdict::Differ(format!("{entry}, seed {seed}, {spoken:?}\n{text}\n\n{differences}{broken}"))
}

/// Leaves out whatever is not needed for the difference; returns how that one reads.
pub fn smallest(
    policy: &Policy,
    plan: &Plan,
    (mut test, spoken): (Test, Spoken),
    seed: u64,
) -> String {
    let mut found = judge_over(policy, plan, (&test, spoken), seed);
    while let Some((smaller, verdict)) = smaller(&test).into_iter().find_map(|smaller| {
        let verdict = judge_over(policy, plan, (&smaller, spoken), seed);
        matches!(verdict, Verdict::Differ(_)).then_some((smaller, verdict))
    }) {
        (test, found) = (smaller, verdict);
    }
    match found {
        Verdict::Differ(text) => text,
        _ => show::test(&test),
    }
}

/// The test with one thing less, in every way.
fn smaller(test: &Test) -> Vec<Test> {
    let mut tests = Vec::new();
    let mut with = |change: &dyn Fn(&mut Test)| {
        let mut smaller = test.clone();
        change(&mut smaller);
        tests.push(smaller);
    };
    for (at, request) in test.requests.iter().enumerate() {
        if test.requests.len() > 1 {
            with(&|test| drop(test.requests.remove(at)));
        }
        if request.times > 1 {
            with(&|test| test.requests[at].times -= 1);
        }
        if request.body > 0 {
            with(&|test| test.requests[at].body = 0);
        }
        for field in 0..request.headers.len() {
            with(&|test| drop(test.requests[at].headers.remove(field)));
        }
    }
    for (at, given) in test.given.iter().enumerate() {
        with(&|test| drop(test.given.remove(at)));
        for step in (0..given.replies.len()).filter(|_| given.replies.len() > 1) {
            with(&|test| drop(test.given[at].replies.remove(step)));
        }
    }
    tests
}
