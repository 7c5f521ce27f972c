//! Diagnostics for machines: one JSON object a line.

use std::fmt::Write as _;

use super::{Diagnostic, Fix};
use crate::Source;
use crate::span::Places;

/// One line per diagnostic: `code`, `severity`, `message`, `file`, `line`, `column`; `help`, where
/// there is advice; `fix`, where an edit carries it out.
pub fn to_json_lines(diagnostics: &[Diagnostic], sources: &[Source]) -> String {
    let places = Places::new(sources);
    diagnostics.iter().map(|diagnostic| line(diagnostic, sources, &places)).collect()
}

fn line(diagnostic: &Diagnostic, sources: &[Source], places: &Places<'_>) -> String {
    let place = places.of(diagnostic.span());
    let file = sources.get(place.file).map_or("", |source| source.name.as_str());
    format!(
        "{{\"code\":{},\"severity\":{},\"message\":{},\"file\":{},\"line\":{},\"column\":{}{}}}\n",
        quoted(diagnostic.code.as_str()),
        quoted(diagnostic.severity.as_str()),
        quoted(&diagnostic.message),
        quoted(file),
        place.line,
        place.column,
        advice(diagnostic, sources, places),
    )
}

/// The members `help` and `fix`, as far as there are any, each behind its comma.
fn advice(diagnostic: &Diagnostic, sources: &[Source], places: &Places<'_>) -> String {
    let Some(help) = &diagnostic.help else { return String::new() };
    let fix = help.fix.as_ref().map(|fix| format!(",\"fix\":{}", edit(fix, sources, places)));
    format!(",\"help\":{}{}", quoted(&help.text), fix.unwrap_or_default())
}

/// What stands from the first place up to the end is to be replaced.
fn edit(fix: &Fix, sources: &[Source], places: &Places<'_>) -> String {
    let (start, end) = (places.of(fix.span), places.of(fix.span.after()));
    let file = sources.get(start.file).map_or("", |source| source.name.as_str());
    format!(
        "{{\"file\":{},\"line\":{},\"column\":{},\"end_line\":{},\"end_column\":{},\"replacement\":{}}}",
        quoted(file),
        start.line,
        start.column,
        end.line,
        end.column,
        quoted(&fix.replacement),
    )
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            control if u32::from(control) < 0x20 => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}
