//! Brings the values on both sides of a guardrail to one measure.

use super::words::Words;
use crate::lower::{codes, dialled, grpc_codes};
use crate::schema::Measure;
use crate::syntax::ast::{Number, Value};

/// The right side of a `require`.
#[derive(Debug)]
pub(super) enum Wanted {
    Presence,
    Bound(u128),
    /// `in`: any of these ranges.
    Ranges(Vec<(u128, u128)>),
    Words(Words),
}

/// The left side: what an upstream or route has.
#[derive(Debug)]
pub(super) enum Actual {
    Absent,
    Present,
    /// A time without an end.
    Endless,
    /// Nobody wrote it, and it lies between these all the same.
    Unwritten(u128, u128),
    /// From the least to the most it can be.
    Number(u128, u128),
    Word(String),
    List(Words),
}

/// Reads the right side; `None`: it is no such value.
pub(super) fn wanted(measure: Measure, operator: &str, values: &[&Value]) -> Option<Wanted> {
    if operator == "exists" {
        return values.is_empty().then_some(Wanted::Presence);
    }
    match (measure, operator, values) {
        (_, _, []) => None,
        (Measure::Presence, ..) => None,
        (Measure::Word, "==" | "!=", [_])
        | (Measure::Word, "in", _)
        | (Measure::List, "has" | "in", _) => {
            let words: Option<Vec<Vec<String>>> = values.iter().map(|value| words(value)).collect();
            Some(Wanted::Words(Words::new(words?.concat())))
        }
        (Measure::Place, "==" | "!=", [_]) | (Measure::Place, "in", _) => {
            let places: Option<Vec<Vec<String>>> = values.iter().map(|it| places(it)).collect();
            Some(Wanted::Words(Words::new(places?.concat())))
        }
        (Measure::Word | Measure::Place | Measure::List, ..) => None,
        (_, "in", _) => values
            .iter()
            .map(|value| range(measure, value))
            .collect::<Option<_>>()
            .map(Wanted::Ranges),
        (_, _, [Value::Number(number)]) => scalar(measure, *number).map(Wanted::Bound),
        _ => None,
    }
}

fn range(measure: Measure, value: &Value) -> Option<(u128, u128)> {
    match value {
        Value::Range(first, last) => Some((scalar(measure, *first)?, scalar(measure, *last)?)),
        Value::Number(only) => scalar(measure, *only).map(|only| (only, only)),
        _ => None,
    }
}

fn scalar(measure: Measure, number: Number) -> Option<u128> {
    match (measure, number) {
        (Measure::Integer, Number::Integer(value)) | (Measure::Size, Number::Size(value)) => {
            Some(u128::from(value))
        }
        (Measure::Duration, Number::Duration(value)) => Some(value.as_nanos()),
        (Measure::Percent, Number::Percent(value)) | (Measure::Factor, Number::Factor(value)) => {
            Some(u128::from(value))
        }
        (Measure::Rate, Number::Rate { count, per }) => {
            (u128::from(count) * 1_000_000_000).checked_div(u128::from(per.as_secs()))
        }
        _ => None,
    }
}

/// In the one spelling of it.
fn places(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Text(text) => Some(dialled(text)?.places()),
        _ => None,
    }
}

fn words(value: &Value) -> Option<Vec<String>> {
    Some(match value {
        Value::Name(word) => vec![word.clone()],
        Value::Text(text) => vec![text.to_ascii_lowercase()],
        Value::Methods(methods) => methods.clone(),
        other => match grpc_codes(other) {
            Some(codes) => codes.iter().map(ToString::to_string).collect(),
            None => vec![codes(other)?.to_string()],
        },
    })
}

/// Whether the demand is met. What does not exist breaks only `exists`.
pub(super) fn holds(value: &Actual, operator: &str, wanted: &Wanted) -> bool {
    match (value, wanted) {
        (Actual::Absent | Actual::Endless | Actual::Unwritten(..), Wanted::Presence) => false,
        (Actual::Absent, _) | (_, Wanted::Presence) => true,
        (Actual::Endless, _) => matches!(operator, ">" | ">=" | "!="),
        (Actual::Number(least, most) | Actual::Unwritten(least, most), Wanted::Bound(bound)) => {
            match operator {
                "==" => least == bound && most == bound,
                "!=" => bound < least || most < bound,
                "<" => most < bound,
                "<=" => most <= bound,
                ">" => least > bound,
                _ => least >= bound,
            }
        }
        (Actual::Number(least, most) | Actual::Unwritten(least, most), Wanted::Ranges(ranges)) => {
            ranges.iter().any(|(first, last)| first <= least && most <= last)
        }
        (Actual::Word(word), Wanted::Words(words)) => words.hold(word) == (operator != "!="),
        (Actual::List(list), Wanted::Words(words)) => match operator {
            "in" | "==" => words.hold_all(list),
            "!=" => !words.share(list),
            _ => list.hold_all(words),
        },
        _ => true,
    }
}
