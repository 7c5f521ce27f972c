//! Diagnostics for machines: one JSON object a line.

use std::fmt::Write as _;

use super::Diagnostic;
use crate::Source;
use crate::span::Places;

/// One line per diagnostic: `code`, `severity`, `message`, `file`, `line`, `column`.
pub fn to_json_lines(diagnostics: &[Diagnostic], sources: &[Source]) -> String {
    let places = Places::new(sources);
    diagnostics.iter().map(|diagnostic| line(diagnostic, sources, &places)).collect()
}

fn line(diagnostic: &Diagnostic, sources: &[Source], places: &Places<'_>) -> String {
    let place = places.of(diagnostic.span());
    let file = sources.get(place.file).map_or("", |source| source.name.as_str());
    format!(
        "{{\"code\":{},\"severity\":{},\"message\":{},\"file\":{},\"line\":{},\"column\":{}}}\n",
        quoted(diagnostic.code.as_str()),
        quoted(diagnostic.severity.as_str()),
        quoted(&diagnostic.message),
        quoted(file),
        place.line,
        place.column,
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
