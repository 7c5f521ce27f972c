//! Which statements stand in one run, and where the values of a run begin.
//!
//! A run is a stretch of simple statements without a blank line or a comment line between
//! them. A block of several lines ends it. In `require` and `expect` the operators of a
//! run stand below each other as well.

use crate::syntax::ast::{Block, Item, Statement, Value};

/// The columns at which parts of a statement begin, counted from its key. 0: directly behind the
/// part before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Columns {
    pub(super) values: usize,
    pub(super) operators: usize,
}

/// What is wider than this, in characters, moves no column.
pub(super) const WIDEST: usize = 80;

/// Statements that open something new; their names are not values of a run.
const DEFINITIONS: [&str; 6] = ["service", "baseline", "policy", "upstream", "route", "test"];
/// Statements of the form SUBJECT OPERATOR VALUE.
const COMPARISONS: [&str; 2] = ["require", "expect"];

/// The columns of each item, in order.
pub(super) fn columns(items: &[Item], text: &str) -> Vec<Columns> {
    let mut columns = vec![Columns::default(); items.len()];
    let mut run: Vec<usize> = Vec::new();
    let mut end = None;
    for (index, item) in items.iter().enumerate() {
        let (start, stop) = super::extent(item);
        let apart = end.is_some_and(|end| super::blank_between(text, end, start));
        end = Some(stop);
        let Item::Statement(statement) = item else {
            // A comment behind a statement belongs to its line.
            if matches!(item, Item::Comment(comment) if !comment.trailing) {
                align(items, &std::mem::take(&mut run), &mut columns, text);
            }
            continue;
        };
        if apart {
            align(items, &std::mem::take(&mut run), &mut columns, text);
        }
        run.push(index);
        if statement.block.as_ref().is_some_and(|block| !inline(block, text)) {
            align(items, &std::mem::take(&mut run), &mut columns, text);
        }
    }
    align(items, &run, &mut columns, text);
    columns
}

fn align(items: &[Item], run: &[usize], columns: &mut [Columns], text: &str) {
    let statements: Vec<(usize, &Statement)> = run
        .iter()
        .filter_map(|index| match items.get(*index) {
            Some(Item::Statement(statement)) if simple(statement, text) => {
                Some((*index, statement))
            }
            _ => None,
        })
        .collect();
    let widths = statements.iter().map(|(_, statement)| key_width(statement));
    let widest = widths.filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let subjects = COMPARISONS.map(|key| {
        let same = statements.iter().filter(|(_, other)| comparison(other) && other.key == key);
        let widths = same.map(|(_, other)| subject_width(other, text));
        widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
    });
    for (index, statement) in &statements {
        let own = COMPARISONS.iter().zip(subjects).find(|(key, _)| **key == statement.key);
        let own = own.filter(|_| comparison(statement));
        let operators = own.map_or(0, |(_, subject)| widest + 1 + subject);
        if let Some(columns) = columns.get_mut(*index) {
            *columns = Columns { values: widest, operators };
        }
    }
}

/// Whether it has a value that can stand in the column.
fn simple(statement: &Statement, text: &str) -> bool {
    match &statement.block {
        None => !statement.args.is_empty(),
        Some(block) => {
            let several = !inline(block, text);
            let directed = statement.key == "headers";
            let opens = several
                && (statement.args.is_empty() || DEFINITIONS.contains(&statement.key.as_str()));
            !directed && !opens
        }
    }
}

/// How many words the key has: `except ports` and `headers request` have two.
pub(super) fn key_words(statement: &Statement) -> usize {
    let second = matches!(statement.args.first().map(|arg| &arg.value), Some(Value::Name(_)));
    match statement.key.as_str() {
        "except" if second && statement.args.len() > 1 => 2,
        _ => 1,
    }
}

fn key_width(statement: &Statement) -> usize {
    let key = statement.key.chars().count();
    match (key_words(statement), statement.args.first().map(|arg| &arg.value)) {
        (2, Some(Value::Name(word))) => key + 1 + word.chars().count(),
        _ => key,
    }
}

fn comparison(statement: &Statement) -> bool {
    COMPARISONS.contains(&statement.key.as_str()) && statement.args.len() > 1
}

fn subject_width(statement: &Statement, text: &str) -> usize {
    statement.args.first().map_or(0, |subject| super::written(subject, text).chars().count())
}

/// Whether a block is printed on one line: it is empty, or was written so and holds no comment that
/// needs a line of its own.
pub(super) fn inline(block: &Block, text: &str) -> bool {
    let written = text.get(block.span.start as usize..block.span.end as usize).unwrap_or_default();
    let one_line = block.items.is_empty() || !written.contains('\n');
    one_line && block.items.iter().all(|item| matches!(item, Item::Statement(_)))
}
