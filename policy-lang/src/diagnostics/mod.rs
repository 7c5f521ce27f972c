//! What the user is told: one [`Diagnostic`] per finding, with a code, the places it is
//! about, what is wrong, and what to do.
//!
//! Every code has one constructor, in the submodule of its area, so that the wording of
//! a finding stands in one place. Text is lower case, without a final stop, with the
//! user's words in backticks.

mod code;
mod json;
mod render;
mod suggest;

pub(crate) mod file;
pub(crate) mod guard;
pub(crate) mod policy;
pub(crate) mod setting;
pub(crate) mod syntax;

pub use code::{CODES, Code, Severity};
pub use json::to_json_lines;
pub use render::{Style, render};
pub(crate) use suggest::{nearest, nearest_of};

use std::collections::BTreeSet;

use crate::span::Span;

/// The most findings of one compilation.
const MOST: usize = 100;
/// Where a stage need not look for more findings.
pub(crate) const ENOUGH: usize = 2 * MOST;
/// The longest text of a finding, in bytes; what was written is quoted shorter then.
const LONGEST: usize = 400;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    pub message: String,
    /// The first one is where the finding is; the others are why.
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    /// What to do, where that fits in a line.
    pub help: Option<Help>,
    /// The setting that is missing, or that a misspelt setting stands for.
    pub(crate) setting: Option<String>,
}

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// Advice, with the edit that carries it out if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    pub text: String,
    pub fix: Option<Fix>,
}

/// Replace what stands at `span`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub span: Span,
    pub replacement: String,
}

impl Diagnostic {
    /// A finding at `span`, as severe as its code is.
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: shortened(message.into()),
            labels: vec![Label { span, text: String::new() }],
            notes: Vec::new(),
            help: None,
            setting: None,
        }
    }

    /// Says something about the place of the finding.
    pub(crate) fn here(mut self, text: impl Into<String>) -> Self {
        if let Some(first) = self.labels.first_mut() {
            first.text = shortened(text.into());
        }
        self
    }

    /// Points at another place as well.
    pub(crate) fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: shortened(text.into()) });
        self
    }

    pub(crate) fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(shortened(text.into()));
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(Help { text: shortened(text.into()), fix: None });
        self
    }

    /// Advice with the edit that carries it out.
    pub(crate) fn fix(
        mut self,
        text: impl Into<String>,
        span: Span,
        replacement: impl Into<String>,
    ) -> Self {
        let fix = Fix { span, replacement: replacement.into() };
        let fix = Some(fix).filter(|fix| fix.replacement.len() <= LONGEST);
        self.help = Some(Help { text: shortened(text.into()), fix });
        self
    }

    /// "did you mean", if something known is close to what was written at `span`.
    pub(crate) fn meant(self, span: Span, nearest: Option<&str>) -> Self {
        match nearest {
            Some(name) => self.fix(format!("did you mean `{name}`?"), span, name),
            None => self,
        }
    }

    pub(crate) fn about(self, setting: Option<&str>) -> Self {
        Self { setting: setting.map(str::to_owned), ..self }
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Where the finding is.
    pub fn span(&self) -> Span {
        self.labels.first().map(|label| label.span).unwrap_or_default()
    }
}

/// Findings in the order of the text, each once. A misspelt setting is not also reported as missing.
pub(crate) fn sort(found: &mut Vec<Diagnostic>) {
    let about = |it: &Diagnostic| Some((it.span().file, it.setting.clone()?));
    let misspelt: BTreeSet<_> =
        found.iter().filter(|it| it.code == Code::UnknownKey).filter_map(about).collect();
    found.retain(|missing| {
        let meant = || about(missing).is_some_and(|it| misspelt.contains(&it));
        missing.code != Code::MissingSetting || !meant()
    });
    found.sort_by_key(|diagnostic| (diagnostic.span(), diagnostic.code));
    found.dedup();
    bound(found);
}

/// Leaves away what nobody reads to the end, warnings first. Some error stays if there was any.
fn bound(found: &mut Vec<Diagnostic>) {
    if found.len() <= MOST {
        return;
    }
    found.sort_by_key(|diagnostic| diagnostic.severity);
    found.truncate(MOST);
    found.sort_by_key(|diagnostic| (diagnostic.span(), diagnostic.code));
    if let Some(last) = found.pop() {
        found.push(last.note("more findings are not shown"));
    }
}

/// Are there more errors than are shown? Then a stage need not look for others.
pub(crate) fn are_enough(found: &[Diagnostic]) -> bool {
    found.len() >= ENOUGH && found.iter().filter(|found| found.is_error()).count() >= ENOUGH
}

/// The text, without its middle if it is long.
fn shortened(text: String) -> String {
    if text.len() <= LONGEST {
        return text;
    }
    let start = text.floor_char_boundary(LONGEST / 2);
    let end = text.ceil_char_boundary(text.len() - LONGEST / 2);
    match (text.get(..start), text.get(end..)) {
        (Some(start), Some(end)) => format!("{start}…{end}"),
        _ => text,
    }
}
