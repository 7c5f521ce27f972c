//! Demands and exemptions that came, went or changed.

use super::{Change, Kind, judge};
use crate::plan::{Plan, Require, Sourced};

/// Demands first, then exemptions from them.
pub(super) fn changes(old: &Plan, new: &Plan) -> Vec<Change> {
    let mut changes = requires(old, new);
    let (was, is) = (&old.guardrails.exemptions, &new.guardrails.exemptions);
    let exempt = |(kind, plan): (Kind, &Plan), known: &Sourced<String>| {
        let side = Some(known.value.clone());
        let (old, new) = if kind == Kind::Weakened { (None, side) } else { (side, None) };
        change(kind, "exempt", (old, new), plan.origin_text(&known.origin))
    };
    changes.extend(missing(was, is).map(|known| exempt((Kind::Weakened, new), known)));
    changes.extend(missing(is, was).map(|known| exempt((Kind::Tightened, old), known)));
    changes
}

fn requires(old: &Plan, new: &Plan) -> Vec<Change> {
    let (was, is) = (&old.guardrails.requires, &new.guardrails.requires);
    let mut gone: Vec<_> = missing(is, was).collect();
    let mut changes = vec![];
    for require in missing(was, is) {
        let same = |it: &&Sourced<Require>| it.value.is_about(&require.value);
        let before = gone.iter().position(same).map(|at| gone.remove(at));
        let kind =
            before.map_or(Kind::Tightened, |before| judge::require(&before.value, &require.value));
        let sides = (before.map(|it| it.value.to_string()), Some(require.value.to_string()));
        changes.push(change(kind, "require", sides, new.origin_text(&require.origin)));
    }
    changes.extend(gone.into_iter().map(|require| {
        let sides = (Some(require.value.to_string()), None);
        change(Kind::Weakened, "require", sides, old.origin_text(&require.origin))
    }));
    changes
}

/// What only the second list has; the places do not matter.
fn missing<'a, T: PartialEq>(
    from: &'a [Sourced<T>],
    of: &'a [Sourced<T>],
) -> impl Iterator<Item = &'a Sourced<T>> {
    of.iter().filter(|one| !from.iter().any(|other| other.value == one.value))
}

fn change(
    kind: Kind,
    setting: &str,
    sides: (Option<String>, Option<String>),
    origin: String,
) -> Change {
    let (scope, setting, (old, new)) = ("service".to_owned(), setting.to_owned(), sides);
    Change { kind, scope, setting, old, new, origin, why: None }
}
