//! Fits the arguments of a statement to the shape of its row.
//!
//! Alternatives are tried in order. If none fits, the one that came furthest says what is wrong, and
//! those that failed at the same place say together what was expected.

use crate::diagnostics::{Code, Diagnostic, nearest, setting as report};
use crate::schema::{self, Kind, RESERVED, Row, Shape};
use crate::span::Span;
use crate::syntax::ast::{Arg, Number, Statement, Value};

use super::{grpc, text};

/// The largest number in a rate. What it comes to in the window of a budget has room in 32 bits.
const MOST_A_RATE: u32 = 1_000_000;

/// Why arguments do not fit.
struct Miss {
    /// The argument at which it stopped.
    at: usize,
    expected: Vec<String>,
    /// Words that would have fitted, for a suggestion.
    words: Vec<&'static str>,
    /// Something better to say than "expected …".
    told: Option<Box<Diagnostic>>,
}

type Fitted = Result<usize, Miss>;

/// The first thing that is wrong with the arguments, if something is.
pub(super) fn fit(row: &Row, statement: &Statement) -> Option<Diagnostic> {
    let args = statement.args.as_slice();
    if args.iter().any(|arg| matches!(arg.value, Value::Bad(_))) {
        // Reported already, and what follows from it would only confuse.
        return None;
    }
    match shape(&row.shape, args, 0) {
        Ok(end) => args.get(end).map(|extra| unexpected(extra, row)),
        Err(miss) => Some(explain(miss, row, statement)),
    }
}

/// An argument too many; if it is a key, what parts two statements is missing.
fn unexpected(extra: &Arg, row: &Row) -> Diagnostic {
    let found = report::unexpected_argument(extra.span, row.key, &words(extra));
    match &extra.value {
        Value::Name(word) if schema::scopes(word).next().is_some() => {
            found.help(format!("start a new line, or write `;`, if `{word}` is a statement"))
        }
        _ => found,
    }
}

fn explain(miss: Miss, row: &Row, statement: &Statement) -> Diagnostic {
    if let Some(told) = miss.told {
        return match told.code == Code::NotYetSupported && !miss.words.is_empty() {
            true => told.help(format!("today it can be `{}`", miss.words.join("`, `"))),
            false => *told,
        };
    }
    let expected = alternatives(&miss.expected);
    match statement.args.get(miss.at) {
        None => report::missing_argument(statement.head().after(), row.key, &expected),
        Some(arg) => mismatch(arg, &expected, &miss),
    }
}

fn mismatch(arg: &Arg, expected: &str, miss: &Miss) -> Diagnostic {
    let Value::Name(word) = &arg.value else {
        return report::wrong_type(arg.span, expected, &noun(&arg.value));
    };
    let quotable = expected.contains("in quotes") || expected.contains("a string");
    let slip = nearest(word, miss.words.iter().copied()).is_some();
    match (miss.words.is_empty(), quotable) {
        (false, false) => report::unknown_word(arg.span, word, &miss.words),
        (false, true) if slip => report::unknown_word(arg.span, word, &miss.words),
        (_, true) => report::quote_it(arg.span, expected, word),
        _ => report::wrong_type(arg.span, expected, &noun(&arg.value)),
    }
}

fn alternatives(expected: &[String]) -> String {
    match expected {
        [] => "a value".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn shape(shape_: &Shape, args: &[Arg], at: usize) -> Fitted {
    match shape_ {
        Shape::Nothing => Ok(at),
        Shape::One(kind) => one(kind, args, at),
        Shape::Seq(parts) => parts.iter().try_fold(at, |at, part| shape(part, args, at)),
        Shape::Opt(inner) => optional(inner, args, at),
        Shape::Either(choices) => either(choices, args, at),
        Shape::List(entry) => list(entry, args, at),
        Shape::Many(entry) => many(entry, args, at),
    }
}

/// Something optional may be left out. If it has begun, it must be complete.
fn optional(inner: &Shape, args: &[Arg], at: usize) -> Fitted {
    match args.get(at) {
        None | Some(Arg { value: Value::Comma(_), .. }) => Ok(at),
        Some(arg) => match shape(inner, args, at) {
            Err(miss)
                if miss.at == at
                    && miss.told.is_none()
                    && !meant(&miss, arg)
                    && !only(inner, args, at) =>
            {
                Ok(at)
            }
            fitted => fitted,
        },
    }
}

/// A wrong word where another word was possible is probably a slip of the hand.
fn meant(miss: &Miss, arg: &Arg) -> bool {
    !miss.words.is_empty() && matches!(arg.value, Value::Name(_))
}

/// If one argument is left and something optional is missing, it was probably meant to be that.
fn only(inner: &Shape, args: &[Arg], at: usize) -> bool {
    matches!(inner, Shape::Either(_)) && at + 1 == args.len()
}

fn many(entry: &Shape, args: &[Arg], mut at: usize) -> Fitted {
    while args.get(at).is_some() {
        at = shape(entry, args, at)?;
    }
    Ok(at)
}

fn list(entry: &Shape, args: &[Arg], at: usize) -> Fitted {
    let mut at = shape(entry, args, at)?;
    while matches!(args.get(at), Some(Arg { value: Value::Comma(_), .. })) {
        at = shape(entry, args, at + 1)?;
    }
    Ok(at)
}

fn either(choices: &[Shape], args: &[Arg], at: usize) -> Fitted {
    let mut best: Option<Miss> = None;
    for choice in choices {
        let miss = match shape(choice, args, at) {
            Ok(end) => return Ok(end),
            Err(miss) => miss,
        };
        best = Some(match best {
            Some(best) => further(best, miss),
            None => miss,
        });
    }
    best.map_or(Ok(at), Err)
}

fn further(mut best: Miss, mut miss: Miss) -> Miss {
    if miss.at != best.at {
        return if miss.at > best.at { miss } else { best };
    }
    match (&best.told, &miss.told) {
        (Some(_), _) => {
            best.words.extend(miss.words);
            best
        }
        (None, Some(_)) => {
            miss.words.extend(best.words);
            miss
        }
        (None, None) => {
            best.words.extend(miss.words);
            for expected in miss.expected {
                if !expected.is_empty() && !best.expected.contains(&expected) {
                    best.expected.push(expected);
                }
            }
            best
        }
    }
}

fn one(kind: &Kind, args: &[Arg], at: usize) -> Fitted {
    let told = match args.get(at) {
        None => None,
        Some(arg) => match judge(kind, arg) {
            Judged::Fits => return Ok(at + 1),
            Judged::Other => None,
            Judged::Wrong(told) => Some(told),
        },
    };
    let words = match kind {
        Kind::Word(word) => vec![*word],
        Kind::Choice(words) => words.to_vec(),
        Kind::Later(words) if told.is_none() => words.to_vec(),
        _ => Vec::new(),
    };
    Err(Miss {
        at,
        expected: Some(kind.noun()).filter(|noun| !noun.is_empty()).into_iter().collect(),
        words,
        told,
    })
}

/// Is it of that kind, right or not?
pub(crate) fn plausible(kind: &Kind, arg: &Arg) -> bool {
    !matches!(judge(kind, arg), Judged::Other)
}

enum Judged {
    Fits,
    /// Of another kind.
    Other,
    /// Of this kind, but not right.
    Wrong(Box<Diagnostic>),
}

impl From<bool> for Judged {
    fn from(fits: bool) -> Self {
        if fits { Self::Fits } else { Self::Other }
    }
}

fn wrong(diagnostic: Diagnostic) -> Judged {
    Judged::Wrong(Box::new(diagnostic))
}

fn judge(kind: &Kind, arg: &Arg) -> Judged {
    let span = arg.span;
    match (kind, &arg.value) {
        (Kind::Word(word), Value::Name(name)) => (name == word).into(),
        (Kind::Choice(words), Value::Name(name)) => words.contains(&name.as_str()).into(),
        (Kind::Later(words), Value::Name(name) | Value::Call { name, .. })
            if words.contains(&name.as_str()) =>
        {
            wrong(report::not_yet_supported(span, name))
        }
        (Kind::Path, Value::Name(_)) => Judged::Fits,
        (Kind::Name | Kind::NewName, Value::Name(written)) => name(kind, written, span),
        (Kind::NewName, Value::Methods(names)) => {
            wrong(report::invalid_name(span, &names.join("-")))
        }
        (Kind::Text(text), Value::Text(written)) => match text::problem(*text, written) {
            None => Judged::Fits,
            Some(problem) => wrong(report::invalid_text(span, written, problem)),
        },
        (Kind::Methods, Value::Methods(_)) => Judged::Fits,
        (Kind::Method, Value::Methods(methods)) => match methods.as_slice() {
            [grpc] if grpc == "GRPC" => Judged::Other,
            [_] => Judged::Fits,
            _ => wrong(report::wrong_type(span, "one method", "several")),
        },
        (Kind::GrpcCall, Value::Methods(methods)) => (methods.as_slice() == ["GRPC"]).into(),
        (Kind::GrpcFailures, Value::Call { name, inputs }) if name == "grpc" => {
            grpc::failures(span, inputs).map_or(Judged::Fits, wrong)
        }
        (Kind::GrpcStatus, Value::Call { name, inputs }) if name == "grpc" => {
            grpc::status(span, inputs).map_or(Judged::Fits, wrong)
        }
        (Kind::Literal, Value::Call { name, inputs }) if name == "grpc" => {
            grpc::any(span, inputs).map_or(Judged::Fits, wrong)
        }
        (Kind::Pattern, Value::Path(path)) => match text::pattern_problem(path) {
            None => Judged::Fits,
            Some(problem) => wrong(report::invalid_path(span, path, &problem)),
        },
        (Kind::Target, Value::Path(_)) | (Kind::Block(_), Value::Block(_)) => Judged::Fits,
        (Kind::Equals, Value::Operator(operator)) => (*operator == "==").into(),
        (Kind::Operator, Value::Operator(_)) => Judged::Fits,
        (Kind::Operator, Value::Name(word)) => matches!(word.as_str(), "in" | "has").into(),
        (Kind::Header, Value::Call { name, inputs }) if name == "header" => header(span, inputs),
        (Kind::Subject, Value::Name(_)) => Judged::Fits,
        (Kind::Subject, Value::Call { name, inputs })
            if name == "header" || name == "response.header" =>
        {
            header(span, inputs)
        }
        (Kind::Literal, value) => {
            (!matches!(value, Value::Comma(_) | Value::Operator(_) | Value::Block(_))).into()
        }
        (_, Value::Number(number)) => number_fits(kind, *number, span),
        (_, Value::Range(first, last)) => range_fits(kind, *first, *last, span),
        _ => Judged::Other,
    }
}

/// The name of something, or of something new.
fn name(kind: &Kind, written: &str, span: Span) -> Judged {
    match (kind, RESERVED.contains(&written)) {
        (Kind::NewName, true) => wrong(report::reserved_name(span, written)),
        (_, true) => wrong(report::no_name(span, written)),
        (Kind::NewName, false) => {
            judged(text::label(written), || report::invalid_name(span, written))
        }
        (_, false) => Judged::Fits,
    }
}

fn judged(fits: bool, diagnostic: impl FnOnce() -> Diagnostic) -> Judged {
    if fits { Judged::Fits } else { wrong(diagnostic()) }
}

fn header(span: Span, inputs: &[Arg]) -> Judged {
    match inputs {
        [Arg { value: Value::Text(name), span }] => match text::header_name_problem(name) {
            None => Judged::Fits,
            Some(problem) => wrong(report::invalid_text(*span, name, problem)),
        },
        _ => wrong(report::wrong_type(
            span,
            "`header(\"name\")`",
            "something else in the parentheses",
        )),
    }
}

fn number_fits(kind: &Kind, number: Number, span: Span) -> Judged {
    match (kind, number) {
        (Kind::Duration, Number::Duration(duration)) => {
            judged(!duration.is_zero(), || report::zero(span, "a duration"))
        }
        (Kind::Duration | Kind::Durations, Number::Integer(bare)) => {
            wrong(report::missing_unit(span, bare, "a duration", &format!("{bare}s")))
        }
        (Kind::Size, Number::Size(_)) | (Kind::Percent, Number::Percent(_)) => Judged::Fits,
        (Kind::Size, Number::Integer(bare)) => {
            wrong(report::missing_unit(span, bare, "a size", &format!("{bare}B")))
        }
        (Kind::Percent, Number::Integer(bare)) => {
            wrong(report::missing_unit(span, bare, "a share in percent", &format!("{bare}%")))
        }
        (Kind::Rate, Number::Rate { count, .. }) => {
            judged(count <= MOST_A_RATE, || report::rate_too_large(span, MOST_A_RATE))
        }
        (Kind::Rate, Number::Integer(bare)) => {
            wrong(report::missing_unit(span, bare, "a rate", &format!("{bare}/s")))
        }
        (Kind::Integer { least, most }, Number::Integer(value)) => {
            judged((*least..=*most).contains(&value), || {
                report::out_of_range(span, value, *least, *most)
            })
        }
        (Kind::Ports, Number::Integer(port)) => {
            judged(port_fits(port), || report::out_of_range(span, port, 1, 65_535))
        }
        (Kind::Codes, Number::Class(_)) => Judged::Fits,
        (Kind::Codes, Number::Integer(code)) => {
            judged(code_fits(code), || report::out_of_range(span, code, 100, 599))
        }
        (Kind::Status, Number::Integer(code)) => {
            judged((200..=599).contains(&code), || report::out_of_range(span, code, 200, 599))
        }
        _ => Judged::Other,
    }
}

fn range_fits(kind: &Kind, first: Number, last: Number, span: Span) -> Judged {
    match (kind, first, last) {
        (Kind::Durations, Number::Duration(first), Number::Duration(_)) => {
            judged(!first.is_zero(), || report::zero(span, "a duration"))
        }
        (Kind::Durations, Number::Integer(first), Number::Integer(_)) => {
            wrong(report::missing_unit(span, first, "a range of durations", &format!("{first}s")))
        }
        (Kind::Ports, Number::Integer(first), Number::Integer(last)) => {
            let odd = [first, last].into_iter().find(|port| !port_fits(*port));
            odd.map_or(Judged::Fits, |port| wrong(report::out_of_range(span, port, 1, 65_535)))
        }
        (Kind::Codes, Number::Integer(first), Number::Integer(last)) => {
            let odd = [first, last].into_iter().find(|code| !code_fits(*code));
            odd.map_or(Judged::Fits, |code| wrong(report::out_of_range(span, code, 100, 599)))
        }
        _ => Judged::Other,
    }
}

fn port_fits(port: u64) -> bool {
    (1..=65_535).contains(&port)
}

fn code_fits(code: u64) -> bool {
    (100..=599).contains(&code)
}

fn words(arg: &Arg) -> String {
    match &arg.value {
        Value::Name(name) | Value::Path(name) | Value::Bad(name) => name.clone(),
        Value::Text(text) => format!("\"{text}\""),
        Value::Methods(methods) => methods.join("|"),
        Value::Call { name, .. } => format!("{name}(…)"),
        Value::Operator(operator) => (*operator).to_owned(),
        Value::Comma(_) => ",".to_owned(),
        Value::Block(_) => "{".to_owned(),
        Value::Number(_) | Value::Range(..) => "this number".to_owned(),
    }
}

/// As diagnostics name what was found.
fn noun(value: &Value) -> String {
    let kind = match value {
        Value::Name(name) => return format!("`{name}`"),
        Value::Path(path) => return format!("the path `{path}`"),
        Value::Methods(methods) => return format!("the method `{}`", methods.join("|")),
        Value::Operator(operator) => return format!("`{operator}`"),
        Value::Call { name, .. } => return format!("`{name}(…)`"),
        Value::Text(_) => "a string",
        Value::Number(number) => number_noun(*number),
        Value::Range(..) => "a range",
        Value::Comma(_) => "a comma",
        Value::Block(_) => "a block",
        Value::Bad(_) => "something unreadable",
    };
    kind.to_owned()
}

const fn number_noun(number: Number) -> &'static str {
    match number {
        Number::Integer(_) => "an integer",
        Number::Duration(_) => "a duration",
        Number::Size(_) => "a size",
        Number::Percent(_) => "a share in percent",
        Number::Rate { .. } => "a rate",
        Number::Class(_) => "a class of statuses",
        Number::Factor(_) => "a factor",
    }
}
