//! A route's filters as one type.
//!
//! It is printed by hand, with one filter on each line, in the order in which a call meets them.
//! prettyplease would indent each filter further than the one before.

use crate::calls::Calls;
use crate::cx::Cx;
use crate::parts::{Entry, Stage};

/// `type PaymentCharge = Trace<…>;`
pub(crate) fn pipeline(cx: &Cx<'_>, entry: &Entry<Vec<Stage>>) -> String {
    let users: Vec<_> = entry.users.iter().filter_map(|&user| cx.calls.get(user)).collect();
    let doc = wrapped(&format!("{}: what a call passes, in order.", title(&users)));
    format!("{doc}type {} ={};\n", entry.name, stages(&entry.value))
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

/// ``Routes `stock`, `reserve` and the other calls of `inventory` ``.
fn title(users: &[&Calls<'_>]) -> String {
    let upstream = users.first().map_or("", |calls| calls.upstream.name.as_str());
    let routes: Vec<_> = users
        .iter()
        .filter_map(|calls| calls.route)
        .map(|route| format!("`{}`", route.name))
        .collect();
    let others = users.iter().any(|calls| calls.route.is_none());
    match (routes.len(), others) {
        (0, _) => format!("Calls of `{upstream}` that no route matches"),
        (1, false) => format!("Route {} of `{upstream}`", routes.concat()),
        (1, true) => format!("Route {} and the other calls of `{upstream}`", routes.concat()),
        (_, false) => format!("Routes {} of `{upstream}`", routes.join(", ")),
        (_, true) => format!("Routes {} and the other calls of `{upstream}`", routes.join(", ")),
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
