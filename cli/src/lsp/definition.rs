//! Go to definition: from a name to what it names, from an `import` to the file.

use gen_lsp_types::Location;

use super::workspace::{Cursor, Workspace};

/// `None`: there is no name at the cursor, or it means nothing.
pub(crate) fn definition(workspace: &Workspace, cursor: &Cursor<'_>) -> Option<Location> {
    let index = &cursor.view.index;
    let reference = index.reference(cursor.file, cursor.offset).map(|known| known.target);
    let itself = || index.defined(cursor.file, cursor.offset).map(|known| known.span);
    workspace.location(cursor.view, reference.or_else(itself)?)
}
