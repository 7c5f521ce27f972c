//! What takes too long for every change: 2,000 random policies are compiled, and each proxy has to agree with
//! the interpreter and to stay within the figures of its plan.

use crate::shell::{Failed, Step};

/// Policies that are compiled at once: memory and the linker set the limit.
const POLICIES: u64 = 100;
/// Of all policies of a batch together.
const SCENARIOS: &str = "50000";
const SIEGES: &str = "50000";
/// 2,000 policies, 1,000,000 scenarios and as many sieges.
const BATCHES: u64 = 20;

/// Some of the batches, as in `3..5`; all if none are named.
pub(crate) fn run(batches: Option<&str>) -> Result<(), Failed> {
    let (first, end) = match batches {
        Some(range) => parse(range).ok_or_else(|| Failed(format!("`{range}` is no range")))?,
        None => (0, BATCHES),
    };
    (first..end).try_for_each(batch)
}

fn parse(range: &str) -> Option<(u64, u64)> {
    let (first, end) = range.split_once("..")?;
    Some((first.parse().ok()?, end.parse().ok()?))
}

fn batch(number: u64) -> Result<(), Failed> {
    let seeds = format!("{}..{}", number * POLICIES, (number + 1) * POLICIES);
    let sizes = [("AMB_SIEGES", SIEGES), ("AMB_SCENARIOS", SCENARIOS)];
    Step::cargo(["test", "--quiet", "-p", "amb-tests-differential", "--tests", "--", "--nocapture"])
        .args(["interpreter_and_compiled_proxy_agree", "no_figure_of_a_plan_is_exceeded"])
        .envs(sizes)
        .envs([("AMB_POLICIES", seeds.as_str())])
        .run()
}
