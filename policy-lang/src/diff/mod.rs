//! `amb diff`: what a change of policy means, in effective values.
//!
//! Moving a value from a route to `defaults` is no difference; a baseline that
//! changes underneath is one. What changes alike in a whole upstream, or in all of
//! them, is said once. A block that is new is compared with its absence: without
//! `retry` there is one try, without `breaker` nothing holds calls back.

mod fold;
mod guardrails;
mod judge;
mod scopes;
mod settings;
mod why;

use serde::Serialize;

use crate::plan::Plan;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub kind: Kind,
    /// `service`, `payment` (the calls of no route), `payment/charge`, `payment/*`, or `*`: all calls.
    pub scope: String,
    /// `retry.attempts`, `match`, `upstream`.
    pub setting: String,
    /// As an author would write it; none if it was not there.
    pub old: Option<String>,
    pub new: Option<String>,
    /// Who sets it now, or who did if it is gone: `order.amb:43`.
    pub origin: String,
    /// What a tighter or weaker value means for calls; none where that is a matter of view.
    pub why: Option<&'static str>,
}

/// What a difference does to what the policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Fewer tries, shorter waits, an earlier cut-off.
    Tightened,
    /// More load, longer waits, a later cut-off.
    Weakened,
    Added,
    Removed,
    /// Neither more nor less, or not comparable.
    Changed,
}

/// All differences: first the service's own, then upstream by upstream in the new order.
pub fn diff(old: &Plan, new: &Plan) -> Vec<Change> {
    let mut changes = scopes::service(old, new);
    changes.extend(guardrails::changes(old, new));
    changes.extend(fold::everywhere(scopes::upstreams(old, new), new));
    for change in &mut changes {
        change.why = why::words(&change.setting, change.kind);
    }
    changes
}

/// One line each.
pub fn text(changes: &[Change]) -> String {
    changes.iter().map(line).collect()
}

/// An array of objects.
pub fn json(changes: &[Change]) -> String {
    // INVARIANT: only strings are written, which cannot fail.
    serde_json::to_string_pretty(changes).unwrap_or_default() + "\n"
}

fn line(change: &Change) -> String {
    let Change { kind, scope, setting, old, new, origin, why } = change;
    let values = match (kind, old, new) {
        (Kind::Added | Kind::Removed, Some(only), None)
        | (Kind::Added | Kind::Removed, None, Some(only)) => only.clone(),
        (Kind::Added | Kind::Removed, None, None) => String::new(),
        _ => format!("{} -> {}", side(old), side(new)),
    };
    let colon = if values.is_empty() { "" } else { ": " };
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    format!("{:<9}  {scope}  {setting}{colon}{values}  ({origin}){why}\n", kind.name())
}

fn side(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or("none")
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tightened => "tightened",
            Self::Weakened => "weakened",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}
