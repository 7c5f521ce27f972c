//! Writes the TextMate grammar from the table of settings.

use std::collections::BTreeSet;

use amb_policy_lang::schema::{Body, Kind, Row, Shape, rows};
use serde_json::{Map, Value, json};

const HEAD: &str = "Written by `cargo xtask bless`.";

/// The whole file.
pub(crate) fn grammar() -> String {
    let grammar = json!({
        "information_for_contributors": [HEAD],
        "name": "Ambassador policy",
        "scopeName": "source.amb",
        "fileTypes": ["amb"],
        "patterns": patterns(),
    });
    serde_json::to_string_pretty(&grammar).unwrap() + "\n"
}

/// Of two that match at one place the first wins.
fn patterns() -> Vec<Value> {
    let blocks = keys(|row| row.body != Body::Never);
    let defining = keys(|row| defines(&row.shape));
    let plain = keys(|row| row.body == Body::Never);
    let words: BTreeSet<&str> = rows().flat_map(|row| words(&row.shape)).collect();
    vec![
        simple("comment.line.documentation.amb", "##(?!#).*$"),
        simple("comment.line.number-sign.amb", "#.*$"),
        string(),
        statement(
            &format!(
                r"({})(\s+(?:request|response))?\s+(?!off\b|deadline\b)([a-z][\w.-]*)",
                any(&defining)
            ),
            &[
                (2, "keyword.control.amb"),
                (3, "constant.language.amb"),
                (4, "entity.name.type.amb"),
            ],
        ),
        statement(&format!("({})", any(&blocks)), &[(2, "keyword.control.amb")]),
        statement(&format!("({})", any(&plain)), &[(2, "support.type.property-name.amb")]),
        simple("string.unquoted.path.amb", r#"(?<![\w.-])/(?:\{[\w*-]*\}|[^\s,;{}#"])*"#),
        grouped(
            r"(?:(?<![\w.-])|(?<=\.\.))(\d[\d_]*(?:\.\d+)?)(ms|s|m|h|B|[KMG]iB|%|/[smh]|xx|x)?(?![A-Za-z0-9_%])",
            &[(1, "constant.numeric.amb"), (2, "constant.numeric.unit.amb")],
        ),
        simple("support.function.amb", r"(?<![\w.-])[a-z][\w-]*(?:\.[a-z][\w-]*)*(?=\()"),
        simple(
            "support.constant.method.amb",
            r"(?<![\w.-])[A-Z][A-Z0-9_-]*(?:\|[A-Z][A-Z0-9_-]*)*(?![\w.-])",
        ),
        simple("constant.language.amb", &format!(r"(?<![\w.-])(?:{})(?![\w.-])", any(&words))),
        simple("variable.other.amb", r"[A-Za-z][\w.-]*"),
        simple("keyword.operator.amb", r"[=!<>]=|[<>=]|\.\."),
        simple("punctuation.amb", r"[{}(),;|]"),
    ]
}

fn string() -> Value {
    json!({
        "name": "string.quoted.double.amb",
        "begin": "\"",
        "end": "\"|$",
        "patterns": [
            simple("constant.character.escape.amb", r#"\\(?:["\\n]|u\{[0-9A-Fa-f]{1,6}\})"#),
            simple("invalid.illegal.escape.amb", r"\\."),
        ],
    })
}

/// At the start of a line or of a statement; what is before it is group 1.
fn statement(key: &str, groups: &[(usize, &str)]) -> Value {
    let mut all = vec![(1, "punctuation.amb")];
    all.extend(groups);
    grouped(&format!(r"(?:^|([{{;]))\s*{key}(?![\w.(-])"), &all)
}

fn simple(scope: &str, pattern: &str) -> Value {
    json!({"name": scope, "match": pattern})
}

fn grouped(pattern: &str, groups: &[(usize, &str)]) -> Value {
    let captures: Map<String, Value> =
        groups.iter().map(|(number, scope)| (number.to_string(), json!({"name": scope}))).collect();
    json!({"match": pattern, "captures": captures})
}

fn keys(wanted: impl Fn(&Row) -> bool) -> BTreeSet<&'static str> {
    rows().filter(|row| wanted(row)).map(|row| row.key).collect()
}

/// Longer words first: an engine takes the first alternative that fits.
fn any(words: &BTreeSet<&str>) -> String {
    let mut words: Vec<_> = words.iter().map(|word| word.replace('.', r"\.")).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.join("|")
}

/// Does a name stand behind the key?
fn defines(shape: &Shape) -> bool {
    match shape {
        Shape::One(kind) => matches!(kind, Kind::NewName | Kind::Name),
        Shape::Seq([Shape::One(Kind::Choice(_)), rest @ ..]) => rest.first().is_some_and(defines),
        Shape::Seq(parts) => parts.first().is_some_and(defines),
        Shape::Opt(inner) => defines(inner),
        Shape::Either(choices) => choices.iter().any(defines),
        Shape::Nothing | Shape::List(_) | Shape::Many(_) => false,
    }
}

/// The words that the language itself has for values.
fn words(shape: &Shape) -> Vec<&'static str> {
    match shape {
        Shape::One(Kind::Word(word)) => vec![word],
        Shape::One(Kind::Choice(words) | Kind::Later(words)) => words.to_vec(),
        Shape::Nothing | Shape::One(_) => Vec::new(),
        Shape::Seq(parts) | Shape::Either(parts) => parts.iter().flat_map(words).collect(),
        Shape::Opt(inner) | Shape::List(inner) | Shape::Many(inner) => words(inner),
    }
}
