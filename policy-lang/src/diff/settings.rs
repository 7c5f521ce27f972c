//! The settings of one scope, old against new.

use super::{Change, Kind, judge};
use crate::plan::{Plan, Settings};
use crate::summary::rows::{self, Row};

/// A scope before and after.
pub(super) struct Pair<'a> {
    pub(super) scope: String,
    pub(super) old_plan: &'a Plan,
    pub(super) new_plan: &'a Plan,
}

impl Pair<'_> {
    /// The differences between two settings.
    pub(super) fn settings(&self, old: &Settings, new: &Settings) -> Vec<Change> {
        let kind = |path: &str| judge::settings(path, old, new);
        self.rows(&rows::settings(old), &rows::settings(new), kind)
    }

    /// The differences between two lists of settings, by name.
    pub(super) fn rows(
        &self,
        old: &[Row],
        new: &[Row],
        kind: impl Fn(&str) -> Kind,
    ) -> Vec<Change> {
        let old_has = |group: &str| old.iter().any(|row| row.group == group);
        let new_has = |group: &str| new.iter().any(|row| row.group == group);
        let mut changes = vec![];
        for block in new.chunk_by(|a, b| a.group == b.group) {
            let Some(first) = block.first() else { continue };
            let before: Vec<_> = old.iter().filter(|row| row.group == first.group).collect();
            match is_block(first) && !old_has(first.group) {
                true => changes.push(self.whole(Kind::Added, block, first)),
                false => changes.extend(self.block(&before, block, &kind)),
            }
        }
        for block in old.chunk_by(|a, b| a.group == b.group) {
            let Some(first) = block.first().filter(|row| !new_has(row.group)) else { continue };
            match is_block(first) {
                true => changes.push(self.whole(Kind::Removed, block, first)),
                false => changes.extend(block.iter().map(|row| self.removed(row))),
            }
        }
        changes
    }

    /// What happened to one block that is on both sides.
    fn block(&self, old: &[&Row], new: &[Row], kind: &impl Fn(&str) -> Kind) -> Vec<Change> {
        let mut left: Vec<&Row> = old.to_vec();
        let mut unmatched = vec![];
        // Equal ones first: of two edits of one field, the other one is the change.
        for row in new {
            match left.iter().position(|old| same(old, row)) {
                Some(at) => drop(left.remove(at)),
                None => unmatched.push(row),
            }
        }
        let mut changes = vec![];
        for row in unmatched {
            let before = left.iter().position(|old| subject(old) == subject(row));
            let before = before.map(|at| left.remove(at));
            changes.push(match before {
                Some(before) => self.changed(before, row, kind(&row.path())),
                None => self.change(Kind::Added, row, None, Some(row.value.clone())),
            });
        }
        changes.extend(left.into_iter().map(|row| self.removed(row)));
        if changes.is_empty() && !old.iter().copied().zip(new).all(|(old, new)| same(old, new)) {
            changes.extend(self.reordered(old, new));
        }
        changes
    }

    fn reordered(&self, old: &[&Row], new: &[Row]) -> Option<Change> {
        let first = new.first()?;
        let order = |rows: Vec<String>| Some(rows.join("; "));
        let (old, new) = (
            order(old.iter().map(|row| row.statement()).collect()),
            order(new.iter().map(Row::statement).collect()),
        );
        let setting = format!("{}.order", first.group.replace(' ', "."));
        Some(Change { setting, ..self.change(Kind::Changed, first, old, new) })
    }

    fn changed(&self, old: &Row, new: &Row, kind: Kind) -> Change {
        self.change(kind, new, Some(old.value.clone()), Some(new.value.clone()))
    }

    fn removed(&self, row: &Row) -> Change {
        self.change(Kind::Removed, row, Some(row.value.clone()), None)
    }

    /// A block that came or went is one change, named without its settings.
    fn whole(&self, kind: Kind, block: &[Row], first: &Row) -> Change {
        let text = block.iter().map(Row::statement).collect::<Vec<_>>().join("; ");
        let (old, new) = if kind == Kind::Added { (None, Some(text)) } else { (Some(text), None) };
        let change = self.change(kind, first, old, new);
        Change {
            kind: judge::presence(first.group, kind),
            setting: first.group.to_owned(),
            ..change
        }
    }

    fn change(&self, kind: Kind, row: &Row, old: Option<String>, new: Option<String>) -> Change {
        let plan = if new.is_some() { self.new_plan } else { self.old_plan };
        Change {
            kind: judge::presence(&row.path(), kind),
            scope: self.scope.clone(),
            setting: row.path(),
            old: old.filter(|text| !text.is_empty()),
            new: new.filter(|text| !text.is_empty()),
            origin: plan.origin_text(&row.origin),
            why: None,
        }
    }
}

/// Does the block stand or fall as one?
fn is_block(row: &Row) -> bool {
    matches!(row.group, "retry" | "breaker" | "access-log")
}

fn same(old: &Row, new: &Row) -> bool {
    old.path() == new.path() && old.value == new.value
}

/// What a row is about: for an edit, the operation and the field.
fn subject(row: &Row) -> (String, &str) {
    let field = match row.group.starts_with("headers") {
        true => row.value.split(' ').next().unwrap_or_default(),
        false => "",
    };
    (row.path(), field)
}
