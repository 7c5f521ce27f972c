//! What an editor asks: what a name refers to, which names may be written, which kind of
//! argument comes next, and the plan as far as it can be told while the policy is half written.
//!
//! An [`Index`] comes from the same run as the findings, and exists whether or not there are errors.

mod definitions;
mod expected;
mod references;

pub use definitions::Definition;
pub use expected::expected;
pub use references::{Reference, kind_of_name};

use std::collections::BTreeSet;

use crate::compile::{Draft, draft};
use crate::diagnostics::Diagnostic;
use crate::plan::Plan;
use crate::{Options, Source, SourceLoader, Span};

/// A policy as an editor sees it.
#[derive(Clone, Debug)]
pub struct Index {
    /// `None`: the entry is no deployment. It may break rules, and what is missing or
    /// unreadable has the language's default: good to show, not to build from.
    pub plan: Option<Plan>,
    /// In the order of the sources.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file read, the entry first; spans refer to them by number.
    pub sources: Vec<Source>,
    /// Everything that has a name.
    pub definitions: Vec<Definition>,
    /// Every place that refers to something elsewhere.
    pub references: Vec<Reference>,
    /// By file: kind and name of what may be referred to there.
    visible: Vec<BTreeSet<(&'static str, String)>>,
}

/// Compiles a policy and keeps what its names mean.
pub fn index(entry: &str, loader: &dyn SourceLoader, options: Options) -> Index {
    let Draft { plan, diagnostics, sources, seen } =
        draft(entry, loader, options, |program, loaded| {
            let visible = (0..program.files.len()).map(|file| {
                program.visible(file).map(|(kind, name)| (kind.title(), name.to_owned())).collect()
            });
            (
                definitions::definitions(program),
                references::references(program, loaded),
                visible.collect(),
            )
        });
    let (definitions, references, visible) = seen.unwrap_or_default();
    Index { plan, diagnostics, sources, definitions, references, visible }
}

impl Index {
    /// What the name at `offset` of a file refers to: the reference there.
    pub fn reference(&self, file: usize, offset: u32) -> Option<&Reference> {
        self.references.iter().find(|reference| covers(reference.span, file, offset))
    }

    /// The definition whose name stands at `span`.
    pub fn definition(&self, span: Span) -> Option<&Definition> {
        self.definitions.iter().find(|definition| definition.span == span)
    }

    /// The definition whose name stands at `offset` of a file.
    pub fn defined(&self, file: usize, offset: u32) -> Option<&Definition> {
        self.definitions.iter().find(|definition| covers(definition.span, file, offset))
    }

    /// The names of a kind that may be written in a file. Upstreams and routes are the
    /// deployment's: all of its files share them.
    pub fn names(&self, file: usize, kind: &str) -> BTreeSet<&str> {
        if matches!(kind, "upstream" | "route") {
            let all = self.definitions.iter().filter(|known| known.kind == kind);
            return all.map(|known| known.name.as_str()).collect();
        }
        let visible = self.visible.get(file).into_iter().flatten();
        visible.filter(|(known, _)| *known == kind).map(|(_, name)| name.as_str()).collect()
    }
}

/// The end counts: that is where the cursor stands behind a word.
fn covers(span: Span, file: usize, offset: u32) -> bool {
    span.file as usize == file && (span.start..=span.end).contains(&offset)
}
