//! The canonical form: four spaces, values aligned within a run of simple statements, at
//! most one blank line, nothing reordered, every comment kept.
//!
//! What was written is copied, not printed anew, so that `10_000` stays `10_000`. The
//! output is read again and its tree compared with the input's before it is returned.

mod outline;
mod runs;

use std::borrow::Cow;

use crate::diagnostics::{Diagnostic, sort};
use crate::syntax::ast::{Arg, Block, Comment, File, Item, Statement, Value};
use crate::syntax::{parse, printed};
use outline::outline;
use runs::{Columns, columns};

const INDENT: usize = 4;

/// The canonical form of `text`.
///
/// # Errors
/// What could not be read; such a file is not touched. Labels refer to the one source `name`.
pub fn format(_name: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (tree, mut found) = parse(0, text);
    if found.iter().any(Diagnostic::is_error) {
        sort(&mut found);
        return Err(found);
    }
    let formatted = printed_file(&tree, text);
    let (again, _) = parse(0, &formatted);
    match outline(&again) == outline(&tree) {
        true => Ok(formatted),
        // INVARIANT: printing keeps the tree. Should it ever not, the author's text is kept.
        false => Ok(text.to_owned()),
    }
}

fn printed_file(tree: &File, text: &str) -> String {
    let mut printer = Printer { text, out: String::new() };
    printer.items(&tree.items, 0);
    printer.out
}

struct Printer<'a> {
    text: &'a str,
    out: String,
}

impl Printer<'_> {
    fn items(&mut self, items: &[Item], depth: usize) {
        let columns = columns(items, self.text);
        let mut end = None;
        for (item, columns) in items.iter().zip(columns) {
            let (start, stop) = extent(item);
            if end.is_some_and(|end| blank_between(self.text, end, start)) {
                self.out.push('\n');
            }
            match item {
                Item::Comment(comment) => self.comment(comment, depth),
                Item::Statement(statement) => {
                    self.indent(depth);
                    self.statement(statement, depth, columns);
                    self.out.push('\n');
                }
            }
            end = Some(stop);
        }
    }

    /// Behind what stands on its line, or on a line of its own.
    fn comment(&mut self, comment: &Comment, depth: usize) {
        if comment.trailing && self.out.ends_with('\n') {
            self.out.pop();
            let gap = if self.out.ends_with('{') { " " } else { "  " };
            self.out.push_str(gap);
        } else {
            self.indent(depth);
        }
        self.out.push_str(&comment.text);
        self.out.push('\n');
    }

    fn indent(&mut self, depth: usize) {
        self.pad(depth * INDENT);
    }

    fn pad(&mut self, width: usize) {
        self.out.extend(std::iter::repeat_n(' ', width));
    }

    fn statement(&mut self, statement: &Statement, depth: usize, columns: Columns) {
        self.out.push_str(&statement.key);
        let mut written = statement.key.chars().count();
        let words = runs::key_words(statement);
        let mut column = depth * INDENT;
        for (index, arg) in statement.args.iter().enumerate() {
            if matches!(arg.value, Value::Comma(_)) {
                continue;
            }
            let follows = index > 0 && statement.args.get(index - 1).is_some_and(broken);
            if !follows {
                let fill = match index + 1 {
                    at if at == words => columns.values.saturating_sub(written),
                    2 => columns.operators.saturating_sub(written),
                    _ => 0,
                };
                self.pad(fill + 1);
                written += fill + 1;
            }
            if index + 1 == words {
                column = depth * INDENT + written.min(2 * runs::WIDEST);
            }
            let before = self.out.len();
            self.arg(arg, depth);
            written += self.out.get(before..).unwrap_or_default().chars().count();
            if let Some(Arg { value: Value::Comma(comma), .. }) = statement.args.get(index + 1) {
                self.out.push(',');
                written += 1;
                self.comments(&comma.comments, column);
                // A comma at the very end has nothing to go on with.
                let more = index + 2 < statement.args.len() || statement.block.is_some();
                if more && comma.newline {
                    self.out.push('\n');
                    self.pad(column);
                }
            }
        }
        if let Some(block) = &statement.block {
            let fill =
                if statement.args.is_empty() { columns.values.saturating_sub(written) } else { 0 };
            self.pad(fill + 1);
            self.block(block, depth);
        }
    }

    /// Comments behind a comma; the list goes on in the next line, below its first value.
    fn comments(&mut self, comments: &[String], column: usize) {
        for (index, comment) in comments.iter().enumerate() {
            match index {
                0 => self.pad(2),
                _ => {
                    self.out.push('\n');
                    self.pad(column);
                }
            }
            self.out.push_str(comment);
        }
    }

    fn arg(&mut self, arg: &Arg, depth: usize) {
        match &arg.value {
            Value::Block(block) => self.block(block, depth),
            _ => self.out.push_str(&written(arg, self.text)),
        }
    }

    fn block(&mut self, block: &Block, depth: usize) {
        if block.items.is_empty() {
            self.out.push_str("{}");
        } else if runs::inline(block, self.text) {
            self.out.push_str("{ ");
            for (index, statement) in block.statements().enumerate() {
                if index > 0 {
                    self.out.push_str("; ");
                }
                self.statement(statement, depth, Columns::default());
            }
            self.out.push_str(" }");
        } else {
            self.out.push_str("{\n");
            self.items(&block.items, depth + 1);
            self.indent(depth);
            self.out.push('}');
        }
    }
}

/// A value as it is printed: as it was written, unless it can hold line breaks and blanks.
fn written<'a>(arg: &Arg, text: &'a str) -> Cow<'a, str> {
    match &arg.value {
        value @ (Value::Methods(_) | Value::Call { .. }) => printed(value).into(),
        _ => text.get(arg.span.start as usize..arg.span.end as usize).unwrap_or_default().into(),
    }
}

fn extent(item: &Item) -> (usize, usize) {
    let span = match item {
        Item::Statement(statement) => statement.span(),
        Item::Comment(comment) => comment.span,
    };
    (span.start as usize, span.end as usize)
}

fn blank_between(text: &str, end: usize, start: usize) -> bool {
    text.get(end..start).unwrap_or_default().matches('\n').count() > 1
}

/// A comma behind which the line was broken.
fn broken(arg: &Arg) -> bool {
    matches!(&arg.value, Value::Comma(comma) if comma.newline)
}
