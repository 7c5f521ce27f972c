//! The grammar that editors colour policies with: it is what the table of settings says, and
//! it agrees with the parser on every policy of the repository.
//!
//! `cargo xtask bless` writes it anew.

#![cfg(test)]

mod tokens;
mod write;

use std::fs;
use std::path::{Path, PathBuf};

use amb_policy_lang::Span;
use amb_policy_lang::schema::rows;
use amb_policy_lang::syntax::ast::{Arg, Item, Statement, Value};
use amb_policy_lang::syntax::parse;

use tokens::Grammar;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_grammar_is_up_to_date() {
    let path = root().join("editors/vscode/syntaxes/amb.tmLanguage.json");
    let grammar = write::grammar();
    if std::env::var_os("AMB_BLESS").is_some() {
        fs::write(&path, &grammar).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(written == grammar, "the grammar is out of date: run `cargo xtask bless`");
}

#[test]
fn every_key_is_coloured_as_one() {
    let grammar = Grammar::read(&write::grammar());
    for row in rows() {
        for text in [format!("{} ", row.key), format!("    x; {}", row.key)] {
            let scopes = grammar.scopes(&text);
            let at = text.find(row.key).unwrap();
            assert!(is_key(&scopes[at]), "{text}: {}", scopes[at]);
        }
    }
}

#[test]
fn the_grammar_agrees_with_the_parser() {
    let grammar = Grammar::read(&write::grammar());
    let mut seen = 0;
    for path in policies() {
        let text = fs::read_to_string(&path).unwrap();
        let (tree, found) = parse(0, &text);
        if found.is_empty() {
            let name = path.display().to_string();
            let page = Page { name, scopes: grammar.scopes(&text), text: &text };
            page.items(&tree.items);
            page.complete();
            seen += 1;
        }
    }
    assert!(seen >= 60, "only {seen} policies were found");
}

#[test]
fn the_extension_names_files_that_are_there() {
    let folder = root().join("editors/vscode");
    let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    let extension: serde_json::Value = serde_json::from_str(&read("package.json")).unwrap();
    let (parts, grammar) = (&extension["contributes"], Grammar::scope_name(&write::grammar()));
    assert_eq!(parts["grammars"][0]["scopeName"], grammar.as_str());
    for file in
        [&extension["main"], &parts["grammars"][0]["path"], &parts["languages"][0]["configuration"]]
    {
        let text = read(file.as_str().unwrap());
        let json = file.as_str().unwrap().ends_with(".json");
        assert!(!json || serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{file}");
    }
}

/// Every policy of the repository that its parser accepts, wrong ones too.
fn policies() -> Vec<PathBuf> {
    let folders = [
        "examples/order",
        "examples/demo",
        "examples/simple",
        "tests/ui/policies",
        "tests/wire/policies",
    ];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "amb"));
    paths.sort();
    paths
}

fn is_key(scope: &str) -> bool {
    scope.starts_with("keyword.control") || scope.starts_with("support.type.property-name")
}

/// A policy with the scope of every byte.
struct Page<'a> {
    name: String,
    text: &'a str,
    scopes: Vec<String>,
}

impl Page<'_> {
    /// Nothing but blanks is left without a colour.
    fn complete(&self) {
        for (at, byte) in self.text.bytes().enumerate() {
            let blank = byte.is_ascii_whitespace();
            assert!(blank || !self.scopes[at].is_empty(), "{}", self.at(at));
        }
    }

    fn items(&self, items: &[Item]) {
        for item in items {
            match item {
                Item::Comment(comment) => self.all(comment.span, "comment."),
                Item::Statement(statement) => self.statement(statement),
            }
        }
    }

    fn statement(&self, statement: &Statement) {
        let start = statement.key_span.start as usize;
        let unknown = rows().all(|row| row.key != statement.key);
        assert!(unknown || is_key(&self.scopes[start]), "{}", self.at(start));
        statement.args.iter().for_each(|arg| self.arg(arg));
        statement.block.iter().for_each(|block| self.items(&block.items));
    }

    fn arg(&self, arg: &Arg) {
        match &arg.value {
            Value::Text(_) => self.all(arg.span, "string.quoted"),
            Value::Path(_) => self.all(arg.span, "string.unquoted"),
            Value::Number(_) => self.all(arg.span, "constant.numeric"),
            Value::Methods(_) => self.first(arg.span, "support.constant"),
            Value::Operator(_) => self.all(arg.span, "keyword.operator"),
            Value::Call { .. } => self.first(arg.span, "support.function"),
            Value::Range(..) => self.first(arg.span, "constant.numeric"),
            Value::Block(block) => self.items(&block.items),
            Value::Name(_) | Value::Comma(_) | Value::Bad(_) => {}
        }
    }

    fn first(&self, span: Span, scope: &str) {
        self.all(Span { end: span.start + 1, ..span }, scope);
    }

    fn all(&self, span: Span, scope: &str) {
        for at in span.start as usize..span.end as usize {
            assert!(self.scopes[at].starts_with(scope), "{}: not {scope}", self.at(at));
        }
    }

    fn at(&self, at: usize) -> String {
        let line = self.text[..at].matches('\n').count() + 1;
        format!(
            "{}:{line}: `{}`: {:?}",
            self.name,
            &self.text[at..].lines().next().unwrap(),
            self.scopes[at]
        )
    }
}
