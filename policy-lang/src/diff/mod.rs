//! `amb diff`: what a change of policy does to calls.
//!
//! ```text
//! two plans ─▶ targets: which names lead where   ─┐
//!              classes: which routes share a call ├─▶ calls: what happens to it ─▶ fold ─▶ Change
//!              service, guardrails, doors, tests  ─┘
//! ```
//!
//! Calls are compared, not names: both plans' routes cut all calls into classes, exactly, and for each
//! class the effective values stand side by side. The table of settings says which of two values is the
//! stricter one ([`Order`](crate::schema::Order)); what is not shown to be at least as strict is weakened.

mod calls;
mod classes;
mod doors;
mod edits;
mod fold;
mod guardrails;
mod identity;
mod items;
mod service;
mod sharing;
mod show;
mod targets;
mod tests;
mod values;
mod why;

pub use show::{json, markdown, text};

use serde::Serialize;

use crate::plan::Plan;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub kind: Kind,
    /// Whom it is about: `service`, `payment` (the calls of no route), `payment/charge`, `payment/*`,
    /// `*` (all calls), or `payment/charge -> payment/all` for calls that moved.
    pub scope: String,
    /// `retry.attempts`, `call`, `require`.
    pub setting: String,
    /// As an author would write it; none if it was not there.
    pub old: Option<String>,
    pub new: Option<String>,
    /// Who set it, and who sets it now: `order.amb:43`.
    pub old_place: Option<String>,
    pub new_place: Option<String>,
    /// A call that moved from one route to another.
    pub example: Option<String>,
    /// What it means; none where the values say it.
    pub why: Option<&'static str>,
}

/// What a difference does to what the policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It may allow something that was not allowed before.
    Weakened,
    /// The same, by going to another place: a destination, a protocol, an identity.
    Redirected,
    /// It allows less than before.
    Tightened,
    /// Another name for the same.
    Renamed,
}

/// All differences, the weakest first; of one kind, the service's own before those of calls.
pub fn diff(old: &Plan, new: &Plan) -> Vec<Change> {
    let classes = classes::all(old, new);
    let sharing = sharing::Sharing::of(&classes);
    let mut changes = service::changes(old, new);
    changes.extend(guardrails::changes(old, new, &sharing));
    changes.extend(sharing.changes(old, new));
    changes.extend(doors::changes(old, new, &sharing));
    changes.extend(fold::folded(calls::changes(&classes), &classes));
    changes.extend(tests::changes(old, new, &sharing));
    changes.sort_by_key(|change| change.kind);
    changes
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weakened => "weakened",
            Self::Redirected => "redirected",
            Self::Tightened => "tightened",
            Self::Renamed => "renamed",
        }
    }

    /// Is everything that the old policy forbade still forbidden?
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Tightened | Self::Renamed)
    }
}
