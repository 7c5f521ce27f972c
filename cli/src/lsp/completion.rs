//! What may be written at the cursor, from the table of settings: keys of the block, words of
//! a setting, and names of what is defined.

use std::collections::BTreeMap;

use amb_policy_lang::Span;
use amb_policy_lang::index::{expected, kind_of_name};
use amb_policy_lang::plan::GRPC_CODES;
use amb_policy_lang::schema::{self, Kind, Row};
use amb_policy_lang::syntax::ast::{Arg, Statement, Value};
use amb_policy_lang::syntax::parse;
use gen_lsp_types::{CompletionItem, CompletionItemKind, Documentation, Range, TextEdit};

use super::context::{At, Context, split};
use super::position;
use super::workspace::Cursor;

/// RFC 9110 §9.3, and PATCH of RFC 5789.
const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"];

pub(crate) fn completion(cursor: &Cursor<'_>) -> Vec<CompletionItem> {
    let (tree, _) = parse(0, cursor.text);
    let context = Context::new(&tree, cursor.text, cursor.offset);
    match context.at {
        At::Comment => Vec::new(),
        At::Key(statement) => keys(cursor, &context, statement),
        At::Argument(statement) => arguments(cursor, &context, statement),
    }
}

/// The settings of this block that are not written yet.
fn keys(
    cursor: &Cursor<'_>,
    context: &Context<'_>,
    statement: Option<&Statement>,
) -> Vec<CompletionItem> {
    let rows = schema::rows().filter(|row| row.scopes.contains(&context.scope) && row.supported);
    let open = rows.filter(|row| row.repeats || !context.wrote(row.key, statement));
    let range = range(cursor, statement.map(|statement| statement.key_span));
    open.map(|row| key(row, range)).collect()
}

fn key(row: &Row, range: Range) -> CompletionItem {
    let default = Some(row.default.text()).filter(|default| !default.is_empty());
    let default = default.map(|default| format!("\nDefault: {default}"));
    let doc = format!("{}{}", row.doc, default.unwrap_or_default());
    CompletionItem {
        detail: Some(row.usage()),
        documentation: Some(Documentation::String(doc)),
        ..item(row.key, CompletionItemKind::Property, range)
    }
}

fn arguments(
    cursor: &Cursor<'_>,
    context: &Context<'_>,
    statement: &Statement,
) -> Vec<CompletionItem> {
    let Some(row) = context.row(statement) else { return Vec::new() };
    let (before, partial) = split(statement, cursor.offset);
    if partial.is_some_and(|arg| matches!(arg.value, Value::Text(_) | Value::Path(_))) {
        return Vec::new();
    }
    let range = range(cursor, partial.map(|arg| arg.span));
    let mut words: BTreeMap<String, CompletionItemKind> = BTreeMap::new();
    for kind in expected(row, before) {
        words.extend(choices(cursor, row, before, kind));
    }
    words.into_iter().map(|(word, kind)| item(&word, kind, range)).collect()
}

type Choices = Vec<(String, CompletionItemKind)>;

/// What can be written for an argument of that kind, where that can be listed.
fn choices(cursor: &Cursor<'_>, row: &Row, before: &[Arg], kind: &Kind) -> Choices {
    let of = |kind: CompletionItemKind, words: &[&str]| {
        words.iter().map(|word| ((*word).to_owned(), kind)).collect()
    };
    match kind {
        Kind::Word(word) => of(CompletionItemKind::Keyword, &[word]),
        Kind::Choice(words) => of(CompletionItemKind::EnumMember, words),
        Kind::Method | Kind::Methods => of(CompletionItemKind::EnumMember, &METHODS),
        Kind::GrpcCall => of(CompletionItemKind::EnumMember, &["GRPC"]),
        Kind::GrpcFailures => grpc_codes().filter(|(code, _)| code != "grpc(ok)").collect(),
        Kind::GrpcStatus => grpc_codes().collect(),
        Kind::Equals => of(CompletionItemKind::Operator, &["=="]),
        Kind::Header => of(CompletionItemKind::Function, &["header(\"\")"]),
        Kind::Operator => of(CompletionItemKind::Operator, operators(before)),
        Kind::Literal => literals(cursor, before),
        Kind::Path => {
            schema::paths().map(|path| (path.text, CompletionItemKind::Property)).collect()
        }
        Kind::Name => names(cursor, row, before),
        Kind::Subject => subjects(cursor),
        _ => Vec::new(),
    }
}

fn names(cursor: &Cursor<'_>, row: &Row, before: &[Arg]) -> Choices {
    let direction = before.first().and_then(word);
    let Some(kind) = kind_of_name(row.key, direction) else { return Vec::new() };
    named(cursor, kind)
}

fn named(cursor: &Cursor<'_>, kind: &str) -> Choices {
    let names = cursor.view.index.names(cursor.file, kind).into_iter();
    names.map(|name| (name.to_owned(), CompletionItemKind::Reference)).collect()
}

/// The operators that fit a guardrail's path, or what a test looks at.
fn operators(before: &[Arg]) -> &'static [&'static str] {
    let path = before.first().and_then(word).and_then(schema::path);
    path.map_or(&["==", "!=", "<", "<=", ">", ">=", "in"], |path| path.measure.operators())
}

/// Words that a guardrail's path, or what a test looks at, can be compared with.
fn literals(cursor: &Cursor<'_>, before: &[Arg]) -> Choices {
    let Some(compared) = before.first().and_then(word) else { return Vec::new() };
    if compared == "status" {
        return grpc_codes().collect();
    }
    if compared == "route" {
        return [named(cursor, "route"), named(cursor, "upstream")].concat();
    }
    let states: &[&str] =
        if compared.ends_with(".breaker") { &["closed", "open", "half-open"] } else { &[] };
    states.iter().map(|state| ((*state).to_owned(), CompletionItemKind::EnumMember)).collect()
}

/// `grpc(unavailable)` and its like.
fn grpc_codes() -> impl Iterator<Item = (String, CompletionItemKind)> {
    GRPC_CODES.into_iter().map(|code| (code.to_string(), CompletionItemKind::EnumMember))
}

/// What a test can look at.
fn subjects(cursor: &Cursor<'_>) -> Choices {
    let plain = ["status", "attempts", "elapsed", "route", "header(\"\")", "response.header(\"\")"];
    let upstreams = cursor.view.index.names(cursor.file, "upstream").into_iter();
    let figures =
        upstreams.flat_map(|name| [format!("{name}.breaker"), format!("{name}.requests")]);
    let all = plain.into_iter().map(str::to_owned).chain(figures);
    all.map(|subject| (subject, CompletionItemKind::Variable)).collect()
}

fn word(arg: &Arg) -> Option<&str> {
    match &arg.value {
        Value::Name(word) => Some(word),
        _ => None,
    }
}

/// The word that has been begun, or nothing at the cursor.
fn range(cursor: &Cursor<'_>, begun: Option<Span>) -> Range {
    let here = Span { file: 0, start: cursor.offset, end: cursor.offset };
    position::range(cursor.text, begun.unwrap_or(here))
}

fn item(label: &str, kind: CompletionItemKind, range: Range) -> CompletionItem {
    CompletionItem {
        label: label.to_owned(),
        kind: Some(kind),
        text_edit: Some(TextEdit::new(range, label.to_owned()).into()),
        ..CompletionItem::default()
    }
}
