//! A route's filters as one type.
//!
//! It is printed by hand, with one filter on each line, in the order in which a call meets them.
//! prettyplease would indent each filter further than the one before.

use crate::calls::Calls;
use crate::parts::{Pipeline, Stage};

/// `type PaymentCharge = Trace<…>;`
pub(crate) fn pipeline(calls: &Calls<'_>, pipeline: &Pipeline) -> String {
    let name = &pipeline.name;
    let doc = wrapped(&format!("{}: what a call passes, in order.", title(calls)));
    match &pipeline.same_as {
        Some(others) => format!("{doc}type {name} = {others};\n"),
        None => format!("{doc}type {name} ={};\n", stages(&pipeline.stages)),
    }
}

/// As doc comments, at most 100 wide.
fn wrapped(text: &str) -> String {
    let mut lines = vec!["///".to_owned()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= 100 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("/// {word}")),
        }
    }
    lines.join("\n") + "\n"
}

fn title(calls: &Calls<'_>) -> String {
    let upstream = &calls.upstream.name;
    match calls.route {
        Some(route) => format!("Route `{}` of `{upstream}`", route.name),
        None => format!("Calls of `{upstream}` that no route matches"),
    }
}

fn stages(stages: &[Stage]) -> String {
    let open = stages.iter().map(|stage| match &stage.policy {
        Some(policy) => format!("\n    {}<{policy},", stage.filter.name()),
        // Without a policy of its own, nothing stands between it and what it wraps.
        None => format!(" {}<", stage.filter.name()),
    });
    let open = open.collect::<String>();
    format!("{}{}", open.trim_end_matches(','), ">".repeat(stages.len()))
}
