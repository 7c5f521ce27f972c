//! Reads the entry and, transitively, what it imports; each file once.

use std::collections::BTreeMap;

use super::manifest;
use crate::diagnostics::{Diagnostic, file as report, syntax as unread};
use crate::limits::{BYTES, IMPORTS};
use crate::span::Span;
use crate::syntax::ast::{self, Value};
use crate::{Source, SourceLoader, syntax};

/// How far from the entry a file may be. Reading is recursive: this bounds the stack.
const MAX_DEPTH: usize = 8;

/// Every file that was read, the entry first, then imports in the order of the text.
pub(crate) struct Loaded {
    pub(crate) sources: Vec<Source>,
    /// Parallel to `sources`; empty for `amb.toml`.
    pub(crate) files: Vec<File>,
    /// The baselines' files that `amb.toml` names, and the places where; the outermost first.
    pub(crate) governed: Vec<Governed>,
}

pub(crate) struct File {
    pub(crate) tree: ast::File,
    pub(crate) imports: Vec<Import>,
}

pub(crate) struct Import {
    /// The path, in quotes.
    pub(crate) span: Span,
    pub(crate) file: usize,
    pub(crate) alias: Option<String>,
}

pub(crate) struct Governed {
    pub(crate) file: usize,
    pub(crate) span: Span,
}

struct Walk<'l> {
    loader: &'l dyn SourceLoader,
    loaded: Loaded,
    numbers: BTreeMap<String, usize>,
    /// The files between the entry and the one being read.
    open: Vec<usize>,
    /// The `import` lines that were followed.
    imports: usize,
    /// Of all files that were read.
    bytes: usize,
    found: Vec<Diagnostic>,
}

pub(crate) fn load(entry: &str, loader: &dyn SourceLoader) -> (Loaded, Vec<Diagnostic>) {
    let loaded = Loaded { sources: Vec::new(), files: Vec::new(), governed: Vec::new() };
    let mut walk = Walk {
        loader,
        loaded,
        numbers: BTreeMap::new(),
        open: Vec::new(),
        imports: 0,
        bytes: 0,
        found: Vec::new(),
    };
    match loader.load(None, entry) {
        Ok(source) => {
            let name = source.name.clone();
            walk.file(source);
            walk.govern(&name);
        }
        Err(problem) => {
            // An empty stand-in, so that the finding has a place.
            walk.loaded.sources.push(Source { name: entry.to_owned(), text: String::new() });
            walk.found.push(report::cannot_read(Span::new(0, 0, 0), entry, &problem));
        }
    }
    (walk.loaded, walk.found)
}

impl Walk<'_> {
    /// Reads a file that is new, and what it imports.
    fn file(&mut self, source: Source) -> usize {
        let number = self.loaded.sources.len();
        self.bytes += source.text.len();
        let (tree, found) = syntax::parse(u32::try_from(number).unwrap_or(u32::MAX), &source.text);
        self.found.extend(found);
        self.numbers.insert(source.name.clone(), number);
        let name = source.name.clone();
        self.loaded.sources.push(source);
        self.loaded.files.push(File { tree: ast::File::default(), imports: Vec::new() });
        self.open.push(number);
        let wanted: Vec<_> = ast::statements(&tree.items).filter_map(import).collect();
        let imports = wanted.into_iter().filter_map(|wanted| self.import(&name, wanted)).collect();
        self.open.pop();
        if let Some(file) = self.loaded.files.get_mut(number) {
            *file = File { tree, imports };
        }
        number
    }

    fn import(&mut self, from: &str, (path, span, alias): Wanted) -> Option<Import> {
        self.imports += 1;
        if self.imports > IMPORTS {
            // Told once.
            let told = (self.imports == IMPORTS + 1)
                .then(|| report::too_many(span, "a policy", IMPORTS, "`import`"));
            self.found.extend(told);
            return None;
        }
        let source = match self.loader.load(Some(from), &path) {
            Ok(source) => source,
            Err(problem) => {
                self.found.push(report::cannot_read(span, &path, &problem));
                return None;
            }
        };
        let file = match self.numbers.get(&source.name) {
            Some(number) if self.open.contains(number) => {
                let chain = self.open.iter().skip_while(|open| *open != number);
                let names = chain
                    .filter_map(|open| self.loaded.sources.get(*open))
                    .map(|source| source.name.as_str());
                self.found.push(report::import_cycle(span, &names.collect::<Vec<_>>()));
                return None;
            }
            Some(number) => *number,
            None if self.open.len() > MAX_DEPTH => {
                self.found.push(report::import_too_deep(span, MAX_DEPTH));
                return None;
            }
            None if self.bytes + source.text.len() > BYTES => {
                self.found.push(unread::file_too_large(span));
                return None;
            }
            None => self.file(source),
        };
        Some(Import { span, file, alias })
    }

    /// Reads every `amb.toml` that holds, and the baselines' files that they name.
    fn govern(&mut self, entry: &str) {
        match self.loader.manifests(entry) {
            Ok(manifests) => manifests.into_iter().for_each(|manifest| self.manifest(manifest)),
            Err(problem) => {
                self.found.push(report::cannot_read(Span::new(0, 0, 0), "amb.toml", &problem));
            }
        }
    }

    fn manifest(&mut self, manifest: Source) {
        let number = u32::try_from(self.loaded.sources.len()).unwrap_or(u32::MAX);
        self.bytes += manifest.text.len();
        let read = manifest::read(number, &manifest.text);
        let name = manifest.name.clone();
        self.loaded.sources.push(manifest);
        self.loaded.files.push(File { tree: ast::File::default(), imports: Vec::new() });
        match read {
            Ok((path, span)) => {
                let import = self.import(&name, (path, span, None));
                let governed = import.map(|import| Governed { file: import.file, span });
                self.loaded.governed.extend(governed);
            }
            Err(found) => self.found.push(*found),
        }
    }
}

type Wanted = (String, Span, Option<String>);

/// `import "path" [as NAME]`.
fn import(statement: &ast::Statement) -> Option<Wanted> {
    if statement.key != "import" {
        return None;
    }
    let (first, rest) = statement.args.split_first()?;
    let Value::Text(path) = &first.value else { return None };
    let alias = match rest.iter().map(|arg| &arg.value).collect::<Vec<_>>().as_slice() {
        [Value::Name(word), Value::Name(alias)] if word == "as" => Some(alias.clone()),
        _ => None,
    };
    Some((path.clone(), first.span, alias))
}
