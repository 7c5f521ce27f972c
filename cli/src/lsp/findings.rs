//! Findings as editors show them: where, how bad, what to do, and the other places that
//! have to do with it.

use std::path::PathBuf;

use amb_policy_lang::diagnostics::{self, Label, Severity};
use gen_lsp_types::{Code, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Message};

use super::documents::Documents;
use super::position;
use super::view::View;

/// Every finding of a view with the file that it is in.
pub(crate) fn findings(documents: &Documents, view: &View) -> Vec<(PathBuf, Diagnostic)> {
    let found = view.index.diagnostics.iter();
    let placed = found.filter_map(|found| {
        let path = view.path(found.span().file)?.to_owned();
        Some((path, finding(documents, view, found)))
    });
    placed.collect()
}

/// One finding.
pub(crate) fn finding(
    documents: &Documents,
    view: &View,
    found: &diagnostics::Diagnostic,
) -> Diagnostic {
    let span = found.span();
    let related = found.labels.iter().skip(1).filter_map(|label| related(documents, view, label));
    let related: Vec<_> = related.collect();
    Diagnostic {
        range: position::range(view.text(span.file), span),
        severity: Some(severity(found.severity)),
        code: Some(Code::String(found.code.as_str().to_owned())),
        source: Some("amb".to_owned()),
        message: Message::String(message(found)),
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    }
}

fn related(
    documents: &Documents,
    view: &View,
    label: &Label,
) -> Option<DiagnosticRelatedInformation> {
    let location = view.location(documents, label.span)?;
    Some(DiagnosticRelatedInformation::new(location, label.text.clone()))
}

fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::Error,
        Severity::Warning => DiagnosticSeverity::Warning,
    }
}

/// What is wrong, why, and what to do, a line each.
fn message(found: &diagnostics::Diagnostic) -> String {
    let here = found.labels.first().map(|label| label.text.as_str());
    let here = here.filter(|text| !text.is_empty()).map(str::to_owned);
    let help = found.help.as_ref().map(|help| format!("help: {}", help.text));
    let lines = [found.message.clone()]
        .into_iter()
        .chain(here)
        .chain(found.notes.iter().cloned())
        .chain(help);
    lines.collect::<Vec<_>>().join("\n")
}
