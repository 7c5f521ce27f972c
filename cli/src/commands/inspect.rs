//! `amb inspect`: the policy inside a binary that is not run.

use std::fs;

use amb_codegen::embed;
use amb_policy_lang::plan::display;
use serde_json::Value;

use crate::args::{Format, Inspect};
use crate::console::Console;
use crate::failure::Failure;

pub(crate) fn run(args: &Inspect, console: &mut Console) -> Result<(), Failure> {
    let binary =
        fs::read(&args.binary).map_err(|error| Failure::unreadable(&args.binary, &error))?;
    let Some(document) = embed::find(&binary) else {
        let path = args.binary.display();
        return Err(Failure::Usage(format!("{path} holds no policy: amb did not build it")));
    };
    let policy: Value = serde_json::from_str(document)
        .map_err(|error| Failure::Internal(format!("the embedded policy is broken: {error}")))?;
    console.result(&match args.format {
        Format::Json => escaped(document),
        Format::Text => printable(&text(&policy)),
    });
    Ok(())
}

/// What could redraw a terminal, or turn the text around, as JSON writes it. Outside of its strings JSON has
/// nothing of that but blanks.
fn escaped(document: &str) -> String {
    let text = |char: char| match char {
        '\n' => "\n".to_owned(),
        '\t' | '\r' => " ".to_owned(),
        char if display::is_printable(char) => char.to_string(),
        char => format!("\\u{:04x}", u32::from(char)),
    };
    document.chars().map(text).collect()
}

/// The same of a text, line by line.
fn printable(text: &str) -> String {
    text.split_inclusive('\n').map(|line| display::printable(line) + "\n").collect()
}

fn text(policy: &Value) -> String {
    let field = |name: &str| policy.get(name).and_then(Value::as_str).unwrap_or_default();
    let inputs = policy.get("inputs").and_then(Value::as_array).map(Vec::as_slice);
    let inputs: String = inputs.unwrap_or_default().iter().map(input).collect();
    format!(
        "service    {}\nbuilt by   amb {}\ngenerated  sha256:{}\n{inputs}\n{}",
        field("service"),
        field("amb"),
        field("generated-sha256"),
        field("plan"),
    )
}

fn input(input: &Value) -> String {
    let field = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
    let intact = embed::sha256(field("text").as_bytes()) == field("sha256");
    let remark = if intact { "" } else { "  (the text inside is another one)" };
    format!("input      {}  sha256:{}{remark}\n", field("name"), field("sha256"))
}
