//! `amb test`: the tests in a policy, on the reference interpreter.

use std::path::Path;

use amb_policy_lang::interpret::{Coverage, Covered, TestOutcome, run_test};
use amb_policy_lang::plan::{Plan, Test as Written};
use serde_json::{Value, json};

use crate::args::{Format, Test};
use crate::console::Console;
use crate::failure::Failure;
use crate::policy;

pub(crate) fn run(args: &Test, console: &mut Console) -> Result<(), Failure> {
    let mut fine = true;
    for file in &args.files {
        // Tests stand in deployments; what these import has none of its own.
        let Some(plan) = policy::compiled(file, console)? else { continue };
        let report = Report::of(&plan, file, args);
        console.result(&match args.format {
            Format::Text => report.text(),
            Format::Json => report.json(),
        });
        fine &= report.is_fine(args);
    }
    if fine { Ok(()) } else { Err(Failure::Findings) }
}

/// The results of the tests of one file.
struct Report<'a> {
    plan: &'a Plan,
    file: &'a Path,
    outcomes: Vec<(&'a Written, TestOutcome)>,
    /// If it was asked for.
    covered: Option<Covered>,
}

impl<'a> Report<'a> {
    fn of(plan: &'a Plan, file: &'a Path, args: &Test) -> Self {
        let outcome = |test: &'a Written| (test, run_test(plan, test, args.seed));
        let outcomes: Vec<_> = plan.tests.iter().map(outcome).collect();
        let mut coverage = Coverage::default();
        outcomes.iter().for_each(|(_, outcome)| coverage.merge(&outcome.coverage));
        let asked = args.coverage || args.deny.is_some();
        Self { plan, file, outcomes, covered: asked.then(|| coverage.of(plan)) }
    }

    fn failed(&self) -> usize {
        self.outcomes.iter().filter(|(_, outcome)| !outcome.passed).count()
    }

    fn is_fine(&self, args: &Test) -> bool {
        let complete = self.covered.as_ref().is_none_or(|covered| covered.missed.is_empty());
        self.failed() == 0 && (args.deny.is_none() || complete)
    }

    fn text(&self) -> String {
        let told = self.outcomes.iter().map(|(test, outcome)| outcome.render(self.plan, test));
        let failed = self.failed();
        let passed = self.outcomes.len() - failed;
        let covered = self.covered.as_ref().map(Covered::text).unwrap_or_default();
        let counts = format!("{}: {passed} passed, {failed} failed\n", self.file.display());
        told.collect::<String>() + &counts + &covered
    }

    fn json(&self) -> String {
        let tests: Vec<Value> = self.outcomes.iter().map(|(test, it)| told(test, it)).collect();
        let file = self.file.display().to_string();
        let report = json!({ "file": file, "tests": tests, "coverage": self.covered });
        format!("{report}\n")
    }
}

fn told(test: &Written, outcome: &TestOutcome) -> Value {
    let failures = outcome.failures.iter().map(|failed| {
        json!({ "line": failed.place.line, "expected": failed.expected, "actual": failed.actual })
    });
    let failures: Vec<Value> = failures.collect();
    json!({
        "name": test.name, "line": test.place.line, "passed": outcome.passed, "failures": failures,
    })
}
