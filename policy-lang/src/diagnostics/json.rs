//! Diagnostics for machines: one JSON object a line.

use serde::Serialize;

use super::{Diagnostic, Fix, Help};
use crate::Source;
use crate::span::{Places, Span};

/// One line per diagnostic: `code`, `severity`, `message`, `file`, `line`, `column`; `help`, where
/// there is advice; `fix`, where an edit carries it out. Lines and columns count characters from 1.
pub fn to_json_lines(diagnostics: &[Diagnostic], sources: &[Source]) -> String {
    let map = Map { sources, places: Places::new(sources) };
    let line = |diagnostic| {
        // INVARIANT: only strings and numbers are written, which cannot fail.
        serde_json::to_string(&map.finding(diagnostic)).unwrap_or_default() + "\n"
    };
    diagnostics.iter().map(line).collect()
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    start: Start<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Edit<'a>>,
}

#[derive(Serialize)]
struct Start<'a> {
    file: &'a str,
    line: u32,
    column: u32,
}

/// Replaces the text from the start up to the end, which is not included.
#[derive(Serialize)]
struct Edit<'a> {
    #[serde(flatten)]
    start: Start<'a>,
    end_line: u32,
    end_column: u32,
    replacement: &'a str,
}

struct Map<'a> {
    sources: &'a [Source],
    places: Places<'a>,
}

impl<'a> Map<'a> {
    fn finding(&self, diagnostic: &'a Diagnostic) -> Finding<'a> {
        let help = diagnostic.help.as_ref();
        let fix = help.and_then(|Help { fix, .. }| fix.as_ref());
        Finding {
            code: diagnostic.code.as_str(),
            severity: diagnostic.severity.as_str(),
            message: &diagnostic.message,
            start: self.start(diagnostic.span()),
            help: help.map(|help| help.text.as_str()),
            fix: fix.map(|fix| self.edit(fix)),
        }
    }

    fn edit(&self, fix: &'a Fix) -> Edit<'a> {
        let end = self.places.of(fix.span.after());
        Edit {
            start: self.start(fix.span),
            end_line: end.line,
            end_column: end.column,
            replacement: &fix.replacement,
        }
    }

    fn start(&self, span: Span) -> Start<'a> {
        let place = self.places.of(span);
        let file = self.sources.get(place.file).map_or("", |source| source.name.as_str());
        Start { file, line: place.line, column: place.column }
    }
}
