//! `amb lsp`: the language server that editors start.

use crate::failure::Failure;
use crate::lsp;

pub(crate) fn run() -> Result<(), Failure> {
    lsp::serve().map_err(|error| Failure::Stopped(format!("the editor is gone: {error}")))
}
