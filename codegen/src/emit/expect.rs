//! The text of an expectation, for the message of a test that fails.

use amb_policy_lang::plan::{Expect, ExpectValue, Operator, Subject, display};

/// `status == 201`, as the author wrote it.
pub(crate) fn text(expect: &Expect) -> String {
    format!("{} {} {}", subject(&expect.subject), operator(expect.operator), value(&expect.value))
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

fn operator(operator: Operator) -> &'static str {
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
        ExpectValue::Integer(integer) => integer.to_string(),
        ExpectValue::Duration(duration) => display::duration(*duration),
        ExpectValue::Name(name) => name.clone(),
        ExpectValue::Text(text) => display::quoted(text),
        ExpectValue::IntegerRange(first, last) => format!("{first}..{last}"),
        ExpectValue::DurationRange(first, last) => {
            format!("{}..{}", display::duration(*first), display::duration(*last))
        }
        ExpectValue::Statuses(ranges) => display::list(ranges),
        ExpectValue::Grpc(codes) => display::list(codes),
    }
}
