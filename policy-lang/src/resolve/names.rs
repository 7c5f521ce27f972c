//! What every file defines, and what is visible in it.

use std::collections::BTreeMap;

use super::load::{Import, Loaded};
use crate::conform::{Node, conform};
use crate::diagnostics::Diagnostic;
use crate::plan::Layer;
use crate::schema::Scope;
use crate::span::Span;
use crate::syntax::ast;

/// The kinds of things that have names; each kind has names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Baseline,
    Retry,
    Breaker,
    Timeout,
    RequestHeaders,
    ResponseHeaders,
    Policy,
    Upstream,
}

impl Kind {
    /// As diagnostics name it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Retry => "retry",
            Self::Breaker => "breaker",
            Self::Timeout => "timeout",
            Self::RequestHeaders => "headers request",
            Self::ResponseHeaders => "headers response",
            Self::Policy => "policy",
            Self::Upstream => "upstream",
        }
    }

    /// The kind of thing that a statement defines at the top of a file and refers to inside a block.
    pub(crate) fn of(node: &Node<'_>) -> Option<Self> {
        Some(match node.key() {
            "baseline" => Self::Baseline,
            "retry" => Self::Retry,
            "breaker" => Self::Breaker,
            "timeout" => Self::Timeout,
            "policy" | "use" => Self::Policy,
            "upstream" => Self::Upstream,
            "headers" => match direction(node) {
                Some("response") => Self::ResponseHeaders,
                _ => Self::RequestHeaders,
            },
            _ => return None,
        })
    }
}

fn direction<'a>(node: &Node<'a>) -> Option<&'a str> {
    node.name().map(|(word, _)| word)
}

/// The name that a definition or a reference has, with the argument it stands in.
pub(crate) fn named<'a>(node: &Node<'a>) -> Option<(&'a str, &'a ast::Arg)> {
    let skip = usize::from(node.key() == "headers");
    let arg = node.args().nth(skip)?;
    match &arg.value {
        ast::Value::Name(name)
            if name != "off" && !(name == "deadline" && node.key() == "timeout") =>
        {
            Some((name, arg))
        }
        _ => None,
    }
}

/// What the file is that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It has a service, and becomes a plan.
    Deployment,
    /// Baselines and named policies alone, for others to import.
    Library,
}

/// A named thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition<'n> {
    pub(crate) kind: Kind,
    pub(crate) name: &'n str,
    pub(crate) node: &'n Node<'n>,
    /// The file in which it stands, and so the names that it sees.
    pub(crate) file: usize,
}

/// The nodes of one file.
pub(crate) struct FileNodes<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
}

impl FileNodes<'_> {
    pub(crate) fn all(loaded: &Loaded) -> (Vec<FileNodes<'_>>, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let files = loaded.files.iter().map(|file| FileNodes {
            nodes: conform(Scope::File, ast::statements(&file.tree.items), &mut found),
        });
        let files = files.collect();
        (files, found)
    }
}

/// All files with their names.
pub(crate) struct Program<'n> {
    pub(crate) files: &'n [FileNodes<'n>],
    /// What each file defines, in order.
    pub(crate) definitions: Vec<Vec<Definition<'n>>>,
    /// What is visible in each file, behind `alias.` if it has one.
    visible: Vec<BTreeMap<(Kind, String), Definition<'n>>>,
    /// What each file is called without its folder and its `.amb`.
    stems: Vec<&'n str>,
    /// Names that stand for two things in one file.
    pub(super) clashes: Vec<Clash>,
}

/// A name that a file sees twice.
pub(super) struct Clash {
    /// As diagnostics name it.
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) first: Span,
    pub(super) again: Span,
}

/// What one file sees, and where it comes from.
#[derive(Default)]
struct View<'n> {
    names: BTreeMap<(Kind, String), (Definition<'n>, Span)>,
    /// The file behind each alias.
    aliases: BTreeMap<String, (usize, Span)>,
    clashes: Vec<Clash>,
}

impl<'n> View<'n> {
    fn import(&mut self, import: &Import, theirs: &[Definition<'n>]) {
        if let Some(alias) = &import.alias {
            let (file, first) =
                *self.aliases.entry(alias.clone()).or_insert((import.file, import.span));
            if file != import.file {
                let (name, again) = (alias.clone(), import.span);
                self.clashes.push(Clash { kind: "import", name, first, again });
                return;
            }
        }
        let prefix = import.alias.as_ref().map(|alias| format!("{alias}.")).unwrap_or_default();
        for known in theirs {
            self.enter(format!("{prefix}{}", known.name), *known, import.span);
        }
    }

    fn define(&mut self, known: Definition<'n>) {
        let span = named(known.node).map(|(_, arg)| arg.span).unwrap_or_default();
        self.enter(known.name.to_owned(), known, span);
    }

    fn enter(&mut self, name: String, known: Definition<'n>, again: Span) {
        // Upstreams have one name space over all files, and two in one file are found there.
        let elsewhere =
            |other: &Definition<'_>| known.kind != Kind::Upstream && other.file != known.file;
        let before = self.names.insert((known.kind, name.clone()), (known, again));
        if let Some((_, first)) = before.filter(|(other, _)| elsewhere(other)) {
            self.clashes.push(Clash { kind: known.kind.title(), name, first, again });
        }
    }
}

impl<'n> Program<'n> {
    pub(crate) fn new(files: &'n [FileNodes<'n>], loaded: &'n Loaded) -> Self {
        let definitions: Vec<Vec<_>> =
            files.iter().enumerate().map(|(number, file)| definitions(number, file)).collect();
        let mut clashes = Vec::new();
        let visible = loaded.files.iter().enumerate().map(|(number, file)| {
            let own = definitions.get(number).map_or(&[][..], Vec::as_slice);
            let mut view = View::default();
            for import in &file.imports {
                view.import(import, definitions.get(import.file).map_or(&[][..], Vec::as_slice));
            }
            own.iter().for_each(|known| view.define(*known));
            clashes.append(&mut view.clashes);
            view.names.into_iter().map(|(name, (known, _))| (name, known)).collect()
        });
        let visible = visible.collect();
        let stems = loaded.sources.iter().map(|source| stem(&source.name)).collect();
        Self { files, definitions, visible, stems, clashes }
    }

    /// What `name` means in `file`.
    pub(crate) fn find(&self, file: usize, kind: Kind, name: &str) -> Option<Definition<'n>> {
        self.visible.get(file)?.get(&(kind, name.to_owned())).copied()
    }

    /// A named policy as a layer: `retry reads`, `policy acme.short`. As the deployment's own file calls it,
    /// or after the file that it stands in: two files may each have one of that name.
    pub(crate) fn layer(&self, known: Definition<'_>) -> Layer {
        let own = self.visible.first().into_iter().flatten();
        let same = own.filter(|((kind, _), other)| {
            *kind == known.kind && std::ptr::eq(other.node, known.node)
        });
        let names = same.map(|((_, name), _)| name.clone());
        let name = names.min_by_key(String::len).unwrap_or_else(|| {
            let file = self.stems.get(known.file).copied().unwrap_or_default();
            format!("{file}.{}", known.name)
        });
        Layer::Policy(format!("{} {name}", known.kind.title()))
    }

    /// The names of that kind that `file` sees.
    pub(crate) fn known(&self, file: usize, kind: Kind) -> impl Iterator<Item = &str> {
        let all = self.visible.get(file).into_iter().flatten();
        all.filter(move |((known, _), _)| *known == kind).map(|((_, name), _)| name.as_str())
    }

    /// Every kind and name that `file` sees.
    pub(crate) fn visible(&self, file: usize) -> impl Iterator<Item = (Kind, &str)> {
        let all = self.visible.get(file).into_iter().flatten();
        all.map(|((kind, name), _)| (*kind, name.as_str()))
    }

    /// Every upstream of the deployment: imported ones first, then the file's own.
    pub(crate) fn upstreams(&self) -> impl Iterator<Item = Definition<'n>> {
        let (own, imported) =
            self.definitions.split_first().map_or((None, &[][..]), |(own, rest)| (Some(own), rest));
        let all = imported.iter().chain(own).flatten().copied();
        all.filter(|known| known.kind == Kind::Upstream).collect::<Vec<_>>().into_iter()
    }

    /// The nodes of the deployment's own file.
    pub(crate) fn entry(&self) -> &'n [Node<'n>] {
        self.files.first().map_or(&[], |file| file.nodes.as_slice())
    }
}

/// `../org/acme.amb` as `acme`.
fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".amb").unwrap_or(name)
}

fn definitions<'n>(number: usize, file: &'n FileNodes<'n>) -> Vec<Definition<'n>> {
    let all = file.nodes.iter().filter_map(|node| {
        let kind = Kind::of(node)?;
        let (name, _) = named(node)?;
        Some(Definition { kind, name, node, file: number })
    });
    all.collect()
}
