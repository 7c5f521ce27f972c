//! One open policy with its index.

use std::path::{Path, PathBuf};

use amb_policy_lang::index::{Index, index};
use amb_policy_lang::{Options, Span};
use gen_lsp_types::Location;

use super::documents::{Documents, Overlay};
use super::position;
use crate::today::today;

/// An open policy, and what it says of every file that it reads.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) index: Index,
    /// By the number of a source: where it lies.
    paths: Vec<PathBuf>,
}

impl View {
    pub(crate) fn of(path: &Path, documents: &Documents) -> Self {
        let (overlay, name) = Overlay::new(path, documents);
        let index = index(&name, &overlay, Options { today: today() });
        let paths = index.sources.iter().map(|source| overlay.path(&source.name)).collect();
        Self { index, paths }
    }

    pub(crate) fn path(&self, file: u32) -> Option<&Path> {
        self.paths.get(file as usize).map(PathBuf::as_path)
    }

    pub(crate) fn text(&self, file: u32) -> &str {
        self.index.sources.get(file as usize).map_or("", |source| source.text.as_str())
    }

    pub(crate) fn number(&self, path: &Path) -> Option<usize> {
        self.paths.iter().position(|known| known == path)
    }

    /// What an editor calls a place.
    pub(crate) fn location(&self, documents: &Documents, span: Span) -> Option<Location> {
        let uri = documents.uri(self.path(span.file)?);
        Some(Location::new(uri, position::range(self.text(span.file), span)))
    }
}
