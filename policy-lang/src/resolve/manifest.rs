//! `amb.toml` at the root of a repository: which baseline applies to everything below.
//!
//! The only key is `baseline = "org/acme.amb"`, so reading the file needs no TOML library. Anything
//! else in it is an error: otherwise a misspelt key would switch off the guardrails in silence.

use crate::diagnostics::{Diagnostic, file as report};
use crate::span::Span;

type Read = Result<(String, Span), Box<Diagnostic>>;

/// The path of the baseline's file, with its place.
pub(super) fn read(file: u32, text: &str) -> Read {
    let mut baseline = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let words = line.trim();
        if words.is_empty() || words.starts_with('#') {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let span = Span::new(file, at + indent, at + indent + words.len());
        if baseline.is_some() {
            return Err(Box::new(report::invalid_manifest(
                span,
                "one `baseline` is all that `amb.toml` says",
            )));
        }
        let path = path(words).ok_or_else(|| {
            Box::new(report::invalid_manifest(span, "expected `baseline = \"path\"`"))
        })?;
        let offset = words.find('"').unwrap_or(0);
        let start = at + indent + offset;
        baseline = Some((path.to_owned(), Span::new(file, start, start + path.len() + 2)));
    }
    baseline.ok_or_else(|| {
        let problem = "it says nothing: write `baseline = \"path\"`, or delete the file";
        Box::new(report::invalid_manifest(Span::new(file, 0, 0), problem))
    })
}

/// `org/acme.amb` in `baseline = "org/acme.amb" # why`.
fn path(words: &str) -> Option<&str> {
    let rest = words
        .strip_prefix("baseline")?
        .trim_start()
        .strip_prefix('=')?
        .trim_start()
        .strip_prefix('"')?;
    let (path, rest) = rest.split_once('"')?;
    let rest = rest.trim_start();
    let plain =
        !path.is_empty() && !path.contains('\\') && (rest.is_empty() || rest.starts_with('#'));
    plain.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_baseline() {
        for (text, expect) in [
            ("", None),
            ("# nothing\n\n", None),
            ("baseline = \"org/acme.amb\"\n", Some("org/acme.amb")),
            ("  baseline=\"a.amb\" # ours", Some("a.amb")),
            ("baselin = \"a.amb\"", None),
            ("baseline = a.amb", None),
            ("baseline = \"a\"\nbaseline = \"b\"", None),
            ("baseline = \"\"", None),
        ] {
            let read = read(0, text).ok().map(|(path, _)| path);
            assert_eq!(read.as_deref(), expect, "{text}");
        }
    }
}
