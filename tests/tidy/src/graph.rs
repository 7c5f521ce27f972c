//! Which module takes names from which, and the shortest circle among them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};

use syn::{Item, Visibility};

use crate::imports::{self, Named};
use crate::tree::{Module, Tree};

/// What a crate's root is called in a graph.
pub const ROOT: &str = "(root)";

/// One module takes names from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: String,
    pub to: String,
    /// Where the first of the names is taken.
    pub file: PathBuf,
    pub line: usize,
    pub names: BTreeSet<String>,
}

/// The modules directly below a crate's root, and the root itself where it has items of its own.
#[derive(Default)]
pub struct Graph {
    edges: BTreeMap<(String, String), Edge>,
}

impl Graph {
    pub fn of(tree: &Tree) -> Self {
        let scope = Scope::of(tree);
        let mut graph = Self::default();
        for (path, module) in &tree.modules {
            let from = path.first().map_or(ROOT, String::as_str);
            for named in taken(module, path.is_empty()) {
                if let Some((to, name)) = scope.resolve(path, &named.segments)
                    && to != from
                {
                    graph.add(from, to, &module.file, named.line, name);
                }
            }
        }
        graph
    }

    fn add(&mut self, from: &str, to: String, file: &Path, line: usize, name: String) {
        let key = (from.to_owned(), to.clone());
        let edge = self.edges.entry(key).or_insert_with(|| Edge {
            from: from.to_owned(),
            to,
            file: file.to_owned(),
            line,
            names: BTreeSet::new(),
        });
        edge.names.insert(name);
    }

    /// Who takes names from whom.
    pub fn edges(&self) -> impl Iterator<Item = &Edge> {
        self.edges.values()
    }

    /// The shortest circle, and of equally short ones the first by name.
    pub fn shortest_circle(&self) -> Option<Circle> {
        let starts: BTreeSet<_> = self.edges.keys().map(|(from, _)| from.as_str()).collect();
        let circles = starts.into_iter().filter_map(|start| self.back_to(start));
        circles.min_by_key(|circle| circle.0.len())
    }

    /// The shortest way from a module back to itself.
    fn back_to(&self, start: &str) -> Option<Circle> {
        let mut came_by: BTreeMap<&str, &Edge> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for edge in self.edges.values().filter(|edge| edge.from == at) {
                if came_by.contains_key(edge.to.as_str()) {
                    continue;
                }
                came_by.insert(&edge.to, edge);
                queue.push_back(&edge.to);
            }
        }
        let mut way = vec![(*came_by.get(start)?).clone()];
        while way[0].from != start {
            way.insert(0, came_by[way[0].from.as_str()].clone());
        }
        Some(Circle(way))
    }
}

/// Edges, each beginning where the one before ends.
#[derive(Debug)]
pub struct Circle(pub Vec<Edge>);

impl fmt::Display for Circle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Edge { from, to, file, line, names } in &self.0 {
            let names = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            writeln!(out, "  {from} takes from {to}: {names}")?;
            writeln!(out, "    {}:{line}", crate::workspace::shown(file))?;
        }
        Ok(())
    }
}

/// What a module names. What a root takes in order to hand it on counts where it comes from.
fn taken(module: &Module, root: bool) -> Vec<Named> {
    let mut named = imports::inline(&module.items);
    for item in &module.items {
        if let Item::Use(item) = item
            && (!root || matches!(item.vis, Visibility::Inherited))
        {
            named.extend(imports::used(item).into_iter().map(|(named, _)| named));
        }
    }
    named
}

/// What names mean at the crate's root.
struct Scope<'t> {
    tree: &'t Tree,
    /// What the root has from its modules, by the name that it is known by.
    handed_on: BTreeMap<String, Vec<String>>,
}

impl<'t> Scope<'t> {
    fn of(tree: &'t Tree) -> Self {
        let mut scope = Self { tree, handed_on: BTreeMap::new() };
        let uses = tree.modules.get([].as_slice()).into_iter().flat_map(|root| &root.items);
        for item in uses {
            let Item::Use(item) = item else { continue };
            for (named, known_as) in imports::used(item) {
                if let Some(path) = scope.absolute(&[], &named.segments) {
                    scope.handed_on.insert(known_as, path);
                }
            }
        }
        scope
    }

    /// The node that a path leads to, and what is taken from it.
    fn resolve(&self, at: &[String], segments: &[String]) -> Option<(String, String)> {
        let mut path = self.absolute(at, segments)?;
        if let Some(from) = path.first().and_then(|first| self.handed_on.get(first)) {
            path = [from.as_slice(), &path[1..]].concat();
        }
        let Some(first) = path.first() else { return Some((ROOT.to_owned(), "*".to_owned())) };
        if self.tree.modules.contains_key([first.clone()].as_slice()) {
            let name = if path.len() == 1 { "self".to_owned() } else { path[1..].join("::") };
            return Some((first.clone(), name));
        }
        Some((ROOT.to_owned(), path.join("::")))
    }

    /// A path from the root on; `None` for what another crate has, or what is local.
    fn absolute(&self, at: &[String], segments: &[String]) -> Option<Vec<String>> {
        let (first, mut rest) = segments.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => at.to_vec(),
            "super" => at.split_last()?.1.to_vec(),
            child if !rest.is_empty() && self.tree.children(at).contains(&child) => {
                [at, std::slice::from_ref(first)].concat()
            }
            _ => return None,
        };
        while let Some((first, after)) = rest.split_first()
            && first == "super"
        {
            base.pop();
            rest = after;
        }
        (!(rest.is_empty() && first == "self")).then(|| [base, rest.to_vec()].concat())
    }
}

#[cfg(test)]
mod tests;
