//! The paths that a module names: its `use` trees, and paths in types, expressions and macros.

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Field, ImplItem, Item, ItemUse, Macro, Path, Stmt, TraitItem, UseTree, VisRestricted};

use crate::aside::{Attributed, is_aside};

/// A path as it is written, from its first segment on.
pub struct Named {
    pub segments: Vec<String>,
    pub line: usize,
}

/// What items name outside of `use`.
pub fn inline(items: &[Item]) -> Vec<Named> {
    let mut seen = Seen::default();
    for item in items.iter().filter(|item| !matches!(item, Item::Use(_))) {
        seen.visit_item(item);
    }
    seen.named
}

/// What a `use` names, one path for each name, and the name that it is then known by.
pub fn used(item: &ItemUse) -> Vec<(Named, String)> {
    let mut leaves = Vec::new();
    if item.leading_colon.is_none() {
        flatten(&item.tree, &mut Vec::new(), &mut leaves);
    }
    leaves
}

fn flatten(tree: &UseTree, before: &mut Vec<String>, leaves: &mut Vec<(Named, String)>) {
    let mut leaf = |name: String, known_as: String| {
        let mut segments = before.clone();
        if name != "self" || segments.is_empty() {
            segments.push(name);
        }
        leaves.push((Named { segments, line: tree.span().start().line }, known_as));
    };
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, leaves);
            before.pop();
        }
        UseTree::Name(name) if name.ident == "self" => {
            let known_as = before.last().cloned().unwrap_or_default();
            leaf("self".to_owned(), known_as);
        }
        UseTree::Name(name) => leaf(name.ident.to_string(), name.ident.to_string()),
        UseTree::Rename(rename) => leaf(rename.ident.to_string(), rename.rename.to_string()),
        UseTree::Glob(_) => leaf("*".to_owned(), "*".to_owned()),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, before, leaves);
            }
        }
    }
}

#[derive(Default)]
struct Seen {
    named: Vec<Named>,
}

impl Seen {
    /// Paths in what a macro is given: it is not parsed, so a path is names with `::` between them.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let absolute = at >= 2 && is_colon(&tokens, at - 1) && is_colon(&tokens, at - 2);
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(first) if !absolute => {
                    let mut segments = vec![first.to_string()];
                    while is_colon(&tokens, at + 1)
                        && is_colon(&tokens, at + 2)
                        && let Some(TokenTree::Ident(next)) = tokens.get(at + 3)
                    {
                        segments.push(next.to_string());
                        at += 3;
                    }
                    self.named.push(Named { segments, line: first.span().start().line });
                }
                _ => {}
            }
            at += 1;
        }
    }
}

fn is_colon(tokens: &[TokenTree], at: usize) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}

impl<'ast> Visit<'ast> for Seen {
    fn visit_item(&mut self, item: &'ast Item) {
        if !item.is_aside() {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !item.is_aside() {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if !item.is_aside() {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if !statement.is_aside() {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if !is_aside(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.named.extend(used(item).into_iter().map(|(named, _)| named));
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.named.push(Named { segments, line: path.span().start().line });
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        visit::visit_macro(self, call);
        self.tokens(call.tokens.clone());
    }

    /// `pub(in crate::http1)` takes nothing.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}
}
