//! Whether a policy is small enough to be looked at: counted before anything else is done with it.

use crate::diagnostics::{Diagnostic, file as report};
use crate::resolve::Loaded;
use crate::span::Span;
use crate::syntax::ast::{self, Arg, Item, Statement, Value};

const STATEMENTS: usize = 20_000;
/// Words, numbers and commas of one statement, methods and codes one by one.
const ENTRIES: usize = 256;
/// Of one kind, in all files together.
const OF_A_KIND: [(&str, usize); 8] = [
    ("upstream", 1_000),
    ("route", 2_000),
    ("match", 5_000),
    ("require", 100),
    ("exempt", 500),
    ("use", 2_000),
    ("test", 2_000),
    ("except", 200),
];
/// `retry`, `breaker`, `timeout`, `headers`, `policy` and `baseline` at the top of files.
const DEFINITIONS: usize = 2_000;

/// The first statement that is more than a policy may hold.
pub(crate) fn exceeded(loaded: &Loaded) -> Option<Diagnostic> {
    let mut count = Count::default();
    for file in &loaded.files {
        for statement in ast::statements(&file.tree.items).filter(|it| is_definition(it)) {
            count.definitions += 1;
            if count.definitions > DEFINITIONS {
                let span = statement.key_span;
                return Some(report::too_many(span, "a policy", DEFINITIONS, "named definitions"));
            }
        }
        if let Err(found) = count.items(&file.tree.items) {
            return Some(*found);
        }
    }
    None
}

fn is_definition(statement: &Statement) -> bool {
    ["retry", "breaker", "timeout", "headers", "policy", "baseline"]
        .contains(&statement.key.as_str())
}

#[derive(Default)]
struct Count {
    statements: usize,
    definitions: usize,
    of_a_kind: [usize; OF_A_KIND.len()],
}

type Counted = Result<(), Box<Diagnostic>>;

impl Count {
    /// Blocks are at most 32 levels deep.
    fn items(&mut self, items: &[Item]) -> Counted {
        ast::statements(items).try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &Statement) -> Counted {
        self.statements += 1;
        let span = statement.key_span;
        if self.statements > STATEMENTS {
            return too_many(span, "a policy", STATEMENTS, "statements");
        }
        let kinds = self.of_a_kind.iter_mut().zip(OF_A_KIND);
        if let Some((count, (key, most))) = kinds.into_iter().find(|it| it.1.0 == statement.key) {
            *count += 1;
            if *count > most {
                return too_many(span, "a policy", most, &format!("`{key}`"));
            }
        }
        if statement.args.iter().map(entries).sum::<usize>() > ENTRIES {
            return too_many(span, "a statement", ENTRIES, "words and commas");
        }
        for arg in &statement.args {
            if let Value::Block(block) = &arg.value {
                self.items(&block.items)?;
            }
        }
        statement.block.as_ref().map_or(Ok(()), |block| self.items(&block.items))
    }
}

fn too_many(span: Span, place: &str, most: usize, what: &str) -> Counted {
    Err(Box::new(report::too_many(span, place, most, what)))
}

fn entries(arg: &Arg) -> usize {
    match &arg.value {
        Value::Methods(methods) => methods.len(),
        Value::Call { inputs, .. } => 1 + inputs.len(),
        _ => 1,
    }
}
