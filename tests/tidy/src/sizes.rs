//! How long files and functions are, in lines.

use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{ImplItemFn, ItemFn, TraitItemFn};

/// A function and the lines it takes from `fn` to its last brace; what documents it is not counted.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub file: PathBuf,
    pub line: usize,
    pub lines: usize,
}

/// Every function of a file. Tables are constants, so they are none.
pub fn functions(file: &Path, text: &str) -> Vec<Function> {
    let parsed =
        syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut seen = Seen { file, functions: Vec::new() };
    seen.visit_file(&parsed);
    seen.functions
}

/// The middle of some lengths; the higher of two in the middle.
pub fn median(mut lengths: Vec<usize>) -> usize {
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied().unwrap_or(0)
}

struct Seen<'f> {
    file: &'f Path,
    functions: Vec<Function>,
}

impl Seen<'_> {
    fn function(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let line = signature.span().start().line;
        self.functions.push(Function {
            name: signature.ident.to_string(),
            file: self.file.to_owned(),
            line,
            lines: body.span().end().line + 1 - line,
        });
    }
}

impl<'ast> Visit<'ast> for Seen<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_as_long_as_from_fn_to_its_last_brace() {
        let text = "/// Two lines\n/// of words.\n#[test]\nfn a() {\n    b();\n}\n\nstruct S;\n\n\
                    impl S {\n    fn b(&self) {}\n}\n\ntrait T {\n    fn c();\n    fn d(\n    ) {\n    }\n}\n";
        let found: Vec<_> = functions(Path::new("x.rs"), text)
            .into_iter()
            .map(|function| (function.name, function.line, function.lines))
            .collect();
        let expected = [("a", 4, 3), ("b", 11, 1), ("d", 16, 3)];
        assert_eq!(found, expected.map(|(name, line, lines)| (name.to_owned(), line, lines)));
    }

    #[test]
    fn a_median_is_what_half_do_not_exceed() {
        for (lengths, expected) in [(vec![], 0), (vec![3], 3), (vec![9, 1, 5], 5), (vec![1, 2], 2)]
        {
            assert_eq!(median(lengths), expected);
        }
    }
}
