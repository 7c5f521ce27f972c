//! Holds a tree against the schema: every statement finds its row, every argument is
//! of the kind the row asks for, and what does not fit is reported once.
//!
//! Behind this point a [`Node`] that is `sound` has exactly the shape of its row, so
//! that lowering reads values without reporting anything about their form.

mod fit;
mod grpc;
mod text;

use std::collections::BTreeMap;

use crate::diagnostics::{Diagnostic, are_enough, setting as report};
use crate::schema::{self, Body, Row, Scope};
use crate::syntax::ast::{Arg, Block, Statement, Value};

pub(crate) use fit::plausible;

/// A statement with its row.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) statement: &'a Statement,
    pub(crate) row: &'static Row,
    pub(crate) children: Vec<Node<'a>>,
    /// Whether its own arguments have the shape of its row; the children may be wrong.
    pub(crate) sound: bool,
}

impl<'a> Node<'a> {
    pub(crate) fn key(&self) -> &'static str {
        self.row.key
    }

    /// The arguments without the commas between them.
    pub(crate) fn values(&self) -> Vec<&'a Value> {
        values(&self.statement.args)
    }

    /// The arguments with their spans, without commas.
    pub(crate) fn args(&self) -> impl Iterator<Item = &'a Arg> + use<'a> {
        self.statement.args.iter().filter(|arg| !matches!(arg.value, Value::Comma(_)))
    }

    /// The first argument, where the statement defines or names something.
    pub(crate) fn name(&self) -> Option<(&'a str, &'a Arg)> {
        self.args().find_map(|arg| match &arg.value {
            Value::Name(name) => Some((name.as_str(), arg)),
            _ => None,
        })
    }

    /// Sound children with that key.
    pub(crate) fn all<'n>(&'n self, key: &'static str) -> impl Iterator<Item = &'n Self> {
        self.children.iter().filter(move |child| child.key() == key && child.sound)
    }

    pub(crate) fn one(&self, key: &'static str) -> Option<&Self> {
        self.all(key).next()
    }

    /// Whether it was written at all, in whatever shape.
    pub(crate) fn wrote(&self, key: &str) -> bool {
        let block = self.statement.block.as_ref();
        block.is_some_and(|block| block.statements().any(|child| child.key == key))
            || self.swallowed(key)
    }

    /// Whether it stands behind another statement, from which nothing parts it.
    pub(crate) fn swallowed(&self, key: &str) -> bool {
        let is_key = |arg: &Arg| matches!(&arg.value, Value::Name(word) if word == key);
        let mut wrong = self.children.iter().filter(|child| !child.sound);
        wrong.any(|child| child.statement.args.iter().any(is_key))
    }
}

/// Arguments without the commas between them.
pub(crate) fn values(args: &[Arg]) -> Vec<&Value> {
    args.iter().map(|arg| &arg.value).filter(|value| !matches!(value, Value::Comma(_))).collect()
}

/// The nodes of `statements`, which stand in `scope`. Unknown statements have none.
pub(crate) fn conform<'a>(
    scope: Scope,
    statements: impl Iterator<Item = &'a Statement>,
    found: &mut Vec<Diagnostic>,
) -> Vec<Node<'a>> {
    let mut first = BTreeMap::new();
    let mut nodes = Vec::new();
    for statement in statements {
        if are_enough(found) {
            break;
        }
        let Some(row) = known(scope, statement, found) else { continue };
        if !row.repeats
            && let Some(earlier) = first.insert(row.key, statement.key_span)
        {
            found.push(report::duplicate_setting(statement.key_span, row.key, earlier));
        }
        nodes.push(node(row, statement, found));
    }
    nodes
}

fn known(scope: Scope, statement: &Statement, found: &mut Vec<Diagnostic>) -> Option<&'static Row> {
    let (key, span) = (statement.key.as_str(), statement.key_span);
    let Some(row) = schema::find(scope, key) else {
        found.push(stranger(scope, statement));
        return None;
    };
    if !row.supported {
        found.push(report::not_yet_supported(span, key));
        return None;
    }
    Some(row)
}

fn stranger(scope: Scope, statement: &Statement) -> Diagnostic {
    let (key, span) = (statement.key.as_str(), statement.key_span);
    if key == "exempt" {
        return crate::diagnostics::guard::exempt_outside_baseline(span);
    }
    let mut elsewhere: Vec<Scope> = schema::scopes(key).collect();
    elsewhere.dedup();
    match elsewhere.is_empty() {
        true => report::unknown_key(span, key, scope),
        false => report::misplaced_key(span, key, scope, &elsewhere),
    }
}

fn node<'a>(row: &'static Row, statement: &'a Statement, found: &mut Vec<Diagnostic>) -> Node<'a> {
    let before = found.len();
    found.extend(fit::fit(row, statement).or_else(|| block_problem(row, statement)));
    let sound = found.len() == before
        && !statement.args.iter().any(|arg| matches!(arg.value, Value::Bad(_)));
    let children = match (row.body.scope(), &statement.block) {
        (Some(scope), Some(block)) => conform(scope, block.statements(), found),
        _ => Vec::new(),
    };
    found.extend(inner_blocks(row, statement));
    found.extend(twice(row, statement, &children));
    Node { statement, row, children, sound }
}

fn block_problem(row: &Row, statement: &Statement) -> Option<Diagnostic> {
    match (row.body, &statement.block) {
        (_, Some(block)) if is_off(statement) => {
            Some(report::block_of_nothing(block.span, row.key))
        }
        (Body::Never, Some(block)) => Some(report::unexpected_block(block.span, row.key)),
        (Body::Required(_), None) => Some(report::missing_block(statement.head(), row.key)),
        (Body::Instead(_), None) if statement.args.is_empty() => {
            Some(report::missing_argument(statement.head(), row.key, "a value or a block"))
        }
        _ => None,
    }
}

/// `retry off`.
fn is_off(statement: &Statement) -> bool {
    matches!(values(&statement.args).as_slice(), [Value::Name(word)] if word == "off")
}

/// `timeout 2s { total 3s }`: the value before the block is its `total`.
fn twice(row: &Row, statement: &Statement, children: &[Node<'_>]) -> Option<Diagnostic> {
    let first = statement.args.first()?;
    let Body::Instead(Scope::Timeout) = row.body else { return None };
    let refers = matches!(&first.value, Value::Name(word) if word != "deadline");
    let total = children.iter().find(|child| child.key() == "total").filter(|_| !refers)?;
    let span = total.statement.key_span;
    Some(report::duplicate_setting(span, "total", statement.args_span()))
}

/// Findings in the blocks that stand inside the row's list.
fn inner_blocks(row: &Row, statement: &Statement) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let Some(scope) = row.body.scope() else { return found };
    for arg in &statement.args {
        if let Value::Block(block) = &arg.value {
            drop(fields(scope, block, &mut found));
        }
    }
    found
}

/// The nodes of a block inside a list.
pub(crate) fn fields<'a>(
    scope: Scope,
    block: &'a Block,
    found: &mut Vec<Diagnostic>,
) -> Vec<Node<'a>> {
    conform(scope, block.statements(), found)
}
