//! The guardrails as the plan keeps them: what it was held against.

use super::compare::Wanted;
use super::require::{Exemption, Rule, exemptions, rules};
use crate::conform::Node;
use crate::plan::{self, Guardrails, Layer, Place, Require, Sourced};
use crate::resolve::{Applied, Program};
use crate::span::Places;

pub(crate) fn guardrails_in_force(
    program: &Program<'_>,
    applied: Applied<'_, '_>,
    places: &Places<'_>,
) -> Guardrails {
    let place = |node: &Node<'_>| places.of(node.statement.key_span);
    let rules = rules(program, applied);
    let exemptions = exemptions(applied);
    Guardrails {
        requires: rules.iter().map(|rule| require(rule, place(rule.node))).collect(),
        exemptions: exemptions.iter().map(|known| exempt(known, place(known.node))).collect(),
    }
}

fn require(rule: &Rule<'_>, place: Place) -> Sourced<Require> {
    let (bound, words) = match &rule.wanted {
        Wanted::Bound(bound) => (Some(*bound), vec![]),
        Wanted::Words(words) => (None, words.written.clone()),
        Wanted::Presence | Wanted::Ranges(_) => (None, vec![]),
    };
    let layer = if rule.baseline.is_some() { Layer::Baseline } else { Layer::File };
    let (path, operator) = (rule.path.text.clone(), rule.operator.to_owned());
    Sourced::written(Require { path, operator, value: rule.value(), bound, words }, layer, place)
}

fn exempt(known: &Exemption<'_>, place: Place) -> Sourced<plan::Exemption> {
    let exemption = plan::Exemption {
        path: known.path.to_owned(),
        freed: known.freed.clone(),
        until: known.until().to_owned(),
    };
    Sourced::written(exemption, Layer::Baseline, place)
}
