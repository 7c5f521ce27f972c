//! Findings of the parser.

use super::{Code, Diagnostic};
use crate::span::Span;

/// What is wrong with a number or a range, and what was probably meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) write: Option<String>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>, write: Option<String>) -> Self {
        Self { message: message.into(), write }
    }
}

pub(crate) fn file_too_large(span: Span) -> Diagnostic {
    Diagnostic::new(Code::FileTooLarge, span, "the files of this policy are larger than 1MiB")
        .help("make deployments of its parts")
}

pub(crate) fn nesting_too_deep(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::new(
        Code::NestingTooDeep,
        span,
        format!("blocks are nested more than {limit} levels deep"),
    )
    .here("opens one level too many")
}

/// A character that no reader of the policy sees.
pub(crate) fn hidden(span: Span, char: char) -> Diagnostic {
    let message = format!("the character U+{:04X} cannot stand in a policy", u32::from(char));
    Diagnostic::new(Code::Syntax, span, message)
        .here("shows nothing, or makes the line look like another")
        .help("take it away")
}

/// Text at the start of a statement that is no key.
pub(crate) fn unexpected(span: Span, words: &str) -> Diagnostic {
    let found =
        Diagnostic::new(Code::Syntax, span, format!("`{words}` does not start a statement"));
    match words.split_once(':') {
        Some((key, rest)) if is_key(key) => found.fix(
            "leave the colon away",
            span,
            format!("{key} {}", rest.trim_start()).trim_end(),
        ),
        _ if words == "}" => found.help("take it away, or open a block for it"),
        _ => found.help("a statement is a key, its values, and perhaps a block: `timeout 2s`"),
    }
}

fn is_key(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
}

/// Something behind a block that has been closed on the same line.
pub(crate) fn after_block(span: Span, words: &str) -> Diagnostic {
    Diagnostic::new(Code::Syntax, span, format!("`{words}` follows a block"))
        .here("a statement ends with its block")
        .help("start a new line, or write `;`")
}

/// A block right behind the block of a statement.
pub(crate) fn second_block(span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::Syntax, span, "a statement has one block, and this is its second")
        .here("opens again")
        .also(first, "the first one opens here")
        .help("write everything into one block")
}

pub(crate) fn malformed(span: Span, written: &str) -> Diagnostic {
    let found = Diagnostic::new(Code::Syntax, span, format!("cannot read `{written}`"));
    match written {
        _ if written.starts_with('-') => found.help("there are no negative numbers"),
        _ if written.starts_with('\'') => found.help("strings stand in double quotes"),
        _ if written.contains("||") => found.help("alternatives are separated by one `|`"),
        _ => found.fix("quote it, if it is a string", span, format!("\"{written}\"")),
    }
}

pub(crate) fn single_equals(span: Span) -> Diagnostic {
    Diagnostic::new(Code::Syntax, span, "this is no comparison").fix("write `==`", span, "==")
}

pub(crate) fn unclosed_block(span: Span) -> Diagnostic {
    Diagnostic::new(Code::UnclosedBlock, span, "this block is never closed")
        .here("opened here")
        .help("add a `}`")
}

pub(crate) fn unclosed_string(span: Span) -> Diagnostic {
    Diagnostic::new(Code::UnclosedString, span, "this string is not closed on its line").fix(
        "add the closing quote",
        span.after(),
        "\"",
    )
}

pub(crate) fn invalid_escape(span: Span, escape: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidEscape, span, format!("`{escape}` is no escape")).help(
        "known are `\\\"`, `\\\\`, `\\n`, and `\\u{…}` for characters that do not turn text around",
    )
}

pub(crate) fn malformed_number(span: Span, written: &str, problem: &Problem) -> Diagnostic {
    let found = Diagnostic::new(Code::InvalidNumber, span, format!("`{written}` cannot be used"));
    let found = found.here(problem.message.clone());
    match &problem.write {
        Some(meant) => found.fix(format!("write `{meant}`"), span, meant),
        None => found,
    }
}

pub(crate) fn invalid_range(span: Span, written: &str, problem: &Problem) -> Diagnostic {
    let found = Diagnostic::new(Code::InvalidRange, span, format!("`{written}` is no range"))
        .here(problem.message.clone());
    match &problem.write {
        Some(meant) => found.fix("swap the ends", span, meant),
        None => found,
    }
}

pub(crate) fn dangling_doc(span: Span) -> Diagnostic {
    Diagnostic::new(Code::DanglingDoc, span, "this doc comment belongs to nothing")
        .help("put it above a statement, or start it with a single `#`")
}
