//! One test on both: do they agree, and if not, the smallest test that shows it.

use amb_policy_lang::interpret::{Course, Scenario, run};
use amb_policy_lang::plan::Plan;

use crate::{Case, HTTP1, Policy, Spoken, account, invariants, show};

/// How a comparison went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Agree,
    /// Calls meet at one moment: nothing says which goes first.
    Ambiguous,
    /// What differs, to be read.
    Differ(String),
}

/// Runs a case on both, with one seed.
pub fn judge(policy: &Policy, plan: &Plan, case: &Case, seed: u64) -> Verdict {
    judge_over(policy, plan, (case, HTTP1), seed)
}

/// The same, with these versions of HTTP on the two sides of the proxy. The interpreter knows none.
pub fn judge_over(
    policy: &Policy,
    plan: &Plan,
    (case, spoken): (&Case, Spoken),
    seed: u64,
) -> Verdict {
    let scenario = scenario(case, seed);
    let trace = run(plan, &scenario);
    if account::is_ambiguous(&scenario, &trace) {
        return Verdict::Ambiguous;
    }
    let observed = (policy.play)(case, seed, spoken);
    let (expected, actual) =
        (account::interpreted(plan, &trace), account::compiled(plan, &observed));
    let broken = invariants::broken(plan, &scenario, &observed);
    if expected == actual && broken.is_empty() {
        return Verdict::Agree;
    }
    let broken = broken.join("\n");
    let differences = show::side_by_side(&expected, &actual);
    let text = show::case(case);
    let entry = policy.entry;
    Verdict::Differ(format!("{entry}, seed {seed}, {spoken:?}\n{text}\n\n{differences}{broken}"))
}

fn scenario(case: &Case, seed: u64) -> Scenario {
    let fields = account::request_fields().into_iter().map(str::to_owned).collect();
    let mut scenario = Scenario { fields, ..Scenario::of_test(&case.test, seed) };
    let courses = case.test.requests.iter().zip(&case.courses);
    let courses = courses.flat_map(|(request, course)| (0..request.times).map(|_| *course));
    for (request, course) in scenario.requests.iter_mut().zip(courses) {
        request.course = course;
    }
    scenario
}

/// Leaves out whatever is not needed for the difference; returns how that one reads.
pub fn smallest(
    policy: &Policy,
    plan: &Plan,
    (mut case, spoken): (Case, Spoken),
    seed: u64,
) -> String {
    let mut found = judge_over(policy, plan, (&case, spoken), seed);
    while let Some((smaller, verdict)) = smaller(&case).into_iter().find_map(|smaller| {
        let verdict = judge_over(policy, plan, (&smaller, spoken), seed);
        matches!(verdict, Verdict::Differ(_)).then_some((smaller, verdict))
    }) {
        (case, found) = (smaller, verdict);
    }
    match found {
        Verdict::Differ(text) => text,
        _ => show::case(&case),
    }
}

/// The case with one thing less, in every way.
fn smaller(case: &Case) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut with = |change: &dyn Fn(&mut Case)| {
        let mut smaller = case.clone();
        change(&mut smaller);
        cases.push(smaller);
    };
    for (at, request) in case.test.requests.iter().enumerate() {
        if case.test.requests.len() > 1 {
            with(&|case| {
                case.test.requests.remove(at);
                case.courses.remove(at);
            });
        }
        if case.courses[at] != Course::Plain {
            with(&|case| case.courses[at] = Course::Plain);
        }
        if request.times > 1 {
            with(&|case| case.test.requests[at].times -= 1);
        }
        if request.body > 0 {
            with(&|case| case.test.requests[at].body = 0);
        }
        for field in 0..request.headers.len() {
            with(&|case| drop(case.test.requests[at].headers.remove(field)));
        }
    }
    for (at, given) in case.test.given.iter().enumerate() {
        with(&|case| drop(case.test.given.remove(at)));
        for step in (0..given.replies.len()).filter(|_| given.replies.len() > 1) {
            with(&|case| drop(case.test.given[at].replies.remove(step)));
        }
    }
    cases
}
