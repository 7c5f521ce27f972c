//! What stands under the cursor: the blocks around it, and the statement that it is in.
//!
//! Parsing never fails, so a half-written policy has a context too. If a brace is missing and a
//! statement is unknown where it stands, it counts as what it is elsewhere.

use amb_policy_lang::Span;
use amb_policy_lang::schema::{self, Row, Scope};
use amb_policy_lang::syntax::ast::{Arg, Block, File, Item, Statement, Value, statements};

/// The surroundings of a cursor.
#[derive(Debug)]
pub(crate) struct Context<'t> {
    /// The blocks around it, outermost first.
    pub(crate) around: Vec<&'t Statement>,
    /// What may stand here.
    pub(crate) scope: Scope,
    /// The statements of the innermost block.
    items: &'t [Item],
    pub(crate) at: At<'t>,
}

/// What the cursor is on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At<'t> {
    /// Where a statement begins, or in its key.
    Key(Option<&'t Statement>),
    Argument(&'t Statement),
    Comment,
}

impl<'t> Context<'t> {
    pub(crate) fn new(tree: &'t File, text: &str, offset: u32) -> Self {
        let mut context =
            Self { around: Vec::new(), scope: Scope::File, items: &tree.items, at: At::Key(None) };
        while let Some((statement, block)) = context.inner(offset) {
            let Some(scope) = context.row(statement).and_then(|row| row.body.scope()) else {
                break;
            };
            context.around.push(statement);
            (context.scope, context.items) = (scope, &block.items);
        }
        context.at = at(context.items, text, offset);
        context
    }

    /// The next block around the offset, with its statement.
    fn inner(&self, offset: u32) -> Option<(&'t Statement, &'t Block)> {
        statements(self.items).find_map(|statement| {
            let block = blocks(statement).find(|block| holds(block, offset))?;
            Some((statement, block))
        })
    }

    /// The row of a statement of the innermost block.
    pub(crate) fn row(&self, statement: &Statement) -> Option<&'static Row> {
        let key = statement.key.as_str();
        let elsewhere = || schema::scopes(key).find_map(|scope| schema::find(scope, key));
        schema::find(self.scope, key).or_else(elsewhere)
    }

    /// Is that key written in the innermost block, beside the statement under the cursor?
    pub(crate) fn wrote(&self, key: &str, beside: Option<&Statement>) -> bool {
        let mut others = statements(self.items)
            .filter(|other| beside.is_none_or(|beside| beside.key_span != other.key_span));
        others.any(|other| other.key == key)
    }
}

/// The block behind a statement, and those in its list.
fn blocks(statement: &Statement) -> impl Iterator<Item = &Block> {
    let listed = statement.args.iter().filter_map(|arg| match &arg.value {
        Value::Block(block) => Some(block),
        _ => None,
    });
    listed.chain(&statement.block)
}

fn holds(block: &Block, offset: u32) -> bool {
    block.span.start < offset && (offset < block.span.end || !block.closed)
}

fn at<'t>(items: &'t [Item], text: &str, offset: u32) -> At<'t> {
    let comment = |item: &Item| match item {
        Item::Comment(comment) => comment.span.start < offset && offset <= comment.span.end,
        Item::Statement(_) => false,
    };
    if items.iter().any(comment) {
        return At::Comment;
    }
    let last = statements(items).take_while(|known| known.key_span.start <= offset).last();
    match last {
        Some(statement) if offset <= statement.key_span.end => At::Key(Some(statement)),
        Some(statement) if goes_on(statement, text, offset) => At::Argument(statement),
        _ => At::Key(None),
    }
}

/// Is the offset inside a statement's arguments, or behind them on the same line?
fn goes_on(statement: &Statement, text: &str, offset: u32) -> bool {
    let end = statement.head().end;
    let between = text.get(end as usize..offset as usize).unwrap_or_default();
    offset <= end
        || (statement.block.is_none() && between.chars().all(|gap| gap == ' ' || gap == '\t'))
}

/// The arguments that are complete before the offset, and the one that it is in.
pub(crate) fn split(statement: &Statement, offset: u32) -> (&[Arg], Option<&Arg>) {
    let complete = |arg: &Arg| match arg.value {
        Value::Comma(_) => arg.span.start < offset,
        _ => arg.span.end < offset,
    };
    let count = statement.args.iter().take_while(|arg| complete(arg)).count();
    let (before, rest) = statement.args.split_at(count);
    (before, rest.first().filter(|arg| within(arg.span, offset)))
}

/// The end counts: that is where the cursor stands behind a word.
pub(crate) fn within(span: Span, offset: u32) -> bool {
    (span.start..=span.end).contains(&offset)
}
