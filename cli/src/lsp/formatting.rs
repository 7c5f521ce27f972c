//! Formatting: what `amb fmt` would write, as one edit.

use gen_lsp_types::{DocumentFormattingParams, Range, TextEdit};

use super::workspace::Workspace;
use super::{location, position};

/// `None`: there is nothing to change, or the file cannot be read as a policy and is left alone.
pub(crate) fn formatting(
    workspace: &Workspace,
    asked: &DocumentFormattingParams,
) -> Option<Vec<TextEdit>> {
    let path = location::path(&asked.text_document.uri)?;
    let text = workspace.documents.get(&path)?.text.as_str();
    let formatted = amb_policy_lang::format(&path.to_string_lossy(), text).ok()?;
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let all = Range::new(position::position(text, 0), position::position(text, end));
    (formatted != text).then(|| vec![TextEdit::new(all, formatted)])
}
