//! Differences for people and for machines.

use super::{Change, Kind};
use crate::plan::display;

/// One line each.
pub fn text(changes: &[Change]) -> String {
    changes.iter().map(line).collect()
}

/// An array of objects.
pub fn json(changes: &[Change]) -> String {
    // INVARIANT: only strings are written, which cannot fail.
    serde_json::to_string_pretty(changes).unwrap_or_default() + "\n"
}

/// A table behind one sentence, as for a pull request.
pub fn markdown(changes: &[Change]) -> String {
    let kinds = [Kind::Weakened, Kind::Redirected, Kind::Tightened, Kind::Renamed];
    let count = |kind: Kind| changes.iter().filter(|change| change.kind == kind).count();
    let counts = kinds.map(|kind| (count(kind), kind.name()));
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, name)| format!("{count} {name}")).collect();
    if counts.is_empty() {
        return "No call is treated differently.\n".to_owned();
    }
    let mut text = format!("**{}**\n\n", counts.join(", "));
    text += "| | calls | setting | before | after | place |\n|---|---|---|---|---|---|\n";
    text += &changes.iter().map(row).collect::<String>();
    text
}

fn line(change: &Change) -> String {
    let Change { kind, scope, setting, .. } = change;
    let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "none".to_owned());
    let (old, new) = (side(&change.old), side(&change.new));
    let why = change.why.map(|why| format!(": {why}")).unwrap_or_default();
    let example = change.example.as_ref().map(|it| format!(", as {it}")).unwrap_or_default();
    let text = format!("{scope}  {setting}: {old} -> {new}  ({}){why}{example}", places(change));
    format!("{:<10}  {}\n", kind.name(), display::printable(&text))
}

/// `old.amb:4 -> new.amb:5`; one of them if the other side has none.
fn places(change: &Change) -> String {
    match (&change.old_place, &change.new_place) {
        (Some(old), Some(new)) if old != new => format!("{old} -> {new}"),
        (Some(only), _) | (None, Some(only)) => only.clone(),
        (None, None) => String::new(),
    }
}

fn row(change: &Change) -> String {
    let code = |text: &str| format!("`` {} ``", display::printable(text).replace('|', "\\|"));
    let side = |side: &Option<String>| side.as_deref().map_or_else(String::new, code);
    let kind = match change.kind.is_safe() {
        true => change.kind.name().to_owned(),
        false => format!("**{}**", change.kind.name()),
    };
    let mut scope = code(&change.scope);
    scope += &change.example.as_ref().map(|it| format!(", as {}", code(it))).unwrap_or_default();
    let why = change.why.map(|why| format!(": {why}")).unwrap_or_default();
    let (old, new) = (side(&change.old), side(&change.new));
    let place = places(change);
    format!("| {kind}{why} | {scope} | {} | {old} | {new} | {place} |\n", code(&change.setting))
}
