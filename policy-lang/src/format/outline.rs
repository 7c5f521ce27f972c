//! A tree without its places. Two texts with equal outlines mean the same and hold the same comments.

use crate::syntax::ast::{Arg, Block, File, Item, Statement, Value};
use crate::syntax::printed;

pub(super) fn outline(file: &File) -> String {
    let mut out = String::new();
    items(&file.items, &mut out);
    out
}

fn items(items: &[Item], out: &mut String) {
    for item in items {
        match item {
            Item::Comment(comment) => out.push_str(&comment.text),
            Item::Statement(statement) => self::statement(statement, out),
        }
        out.push('\n');
    }
}

fn statement(statement: &Statement, out: &mut String) {
    out.push_str(&statement.docs.join("|"));
    out.push_str(&statement.key);
    statement.args.iter().for_each(|arg| self::arg(arg, out));
    if let Some(inner) = &statement.block {
        block(inner, out);
    }
}

fn arg(arg: &Arg, out: &mut String) {
    out.push(' ');
    match &arg.value {
        Value::Comma(comma) => {
            out.push(',');
            out.push_str(&comma.comments.join("|"));
        }
        Value::Block(inner) => block(inner, out),
        value => out.push_str(&printed(value)),
    }
}

fn block(block: &Block, out: &mut String) {
    out.push_str(" {\n");
    items(&block.items, out);
    out.push('}');
}
