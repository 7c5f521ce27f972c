//! Which lines of a policy decided something in a run.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::plan::{Action, Place, Plan, Settings, Sourced, Upstream};
use crate::summary::rows;

/// The places of the values that decided something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub exercised: BTreeSet<Place>,
}

/// How much of what a policy decides its tests have seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// Written values and `match` lines.
    pub decisions: usize,
    pub exercised: usize,
    /// In the order of the files.
    pub missed: Vec<Missed>,
}

/// A decision that no test has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missed {
    pub file: String,
    pub line: u32,
    pub column: u32,
    /// The whole line, without the space around it.
    pub text: String,
}

impl Coverage {
    /// Notes that a value decided something; a default of the language has no place.
    pub(super) fn note<T>(&mut self, value: &Sourced<T>) {
        self.exercised.extend(value.place());
    }

    pub(super) fn note_place(&mut self, place: Place) {
        self.exercised.insert(place);
    }

    /// Adds what another test exercised.
    pub fn merge(&mut self, other: &Self) {
        self.exercised.extend(&other.exercised);
    }

    /// The written values and `match` lines of the plan that nothing exercised, in file order.
    pub fn missed(&self, plan: &Plan) -> Vec<Place> {
        decisions(plan).difference(&self.exercised).copied().collect()
    }

    /// The figures, and the lines themselves.
    pub fn of(&self, plan: &Plan) -> Covered {
        let decisions = decisions(plan).len();
        let missed: Vec<_> =
            self.missed(plan).into_iter().map(|place| missed(plan, place)).collect();
        Covered { decisions, exercised: decisions - missed.len(), missed }
    }
}

impl Covered {
    /// Each line once, then `17 of 20 decisions exercised`.
    pub fn text(&self) -> String {
        let mut lines: Vec<&Missed> = self.missed.iter().collect();
        lines.dedup_by(|a, b| (&a.file, a.line) == (&b.file, b.line));
        let mut text: String = lines
            .iter()
            .map(|Missed { file, line, text, .. }| {
                format!("not exercised: {file}:{line}: {text}\n")
            })
            .collect();
        text.push_str(&format!("{} of {} decisions exercised\n", self.exercised, self.decisions));
        text
    }
}

fn missed(plan: &Plan, place: Place) -> Missed {
    let source = plan.sources.get(place.file);
    let index = usize::try_from(place.line).unwrap_or_default().saturating_sub(1);
    let text = source.and_then(|source| source.text.lines().nth(index)).unwrap_or_default();
    Missed {
        file: source.map(|source| source.name.clone()).unwrap_or_default(),
        line: place.line,
        column: place.column,
        text: text.trim().to_owned(),
    }
}

/// Everything somebody wrote that can decide what becomes of a call.
fn decisions(plan: &Plan) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    // What holds for bytes is beyond what tests can show.
    let speaks_http = |upstream: &&Upstream| !upstream.protocol.value.is_opaque();
    for upstream in plan.upstreams.iter().filter(speaks_http) {
        places.extend(written(&upstream.settings));
        for route in &upstream.routes {
            places.extend(route.matches.iter().map(|line| line.place));
            match &route.action {
                Action::Forward { .. } => places.extend(written(&route.settings)),
                Action::Respond(reply) => places.extend(reply.place()),
            }
        }
    }
    places.extend(plan.otherwise.place());
    places
}

/// The scope of a breaker is not a written value: it follows from the place of the block.
fn written(settings: &Settings) -> Vec<Place> {
    let rows = rows::settings(settings).into_iter();
    rows.filter(|row| row.key != "scope").filter_map(|row| row.origin.place()).collect()
}
