//! Files as a whole: their edition, what they may hold, what a deployment must say.

use crate::conform::Node;
use crate::diagnostics::{Diagnostic, file as report};
use crate::resolve::{Entry, Loaded, Program};
use crate::span::Span;
use crate::syntax::ast::{self, Number, Statement, Value};

/// The edition that this compiler reads.
const EDITION: u64 = 2026;
/// What only a deployment's own file holds.
const OWN: [&str; 8] =
    ["service", "listen", "intercept", "observe", "defaults", "otherwise", "test", "require"];
/// What shows that a file is one.
const DEPLOYMENT: [&str; 4] = ["service", "otherwise", "upstream", "test"];

/// Checks every file, and says what the entry is.
pub(crate) fn files(program: &Program<'_>, loaded: &Loaded, found: &mut Vec<Diagnostic>) -> Entry {
    for (number, file) in loaded.files.iter().enumerate() {
        if readable(loaded, number) {
            edition(number, &file.tree, found);
        }
        for statement in ast::statements(&file.tree.items).filter(|_| number > 0) {
            if OWN.contains(&statement.key.as_str()) {
                found.push(report::not_in_import(statement.key_span, &statement.key));
            }
        }
    }
    let Some(entry) = loaded.files.first().filter(|_| readable(loaded, 0)) else {
        return Entry::Library;
    };
    let keys: Vec<&str> =
        ast::statements(&entry.tree.items).map(|statement| statement.key.as_str()).collect();
    let library = keys
        .iter()
        .any(|key| ["baseline", "retry", "breaker", "timeout", "headers", "policy"].contains(key));
    if library && !keys.iter().any(|key| DEPLOYMENT.contains(key)) {
        return Entry::Library;
    }
    complete(&keys, program.entry(), found);
    Entry::Deployment
}

/// Not `amb.toml`, nor a file of which nothing could be read; that has been reported.
fn readable(loaded: &Loaded, number: usize) -> bool {
    let (Some(source), Some(file)) = (loaded.sources.get(number), loaded.files.get(number)) else {
        return false;
    };
    let lost = file.tree.items.is_empty() && !source.text.trim().is_empty();
    !lost && !source.name.ends_with(".toml")
}

/// `edition 2026`, first of all.
fn edition(number: usize, tree: &ast::File, found: &mut Vec<Diagnostic>) {
    let mut statements = ast::statements(&tree.items);
    let file = u32::try_from(number).unwrap_or(u32::MAX);
    match statements.next() {
        Some(first) if first.key == "edition" => known(first, found),
        Some(_) | None => match statements.find(|statement| statement.key == "edition") {
            Some(late) => found.push(report::missing_edition(late.key_span, true)),
            None => found.push(report::missing_edition(Span::new(file, 0, 0), false)),
        },
    }
}

fn known(statement: &Statement, found: &mut Vec<Diagnostic>) {
    if let Some(arg) = statement.args.first()
        && let Value::Number(Number::Integer(edition)) = arg.value
        && edition != EDITION
    {
        found.push(report::unknown_edition(arg.span, &edition.to_string()));
    }
}

fn complete(keys: &[&str], nodes: &[Node<'_>], found: &mut Vec<Diagnostic>) {
    // At the end of the file, where the line is to be added.
    let end = nodes.last().map(|node| node.statement.span().after()).unwrap_or_default();
    if !keys.contains(&"service") {
        let start = nodes.first().map(|node| node.statement.head()).unwrap_or_default();
        found.push(report::missing_setting(
            start,
            "this policy",
            "service",
            "say who we are: `service NAME`",
        ));
    }
    if !keys.contains(&"otherwise") {
        let help =
            "say what happens to calls to anything else: `otherwise pass` or `otherwise reject`";
        found.push(report::missing_setting(end, "this policy", "otherwise", help));
    }
}
