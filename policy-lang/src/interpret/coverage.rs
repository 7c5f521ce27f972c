//! Which lines of a policy decided something in a run.

use std::collections::BTreeSet;

use crate::plan::{Action, Place, Plan, Settings, Sourced};
use crate::summary::rows;

/// The places of the values that decided something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub exercised: BTreeSet<Place>,
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
        let mut places = BTreeSet::new();
        for upstream in &plan.upstreams {
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
        places.difference(&self.exercised).copied().collect()
    }
}

/// The scope of a breaker is nothing that somebody wrote: it follows from where the block stands.
fn written(settings: &Settings) -> Vec<Place> {
    let rows = rows::settings(settings).into_iter();
    rows.filter(|row| row.key != "scope").filter_map(|row| row.origin.place()).collect()
}
