//! Runs the tests that stand in the policy, judges them, and shows why a test failed.

use super::coverage::Coverage;
use super::engine::run_covered;
use super::expect;
use super::scenario::Scenario;
use super::trace::{Event, Trace};
use crate::plan::{Place, Plan, Test, display};

/// Of what happened in a test that failed, the first and the last that many lines are shown.
const SHOWN: usize = 100;

/// How a test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestOutcome {
    pub passed: bool,
    /// In the order of the expectations.
    pub failures: Vec<Failed>,
    pub trace: Trace,
    pub coverage: Coverage,
}

/// An expectation that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub place: Place,
    /// As written, without `expect`: `status == 201`.
    pub expected: String,
    /// What was there: `503`.
    pub actual: String,
}

/// Runs a test of the plan; the same seed gives the same outcome.
pub fn run_test(plan: &Plan, test: &Test, seed: u64) -> TestOutcome {
    let run = run_covered(plan, &Scenario::of_test(test, seed));
    let judge = |expect| {
        let actual = expect::check(expect, &run.trace).err()?;
        Some(Failed { place: expect.place, expected: expect::text(expect), actual })
    };
    let failures: Vec<_> = test.expects.iter().filter_map(judge).collect();
    let passed = failures.is_empty();
    TestOutcome { passed, failures, trace: run.trace, coverage: run.coverage }
}

impl TestOutcome {
    /// One line if it passed; otherwise each failure with its place, and what happened.
    pub fn render(&self, plan: &Plan, test: &Test) -> String {
        let name = display::printable(&test.name);
        if self.passed {
            return format!("ok      {name}\n");
        }
        let mut text = format!("FAILED  {name} ({})\n", at(plan, test.place));
        for failed in &self.failures {
            let place = at(plan, failed.place);
            text.push_str(&format!(
                "  {place}: expected {}, was {}\n",
                failed.expected, failed.actual
            ));
        }
        text.push_str("  what happened:\n");
        let events = &self.trace.events;
        let (first, last) =
            (events.iter().take(SHOWN), events.iter().skip(SHOWN).rev().take(SHOWN));
        let last: Vec<_> = last.collect();
        let line = |event: &Event| format!("    {}\n", display::printable(&event.to_string()));
        text.extend(first.map(line));
        if events.len() > 2 * SHOWN {
            text.push_str(&format!("    … {} more …\n", events.len() - 2 * SHOWN));
        }
        text.extend(last.into_iter().rev().map(line));
        text
    }
}

fn at(plan: &Plan, place: Place) -> String {
    let file = plan.sources.get(place.file).map_or("?", |source| source.name.as_str());
    format!("{file}:{}", place.line)
}
