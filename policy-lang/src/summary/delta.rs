//! What a scope adds to the one around it, so that the summary says each thing once.

use super::rows::{self, Row};
use crate::plan::{Plan, Settings};

/// The settings that all upstreams have in common; none for a single upstream.
pub(super) fn everywhere(plan: &Plan) -> Vec<Row> {
    let [first, rest @ ..] = plan.upstreams.as_slice() else {
        return vec![];
    };
    if rest.is_empty() {
        return vec![];
    }
    let mut common = rows::settings(&first.settings);
    for upstream in rest {
        let others = rows::settings(&upstream.settings);
        common.retain(|row| others.contains(row));
    }
    common
}

/// The rows that differ from those of the scope around.
///
/// If a setting of a block is gone, for instance because the breaker has another rule, the whole
/// block is shown: a single new line would look like an addition. A block that is gone altogether is
/// shown as `none`, with the line that says `off`.
pub(super) fn against(base: &[Row], rows: &[Row], settings: &Settings) -> Vec<Row> {
    let replaced = |group: &str| {
        let mut before = base.iter().filter(|row| row.group == group);
        before.any(|gone| !rows.iter().any(|row| row.path() == gone.path()))
    };
    let differs = |row: &&Row| replaced(row.group) || !base.contains(row);
    let mut delta: Vec<_> = rows.iter().filter(differs).cloned().collect();
    let gone = settings.off.iter().filter(|off| base.iter().any(|row| row.group == off.value));
    delta.extend(gone.map(|off| Row {
        group: off.value,
        key: "",
        value: "none".to_owned(),
        origin: off.origin.clone(),
    }));
    delta
}
