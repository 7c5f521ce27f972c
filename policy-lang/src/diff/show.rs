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

/// A row of a table: neither a value nor a place can end it, open a tag, or write anything but itself.
fn row(change: &Change) -> String {
    let side = |side: &Option<String>| side.as_deref().map_or_else(String::new, code);
    let kind = match change.kind.is_safe() {
        true => change.kind.name().to_owned(),
        false => format!("**{}**", change.kind.name()),
    };
    let mut scope = code(&change.scope);
    scope += &change.example.as_ref().map(|it| format!(", as {}", code(it))).unwrap_or_default();
    let why = change.why.map(|why| format!(": {why}")).unwrap_or_default();
    let (old, new) = (side(&change.old), side(&change.new));
    let place = match places(change) {
        none if none.is_empty() => none,
        place => code(&place),
    };
    format!("| {kind}{why} | {scope} | {} | {old} | {new} | {place} |\n", code(&change.setting))
}

/// Code for Markdown, behind a fence that is longer than any run of backticks within.
fn code(text: &str) -> String {
    // Behind a backslash another one would escape that, and not the bar.
    let text = escaped(text).replace("\\|", "\\\\u{7c}").replace('|', "\\|");
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(2.max(longest + 1));
    format!("{fence} {text} {fence}")
}

/// What could end a line or redraw what stands around it is shown, and not done.
fn escaped(text: &str) -> String {
    let shown = |char: char| match display::is_printable(char) {
        true => char.to_string(),
        false => char.escape_default().to_string(),
    };
    text.chars().map(shown).collect()
}
