//! The modules of a crate, each with what its file says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::{Item, ItemMod, Lit, Meta};

use crate::aside::{Attributed, is_aside};

/// Where a module is: `["http1", "parse"]`. The crate's root is empty.
pub type ModulePath = Vec<String>;

pub struct Module {
    pub file: PathBuf,
    /// Without modules, and without what is aside.
    pub items: Vec<Item>,
}

/// A crate from its root down.
pub struct Tree {
    pub modules: BTreeMap<ModulePath, Module>,
}

impl Tree {
    /// Reads a crate's modules; `read` says what is in a file, if there is one.
    pub fn read(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Self {
        let mut reading = Reading { read, modules: BTreeMap::new() };
        let text = read(root).unwrap_or_else(|| panic!("{} is not there", root.display()));
        reading.file(root, root.parent().unwrap(), Vec::new(), &text);
        Self { modules: reading.modules }
    }

    /// The names of the modules directly below one.
    pub fn children(&self, of: &[String]) -> Vec<&str> {
        let below = |path: &&ModulePath| path.len() == of.len() + 1 && path.starts_with(of);
        self.modules.keys().filter(below).map(|path| path[of.len()].as_str()).collect()
    }
}

struct Reading<'r> {
    read: &'r dyn Fn(&Path) -> Option<String>,
    modules: BTreeMap<ModulePath, Module>,
}

impl Reading<'_> {
    /// `folder`: where the files of its children are.
    fn file(&mut self, file: &Path, folder: &Path, at: ModulePath, text: &str) {
        let parsed =
            syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        if !is_aside(&parsed.attrs) {
            self.items(file, folder, at, parsed.items);
        }
    }

    fn items(&mut self, file: &Path, folder: &Path, at: ModulePath, items: Vec<Item>) {
        let mut own = Vec::new();
        for item in items.into_iter().filter(|item| !item.is_aside()) {
            match item {
                Item::Mod(module) => self.module(file, folder, &at, module),
                other => own.push(other),
            }
        }
        self.modules.insert(at, Module { file: file.to_owned(), items: own });
    }

    fn module(&mut self, file: &Path, folder: &Path, parent: &[String], module: ItemMod) {
        let name = module.ident.to_string();
        let at = [parent, std::slice::from_ref(&name)].concat();
        if let Some((_, items)) = module.content {
            return self.items(file, &folder.join(&name), at, items);
        }
        let candidates = match named_file(&module) {
            Some(path) => {
                let path = file.parent().unwrap().join(path);
                vec![(path.clone(), path.parent().unwrap().to_owned())]
            }
            None => [format!("{name}.rs"), format!("{name}/mod.rs")]
                .map(|path| (folder.join(path), folder.join(&name)))
                .to_vec(),
        };
        for (path, folder) in &candidates {
            if let Some(text) = (self.read)(path) {
                return self.file(path, folder, at, &text);
            }
        }
        panic!("{}: `mod {name}` has no file", file.display());
    }
}

/// What `#[path = "…"]` says.
fn named_file(module: &ItemMod) -> Option<String> {
    module.attrs.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}
