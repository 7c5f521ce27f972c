//! Findings about single statements: keys, values, blocks.

use super::{Code, Diagnostic, nearest};
use crate::schema::Scope;
use crate::span::Span;

pub(crate) fn unknown_key(span: Span, key: &str, scope: Scope) -> Diagnostic {
    let found = Diagnostic::new(
        Code::UnknownKey,
        span,
        format!("{} has no setting `{key}`", scope.title()),
    );
    let nearest = nearest(key, crate::schema::keys(scope));
    found.meant(span, nearest).about(nearest)
}

/// A key that exists elsewhere.
pub(crate) fn misplaced_key(span: Span, key: &str, scope: Scope, known: &[Scope]) -> Diagnostic {
    let places: Vec<_> = known.iter().map(|scope| scope.title()).collect();
    Diagnostic::new(Code::MisplacedKey, span, format!("`{key}` cannot stand in {}", scope.title()))
        .help(format!("it belongs into {}", places.join(" or ")))
}

pub(crate) fn not_yet_supported(span: Span, words: &str) -> Diagnostic {
    Diagnostic::new(Code::NotYetSupported, span, format!("`{words}` is not yet supported"))
        .note("the language has it, but this version of the compiler does not carry it out")
}

pub(crate) fn missing_argument(span: Span, key: &str, expected: &str) -> Diagnostic {
    Diagnostic::new(Code::MissingArgument, span, format!("`{key}` is incomplete"))
        .here(format!("expected {expected} next"))
}

pub(crate) fn unexpected_argument(span: Span, key: &str, words: &str) -> Diagnostic {
    Diagnostic::new(Code::UnexpectedArgument, span, format!("`{words}` does not belong to `{key}`"))
        .here("the statement is complete before this")
}

/// Words that end in a key of their own: a line break was forgotten.
pub(crate) fn wrong_type(span: Span, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::new(Code::WrongType, span, format!("expected {expected}, found {found}"))
}

pub(crate) fn quote_it(span: Span, expected: &str, written: &str) -> Diagnostic {
    wrong_type(span, expected, &format!("`{written}`")).fix(
        "strings stand in quotes",
        span,
        format!("\"{written}\""),
    )
}

pub(crate) fn missing_unit(span: Span, number: u64, expected: &str, write: &str) -> Diagnostic {
    Diagnostic::new(Code::MissingUnit, span, format!("`{number}` has no unit"))
        .here(format!("expected {expected}"))
        .fix(format!("write `{write}`, if that is meant"), span, write)
}

pub(crate) fn unknown_word(span: Span, word: &str, known: &[&str]) -> Diagnostic {
    let found = Diagnostic::new(Code::UnknownWord, span, format!("`{word}` means nothing here"));
    match nearest(word, known.iter().copied()) {
        Some(name) => found.fix(format!("did you mean `{name}`?"), span, name),
        None => {
            let known: Vec<_> = known.iter().map(|word| format!("`{word}`")).collect();
            found.help(format!("known are {}", known.join(", ")))
        }
    }
}

/// Other programs write the codes in upper case, with underscores.
pub(crate) fn unknown_grpc_code(span: Span, written: &str, known: &[&str]) -> Diagnostic {
    let plain = written.to_ascii_lowercase().replace('_', "-");
    let meant = known.iter().copied().find(|code| *code == plain);
    match meant.or_else(|| nearest(&plain, known.iter().copied())) {
        Some(code) => Diagnostic::new(
            Code::UnknownWord,
            span,
            format!("gRPC has no code `{written}`"),
        )
        .fix(format!("did you mean `{code}`?"), span, code),
        None => unknown_word(span, written, known),
    }
}

pub(crate) fn out_of_range(span: Span, written: u64, least: u64, most: u64) -> Diagnostic {
    let found = Diagnostic::new(Code::OutOfRange, span, format!("`{written}` is out of range"));
    let found = found.here(format!("must lie between {least} and {most}"));
    let near = written.clamp(least, most);
    found.fix(format!("write `{near}`"), span, near.to_string())
}

pub(crate) fn rate_too_large(span: Span, most: u32) -> Diagnostic {
    Diagnostic::new(Code::OutOfRange, span, "this rate is out of range")
        .here(format!("must be at most {most}"))
        .help(format!("write `{most}/s`, or less"))
}

/// A duration or size of nothing.
pub(crate) fn zero(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::OutOfRange, span, format!("{what} of zero makes no sense"))
        .here("must be more than zero")
}

pub(crate) fn invalid_text(span: Span, text: &str, problem: &str) -> Diagnostic {
    Diagnostic::new(
        Code::InvalidText,
        span,
        format!("`\"{}\"` cannot be used", text.escape_debug()),
    )
    .here(problem.to_owned())
}

pub(crate) fn invalid_name(span: Span, name: &str) -> Diagnostic {
    let label: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let label = label.trim_matches('-').to_owned();
    let found = Diagnostic::new(Code::InvalidName, span, format!("`{name}` cannot be a name"))
        .here("names are DNS labels: lower case, digits and `-`, at most 63 characters");
    match label.len() {
        1..=63 if label != name => found.fix(format!("write `{label}`"), span, label),
        _ => found,
    }
}

pub(crate) fn reserved_name(span: Span, word: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidName, span, format!("`{word}` cannot be a name"))
        .here("it is a word of the language")
        .help("choose another name")
}

/// A word of the language where a name is meant.
pub(crate) fn no_name(span: Span, word: &str) -> Diagnostic {
    let found = Diagnostic::new(Code::UnknownWord, span, format!("`{word}` means nothing here"))
        .here("expected a name, and no name can be this word");
    match word {
        "off" => found.help("take the statement away; only a `total` can be `off` in `timeout`"),
        _ => found.help("take the word away"),
    }
}

pub(crate) fn invalid_path(span: Span, path: &str, problem: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidPath, span, format!("`{path}` is no path pattern"))
        .here(problem.to_owned())
}

pub(crate) fn missing_block(span: Span, key: &str) -> Diagnostic {
    Diagnostic::new(Code::MissingBlock, span, format!("`{key}` needs a block")).fix(
        "add one",
        span.after(),
        " {}",
    )
}

pub(crate) fn unexpected_block(span: Span, key: &str) -> Diagnostic {
    Diagnostic::new(Code::UnexpectedBlock, span, format!("`{key}` takes no block"))
}

/// `retry off { … }`: what is switched off has no settings.
pub(crate) fn block_of_nothing(span: Span, key: &str) -> Diagnostic {
    Diagnostic::new(Code::UnexpectedBlock, span, format!("`{key} off` takes no block"))
        .here("nothing in here can hold")
        .help(format!("leave `off` away, or end the statement with `{key} off`"))
}

pub(crate) fn duplicate_setting(span: Span, key: &str, first: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateSetting, span, format!("`{key}` is written twice in this block"))
        .here("again")
        .also(first, "first written here")
}

pub(crate) fn conflicting(span: Span, words: &str, other: Span, other_words: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ConflictingSettings,
        span,
        format!("`{words}` and `{other_words}` exclude each other"),
    )
    .also(other, "this one is written as well")
    .help("take one of them away")
}
