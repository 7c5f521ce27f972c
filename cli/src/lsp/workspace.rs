//! The open policies, each with its index; what they say together is what editors show.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use amb_policy_lang::Span;
use gen_lsp_types::{
    Location, LspNotificationMethod, Position, PublishDiagnosticsParams,
    TextDocumentPositionParams, Uri,
};
use lsp_server::Notification;

use super::documents::{Document, Documents};
use super::view::View;
use super::{findings, location, position};

/// A place in a view.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    pub(crate) view: &'a View,
    /// The number of the file in the view.
    pub(crate) file: usize,
    pub(crate) text: &'a str,
    /// In bytes.
    pub(crate) offset: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) documents: Documents,
    /// By the path of an open buffer.
    views: BTreeMap<PathBuf, View>,
    /// The files that findings are shown for.
    shown: BTreeSet<PathBuf>,
}

impl Workspace {
    /// Compiles what is open and returns the findings to show, file by file. A file that no longer has
    /// findings gets an empty list.
    pub(crate) fn check(&mut self) -> Vec<Notification> {
        let documents = &self.documents;
        let view = |path: &Path| (path.to_owned(), View::of(path, documents));
        self.views = documents.iter().map(|(path, _)| view(path)).collect();
        let mut files: BTreeMap<PathBuf, Vec<_>> = BTreeMap::new();
        for path in self.shown.iter().chain(self.views.keys()) {
            files.insert(path.clone(), Vec::new());
        }
        for view in self.views.values() {
            for (path, finding) in findings::findings(&self.documents, view) {
                // A file that two policies import says the same twice.
                let all = files.entry(path).or_default();
                if !all.contains(&finding) {
                    all.push(finding);
                }
            }
        }
        self.shown =
            files.iter().filter(|(_, all)| !all.is_empty()).map(|(path, _)| path.clone()).collect();
        files.into_iter().map(|(path, all)| self.notice(&path, all)).collect()
    }

    fn notice(&self, path: &Path, diagnostics: Vec<gen_lsp_types::Diagnostic>) -> Notification {
        let version = self.documents.get(path).map(|document: &Document| document.version);
        let params = PublishDiagnosticsParams::new(self.documents.uri(path), version, diagnostics);
        let method = LspNotificationMethod::TextDocumentPublishDiagnostics.as_str().to_owned();
        Notification::new(method, params)
    }

    /// Where the cursor is: in the policy of the file itself, or else in a policy that imports the file
    /// and knows its upstreams.
    pub(crate) fn cursor(&self, at: &TextDocumentPositionParams) -> Option<Cursor<'_>> {
        self.cursor_at(&at.text_document.uri, at.position)
    }

    fn cursor_at(&self, uri: &Uri, at: Position) -> Option<Cursor<'_>> {
        let path = location::path(uri)?;
        let text = self.documents.get(&path)?.text.as_str();
        let (view, file) = self.view(&path)?;
        Some(Cursor { view, file, text, offset: position::offset(text, at) })
    }

    /// The policy that says most about a file, and the file's number there.
    pub(crate) fn view(&self, path: &Path) -> Option<(&View, usize)> {
        let own = self.views.get(path);
        let importing = self.views.values().filter(|view| view.index.plan.is_some());
        let all =
            own.filter(|view| view.index.plan.is_some()).into_iter().chain(importing).chain(own);
        all.into_iter().find_map(|view| Some((view, view.number(path)?)))
    }

    /// What an editor calls a place.
    pub(crate) fn location(&self, view: &View, span: Span) -> Option<Location> {
        view.location(&self.documents, span)
    }
}
