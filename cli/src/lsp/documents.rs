//! The open buffers. For the compiler they stand in for the files of the same path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use amb_codegen::source::FileLoader;
use amb_policy_lang::{LoadError, Source, SourceLoader};
use gen_lsp_types::Uri;

use super::location;

/// A buffer as the editor has it.
#[derive(Debug)]
pub(crate) struct Document {
    /// As the editor writes it.
    pub(crate) uri: Uri,
    pub(crate) version: i32,
    pub(crate) text: String,
}

/// Open buffers by their paths.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    open: BTreeMap<PathBuf, Document>,
}

impl Documents {
    /// Opens a buffer, or takes its new text. One that is no file on this machine is left alone.
    pub(crate) fn put(&mut self, document: Document) {
        if let Some(path) = location::path(&document.uri) {
            self.open.insert(path, document);
        }
    }

    pub(crate) fn close(&mut self, uri: &Uri) {
        if let Some(path) = location::path(uri) {
            self.open.remove(&path);
        }
    }

    pub(crate) fn get(&self, path: &Path) -> Option<&Document> {
        self.open.get(path)
    }

    /// In the order of their paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Path, &Document)> {
        self.open.iter().map(|(path, document)| (path.as_path(), document))
    }

    /// What an editor calls the file at `path`.
    pub(crate) fn uri(&self, path: &Path) -> Uri {
        self.get(path).map_or_else(|| location::uri(path), |document| document.uri.clone())
    }
}

/// Reads open buffers where there are some, and files otherwise.
pub(crate) struct Overlay<'a> {
    files: FileLoader,
    /// The policy, where the editor has it.
    policy: PathBuf,
    name: String,
    documents: &'a Documents,
}

impl<'a> Overlay<'a> {
    /// For the policy at `path`, with its name: names are relative to its folder.
    pub(crate) fn new(path: &Path, documents: &'a Documents) -> (Self, String) {
        let (files, name) = FileLoader::beside(path);
        (Self { files, policy: path.to_path_buf(), name: name.clone(), documents }, name)
    }

    /// Where the source of that name lies.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        if name == self.name {
            return self.policy.clone();
        }
        location::normalised(&self.files.path(name))
    }

    /// As the buffer has it, if it is open.
    fn shown(&self, source: Source) -> Source {
        match self.documents.get(&self.path(&source.name)) {
            Some(document) => Source { text: document.text.clone(), ..source },
            None => source,
        }
    }
}

impl SourceLoader for Overlay<'_> {
    fn load(&self, from: Option<&str>, path: &str) -> Result<Source, LoadError> {
        let name = FileLoader::name(from, path)?;
        match self.documents.get(&self.path(&name)) {
            Some(document) => Ok(Source { name, text: document.text.clone() }),
            None => self.files.load(from, path).map(|source| self.shown(source)),
        }
    }

    fn manifests(&self, entry: &str) -> Result<Vec<Source>, LoadError> {
        let all = self.files.manifests(entry)?;
        Ok(all.into_iter().map(|source| self.shown(source)).collect())
    }
}
