//! From the parser's pairs to the tree. Limits come first, so that a hostile file
//! costs neither stack nor time: 1 MiB, 32 levels of blocks, a bounded number of calls.

use std::num::NonZeroUsize;

use pest::Parser as _;
use pest::iterators::Pair;
use pest_derive::Parser;

use super::ast::{Arg, Block, Comma, Comment, File, Item, Statement, Value};
use super::{literal, text};
use crate::diagnostics::{Diagnostic, ENOUGH, are_enough, syntax as report};
use crate::limits::BYTES;
use crate::span::Span;

/// How deep blocks may stand in blocks.
const MAX_DEPTH: usize = 32;
/// Whoever looks at the start of a line looks no further back, in bytes.
const FAR: usize = 1000;
/// Far more than the largest file needs. It bounds the work if a rule should ever back-track.
const MAX_CALLS: usize = 500_000_000;

/// The byte order mark, which may begin a file.
const MARK: char = '\u{FEFF}';

#[derive(Parser)]
#[grammar = "syntax/amb.pest"]
struct Grammar;

/// Reads one file; `file` is its number in every span.
pub fn parse(file: u32, source: &str) -> (File, Vec<Diagnostic>) {
    if source.len() > BYTES {
        return (File::default(), vec![report::file_too_large(Span::new(file, 0, 0))]);
    }
    if let Some(at) = too_deep(source) {
        return (
            File::default(),
            vec![report::nesting_too_deep(Span::new(file, at, at + 1), MAX_DEPTH)],
        );
    }
    pest::set_call_limit(NonZeroUsize::new(MAX_CALLS));
    let mut reader = Reader { file, source, found: Vec::new(), slipped: None };
    reader.found.extend(hidden(file, source));
    let tree = match Grammar::parse(Rule::file, source) {
        Ok(mut pairs) => {
            File { items: pairs.next().map(|all| reader.items(all)).unwrap_or_default() }
        }
        Err(_) => {
            reader.found.push(report::unexpected(Span::new(file, 0, source.len()), "this file"));
            File::default()
        }
    };
    (tree, reader.found)
}

/// The first character that shows nothing, or that shows a line other than it is.
fn hidden(file: u32, source: &str) -> Option<Diagnostic> {
    let (at, char) = source.char_indices().find(|(at, char)| match char {
        '\n' | '\t' => false,
        char if *char == MARK => *at > 0,
        '\r' => source.as_bytes().get(at + 1) != Some(&b'\n'),
        _ => char.is_control() || text::turns(*char),
    })?;
    Some(report::hidden(Span::new(file, at, at + char.len_utf8()), char))
}

/// Where the first block beyond the limit opens. Strings and comments do not count.
fn too_deep(source: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut comment, mut escaped) = (0_usize, false, false, false);
    for (at, byte) in source.bytes().enumerate() {
        let was_escaped = std::mem::take(&mut escaped);
        match byte {
            b'\n' => (quoted, comment) = (false, false),
            _ if comment => {}
            b'\\' if quoted => escaped = !was_escaped,
            b'"' if !was_escaped => quoted = !quoted,
            _ if quoted => {}
            b'#' => comment = true,
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some(at);
        }
    }
    None
}

struct Reader<'a> {
    file: u32,
    source: &'a str,
    found: Vec<Diagnostic>,
    /// The first block whose `}` looks like that of another.
    slipped: Option<Span>,
}

impl Reader<'_> {
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        Span::new(self.file, span.start(), span.end())
    }

    /// Keeps no more than anybody reads, and some error if there is one.
    fn report(&mut self, found: Diagnostic) {
        let first_error = || found.is_error() && !self.found.iter().any(Diagnostic::is_error);
        if self.found.len() < ENOUGH || first_error() {
            self.found.push(found);
        }
    }

    fn items(&mut self, pair: Pair<'_, Rule>) -> Vec<Item> {
        let mut items = Vec::new();
        let mut docs: Vec<String> = Vec::new();
        let mut last_doc = Span::default();
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::comment => {
                    let comment = self.comment(&inner);
                    if let Some(doc) = comment.doc() {
                        docs.push(doc.to_owned());
                        last_doc = comment.span;
                    }
                    items.push(Item::Comment(comment));
                }
                Rule::statement => {
                    items.push(Item::Statement(self.statement(inner, std::mem::take(&mut docs))))
                }
                Rule::stray | Rule::stray_close => self.stray(&inner),
                _ => {}
            }
        }
        if !docs.is_empty() {
            self.report(report::dangling_doc(last_doc));
        }
        items
    }

    fn comment(&mut self, pair: &Pair<'_, Rule>) -> Comment {
        let span = self.span(pair);
        let before = self.source.get(..span.start as usize).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Comment {
            text: pair.as_str().trim_end().to_owned(),
            span,
            // A `;` by itself is nothing that a comment could stand behind.
            trailing: line
                .contains(|char: char| !char.is_whitespace() && char != ';' && char != MARK),
        }
    }

    fn stray(&mut self, pair: &Pair<'_, Rule>) {
        if are_enough(&self.found) {
            return;
        }
        let words = pair.as_str().split(['\n', '{']).next().unwrap_or_default().trim_end();
        let shown =
            if words.is_empty() { pair.as_str().get(..1).unwrap_or_default() } else { words };
        let start = pair.as_span().start();
        self.report(report::unexpected(Span::new(self.file, start, start + shown.len()), shown));
    }

    fn statement(&mut self, pair: Pair<'_, Rule>, docs: Vec<String>) -> Statement {
        let mut statement = Statement {
            docs,
            key: String::new(),
            key_span: self.span(&pair),
            args: Vec::new(),
            block: None,
        };
        for inner in pair.into_inner() {
            let span = self.span(&inner);
            match inner.as_rule() {
                Rule::key => {
                    statement.key = inner.as_str().to_owned();
                    statement.key_span = span;
                }
                Rule::block => statement.block = Some(self.block(inner)),
                Rule::again => self.again(span, statement.block.as_ref()),
                Rule::junk => self.junk(&inner),
                _ => {
                    // A comma behind a block: the list goes on, the block belongs to its entry.
                    if let Some(block) = statement.block.take() {
                        statement.args.push(Arg { span: block.span, value: Value::Block(block) });
                    }
                    let value = self.value(inner, span);
                    statement.args.push(Arg { value, span });
                }
            }
        }
        statement
    }

    fn junk(&mut self, pair: &Pair<'_, Rule>) {
        let words = pair.as_str().trim_end();
        let start = pair.as_span().start();
        self.report(report::after_block(Span::new(self.file, start, start + words.len()), words));
    }

    /// Only one of two blocks could count, and nobody would see which.
    fn again(&mut self, second: Span, first: Option<&Block>) {
        let first = first.map(|first| Span { end: first.span.start + 1, ..first.span });
        self.report(report::second_block(
            Span { end: second.start + 1, ..second },
            first.unwrap_or(second),
        ));
    }

    fn block(&mut self, pair: Pair<'_, Rule>) -> Block {
        let span = self.span(&pair);
        let closed = pair.as_str().ends_with('}')
            && pair.clone().into_inner().any(|inner| inner.as_rule() == Rule::close);
        let items = self.items(pair);
        if !closed {
            let opens = self.slipped.take().unwrap_or(span);
            self.report(report::unclosed_block(Span { end: opens.start + 1, ..opens }));
        } else if self.closes_outside(span) {
            self.slipped.get_or_insert(span);
        }
        Block { items, span, closed }
    }

    /// Does the line of a block's `}` begin further out than the line of its `{`? Then it was meant for
    /// another block.
    fn closes_outside(&self, span: Span) -> bool {
        let (Some(opens), Some(closes)) =
            (self.line_before(span.start), self.line_before(span.end.saturating_sub(1)))
        else {
            return false;
        };
        let depth = opens.len() - opens.trim_start().len();
        closes.trim().is_empty() && closes.len() < depth
    }

    /// What stands before a place on its line; `None` if that is much.
    fn line_before(&self, at: u32) -> Option<&str> {
        let end = at as usize;
        let near = self.source.as_bytes().get(end.saturating_sub(FAR)..end)?;
        let start = match near.iter().rposition(|byte| *byte == b'\n') {
            Some(line) => end - near.len() + line + 1,
            None if end <= FAR => 0,
            None => return None,
        };
        self.source.get(start..end)
    }

    fn value(&mut self, pair: Pair<'_, Rule>, span: Span) -> Value {
        let written = pair.as_str();
        match pair.as_rule() {
            Rule::comma => Value::Comma(Comma {
                newline: written.contains('\n'),
                comments: pair
                    .into_inner()
                    .map(|comment| comment.as_str().trim_end().to_owned())
                    .collect(),
            }),
            Rule::text => self.text(written, span),
            Rule::quantity => self.quantity(pair, span),
            Rule::path => Value::Path(written.to_owned()),
            Rule::methods => {
                Value::Methods(pair.into_inner().map(|method| method.as_str().to_owned()).collect())
            }
            Rule::name | Rule::capital => Value::Name(written.to_owned()),
            Rule::call => self.call(pair),
            Rule::operator => self.operator(written, span),
            Rule::open_string => self.bad(written, report::unclosed_string(span)),
            _ => self.bad(written, report::malformed(span, written)),
        }
    }

    fn bad(&mut self, written: &str, diagnostic: Diagnostic) -> Value {
        self.report(diagnostic);
        Value::Bad(written.to_owned())
    }

    fn text(&mut self, written: &str, span: Span) -> Value {
        let inner =
            written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
        match text::unescape(inner) {
            Ok(text) => Value::Text(text),
            Err(bad) => {
                let start = span.start as usize + 1 + bad.start;
                let at = Span::new(self.file, start, start + bad.len());
                let escape = inner.get(bad).unwrap_or_default().to_owned();
                self.bad(written, report::invalid_escape(at, &escape))
            }
        }
    }

    fn operator(&mut self, written: &str, span: Span) -> Value {
        match ["==", "!=", "<=", ">=", "<", ">"].into_iter().find(|known| *known == written) {
            Some(known) => Value::Operator(known),
            None => self.bad(written, report::single_equals(span)),
        }
    }

    fn quantity(&mut self, pair: Pair<'_, Rule>, span: Span) -> Value {
        let written = pair.as_str().to_owned();
        let mut ends = Vec::new();
        for number in pair.into_inner() {
            let at = self.span(&number);
            match literal::number(number.as_str()) {
                Ok(value) => ends.push(value),
                Err(problem) => {
                    return self
                        .bad(&written, report::malformed_number(at, number.as_str(), &problem));
                }
            }
        }
        match literal::joined(&written, &ends) {
            Ok(value) => value,
            Err(problem) => self.bad(&written, report::invalid_range(span, &written, &problem)),
        }
    }

    fn call(&mut self, pair: Pair<'_, Rule>) -> Value {
        let mut parts = pair.into_inner();
        let name = parts.next().map(|callee| callee.as_str().to_owned()).unwrap_or_default();
        let inputs =
            parts.next().map(|all| all.into_inner().collect::<Vec<_>>()).unwrap_or_default();
        let inputs = inputs.into_iter().map(|input| {
            let span = self.span(&input);
            Arg { value: self.value(input, span), span }
        });
        Value::Call { name, inputs: inputs.collect() }
    }
}
