//! `amb test`: the tests in a policy, on the reference interpreter.

use std::path::Path;

use amb_policy_lang::interpret::{Coverage, run_test};
use amb_policy_lang::plan::Plan;

use crate::args::Test;
use crate::console::Console;
use crate::failure::Failure;
use crate::policy;

pub(crate) fn run(args: &Test, console: &mut Console) -> Result<(), Failure> {
    let mut failed = 0;
    for file in &args.files {
        let plan = policy::plan(file, console)?;
        failed += tests(args, &plan, file, console);
    }
    if failed == 0 { Ok(()) } else { Err(Failure::Findings) }
}

/// How many tests of a file failed.
fn tests(args: &Test, plan: &Plan, file: &Path, console: &mut Console) -> usize {
    let (mut failed, mut coverage) = (0, Coverage::default());
    for test in &plan.tests {
        let outcome = run_test(plan, test, args.seed);
        coverage.merge(&outcome.coverage);
        failed += usize::from(!outcome.passed);
        console.result(&outcome.render(plan, test));
    }
    let passed = plan.tests.len() - failed;
    console.result(&format!("{}: {passed} passed, {failed} failed\n", file.display()));
    if args.coverage {
        console.result(&missed(plan, &coverage));
    }
    failed
}

fn missed(plan: &Plan, coverage: &Coverage) -> String {
    let line = |place: &amb_policy_lang::plan::Place| {
        let file = plan.sources.get(place.file).map_or("?", |source| source.name.as_str());
        format!("not exercised: {file}:{}\n", place.line)
    };
    coverage.missed(plan).iter().map(line).collect()
}
