//! `expect`: what a trace shows, compared with what the author wrote.

use super::trace::{CallRecord, Trace};
use crate::plan::{CodeRange, Expect, ExpectValue, GrpcCode, Operator, Subject, display};

/// What was there to compare.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd)]
enum Actual {
    Number(u128),
    Text(String),
    Grpc(GrpcCode),
    /// A field that the request or response does not have.
    Missing,
}

/// `Err` says what was there instead.
pub(super) fn check(expect: &Expect, trace: &Trace) -> Result<(), String> {
    let actual = match expect.value {
        ExpectValue::Grpc(_) => grpc_status(trace),
        _ => actual(&expect.subject, trace),
    };
    if holds(&actual, expect) { Ok(()) } else { Err(shown(&actual, &expect.subject)) }
}

/// What gRPC says of the last answer, if that is one of gRPC.
fn grpc_status(trace: &Trace) -> Actual {
    match trace.calls.last() {
        Some(CallRecord { grpc: Some(code), .. }) => Actual::Grpc(*code),
        Some(call) => Actual::Number(call.status.into()),
        None => Actual::Missing,
    }
}

/// The statement as written.
pub(super) fn text(expect: &Expect) -> String {
    format!("{} {} {}", subject(&expect.subject), operator(expect.operator), value(&expect.value))
}

fn actual(subject: &Subject, trace: &Trace) -> Actual {
    let last = trace.calls.last();
    match subject {
        Subject::Status => number(last.map(|call| call.status)),
        Subject::Attempts => number(last.map(|call| call.attempts)),
        Subject::Elapsed => match last {
            Some(call) => Actual::Number(call.elapsed.as_millis()),
            None => Actual::Missing,
        },
        Subject::Route => match last {
            Some(call) => Actual::Text(call.route.clone().unwrap_or_else(|| call.upstream.clone())),
            None => Actual::Missing,
        },
        Subject::Breaker { upstream } => {
            let state = trace.breakers.get(upstream);
            Actual::Text(state.map_or_else(|| "closed".to_owned(), ToString::to_string))
        }
        Subject::Requests { upstream } => {
            Actual::Number(trace.requests.get(upstream).copied().unwrap_or_default().into())
        }
        Subject::Header(name) => field(last.map(|call| call.request.as_slice()), name),
        Subject::ResponseHeader(name) => field(last.map(|call| call.response.as_slice()), name),
    }
}

fn number<N: Into<u128>>(number: Option<N>) -> Actual {
    number.map_or(Actual::Missing, |number| Actual::Number(number.into()))
}

fn field(lines: Option<&[(String, String)]>, name: &str) -> Actual {
    let mut lines = lines.unwrap_or_default().iter();
    let line = lines.find(|(other, _)| other.eq_ignore_ascii_case(name));
    line.map_or(Actual::Missing, |(_, value)| Actual::Text(value.clone()))
}

fn holds(actual: &Actual, expect: &Expect) -> bool {
    let within = match (&expect.value, actual) {
        (ExpectValue::IntegerRange(first, last), Actual::Number(number)) => {
            (u128::from(*first)..=u128::from(*last)).contains(number)
        }
        (ExpectValue::DurationRange(first, last), Actual::Number(number)) => {
            (first.as_millis()..=last.as_millis()).contains(number)
        }
        (ExpectValue::Statuses(codes), Actual::Number(number)) => is_listed(codes, *number),
        (ExpectValue::Grpc(codes), Actual::Grpc(code)) => codes.contains(code),
        (ExpectValue::Grpc(_), _) => false,
        _ => return compare(actual, expect.operator, &expect.value),
    };
    within != (expect.operator == Operator::NotEqual)
}

fn is_listed(codes: &[CodeRange], number: u128) -> bool {
    codes.iter().any(|codes| u16::try_from(number).is_ok_and(|status| codes.contains(status)))
}

fn compare(actual: &Actual, operator: Operator, value: &ExpectValue) -> bool {
    let wanted = match value {
        ExpectValue::Integer(number) => Actual::Number((*number).into()),
        ExpectValue::Duration(time) => Actual::Number(time.as_millis()),
        ExpectValue::Name(text) | ExpectValue::Text(text) => Actual::Text(text.clone()),
        _ => return false,
    };
    match operator {
        Operator::Equal | Operator::In => *actual == wanted,
        Operator::NotEqual => *actual != wanted,
        Operator::Less => *actual < wanted,
        Operator::LessOrEqual => *actual <= wanted,
        Operator::Greater => *actual > wanted,
        Operator::GreaterOrEqual => *actual >= wanted,
    }
}

fn shown(actual: &Actual, subject: &Subject) -> String {
    match (actual, subject) {
        (Actual::Missing, _) => "nothing".to_owned(),
        (Actual::Number(number), Subject::Elapsed) => format!("{number}ms"),
        (Actual::Number(number), _) => number.to_string(),
        (Actual::Text(text), Subject::Header(_) | Subject::ResponseHeader(_)) => {
            display::quoted(text)
        }
        (Actual::Text(text), _) => text.clone(),
        (Actual::Grpc(code), _) => code.to_string(),
    }
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Status => "status".to_owned(),
        Subject::Attempts => "attempts".to_owned(),
        Subject::Elapsed => "elapsed".to_owned(),
        Subject::Route => "route".to_owned(),
        Subject::Breaker { upstream } => format!("{upstream}.breaker"),
        Subject::Requests { upstream } => format!("{upstream}.requests"),
        Subject::Header(name) => format!("header({})", display::quoted(name)),
        Subject::ResponseHeader(name) => format!("response.header({})", display::quoted(name)),
    }
}

const fn operator(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "==",
        Operator::NotEqual => "!=",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::In => "in",
    }
}

fn value(value: &ExpectValue) -> String {
    match value {
        ExpectValue::Integer(number) => number.to_string(),
        ExpectValue::Duration(time) => display::duration(*time),
        ExpectValue::Name(name) => name.clone(),
        ExpectValue::Text(text) => display::quoted(text),
        ExpectValue::IntegerRange(first, last) => format!("{first}..{last}"),
        ExpectValue::DurationRange(first, last) => {
            format!("{}..{}", display::duration(*first), display::duration(*last))
        }
        ExpectValue::Statuses(codes) => display::list(codes),
        ExpectValue::Grpc(codes) => display::list(codes),
    }
}
