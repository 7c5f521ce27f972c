//! Literals as they are written. A value that was read prints so that it reads the same.

use super::ast::{Arg, Number, Value};
use crate::plan::display::{duration, quoted, size};
use crate::plan::{Percent, Rate};

/// One value, without the commas around it.
pub(crate) fn printed(value: &Value) -> String {
    match value {
        Value::Name(text) | Value::Path(text) | Value::Bad(text) => text.clone(),
        Value::Methods(methods) => methods.join("|"),
        Value::Text(text) => quoted(text),
        Value::Number(only) => number(*only),
        Value::Range(first, last) => format!("{}..{}", number(*first), number(*last)),
        Value::Call { name, inputs } => format!("{name}({})", all(inputs)),
        Value::Operator(operator) => (*operator).to_owned(),
        Value::Comma(_) | Value::Block(_) => String::new(),
    }
}

fn all(inputs: &[Arg]) -> String {
    inputs.iter().map(|input| printed(&input.value)).collect::<Vec<_>>().join(", ")
}

fn number(number: Number) -> String {
    match number {
        Number::Integer(value) => value.to_string(),
        Number::Duration(value) => duration(value),
        Number::Size(value) => size(value),
        Number::Percent(parts) => Percent(parts).to_string(),
        Number::Rate { count, per } => Rate { count, per }.to_string(),
        Number::Class(class) => format!("{class}xx"),
        Number::Factor(factor) => format!("{factor}x"),
    }
}
