//! Advice that comes with an edit, as quick fixes.

use std::collections::HashMap;

use amb_policy_lang::diagnostics;
use gen_lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, CodeActionResponse, Range, TextEdit, Uri,
    WorkspaceEdit,
};

use super::view::View;
use super::workspace::Workspace;
use super::{findings, location, position};

/// The fixes of every finding that touches the range.
pub(crate) fn actions(workspace: &Workspace, asked: &CodeActionParams) -> Vec<CodeActionResponse> {
    let path = location::path(&asked.text_document.uri);
    let Some((view, file)) = path.and_then(|path| workspace.view(&path)) else { return Vec::new() };
    let here = view.index.diagnostics.iter().filter(|found| found.span().file as usize == file);
    let touched = here.filter(|found| {
        touch(position::range(view.text(found.span().file), found.span()), asked.range)
    });
    touched.filter_map(|found| action(workspace, view, found).map(Into::into)).collect()
}

fn action(
    workspace: &Workspace,
    view: &View,
    found: &diagnostics::Diagnostic,
) -> Option<CodeAction> {
    let help = found.help.as_ref()?;
    let fix = help.fix.as_ref()?;
    let place = workspace.location(view, fix.span)?;
    let edit = TextEdit::new(place.range, fix.replacement.clone());
    let changes: HashMap<Uri, Vec<TextEdit>> = HashMap::from([(place.uri, vec![edit])]);
    Some(CodeAction {
        title: help.text.clone(),
        kind: Some(CodeActionKind::QuickFix),
        diagnostics: Some(vec![findings::finding(&workspace.documents, view, found)]),
        is_preferred: Some(true),
        edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
        ..CodeAction::default()
    })
}

fn touch(a: Range, b: Range) -> bool {
    a.start <= b.end && b.start <= a.end
}
