//! Header fields: what edits write, what conditions look at, what messages bring.

use crate::dice::Dice;

/// Fields that edits write and conditions of `match` look at; so an edit is often one of a field that the
/// caller sent, that another edit wrote, or that the route was chosen by.
pub const FIELDS: [&str; 10] = [
    "accept",
    "user-agent",
    "x-agent",
    "x-debug",
    "x-from",
    "x-internal",
    "x-kind",
    "x-team",
    "x-to",
    "x-via",
];

/// Fields that can be the reason of a retry: no edit writes them.
pub const KEYS: [&str; 3] = ["idempotency-key", "x-charge-key", "x-request-key"];

/// Few, so that they meet.
pub const VALUES: [&str; 6] = ["late", "early", "", "*/*", "a b, c", "x-kind"];

/// One to four edits.
pub(crate) fn edits(dice: &mut Dice) -> String {
    let edits: Vec<_> = (0..=dice.below(4)).map(|_| edit(dice)).collect();
    edits.join("; ")
}

fn edit(dice: &mut Dice) -> String {
    let name = *dice.pick(&FIELDS);
    match dice.below(8) {
        0 | 1 => format!("remove \"{name}\""),
        2 => format!("remove \"{name}\", \"{}\"", dice.pick(&FIELDS)),
        3 => format!("{} \"x-id\" request.id", verb(dice)),
        _ => format!("{} \"{name}\" {}", verb(dice), value(dice)),
    }
}

fn verb(dice: &mut Dice) -> &'static str {
    dice.pick::<&str>(&["set", "add", "default"])
}

fn value(dice: &mut Dice) -> String {
    match dice.below(7) {
        6 => "header(\"host\")".to_owned(),
        0 => "service.name".to_owned(),
        1 => "upstream.name".to_owned(),
        2 | 3 => format!("header(\"{}\")", dice.pick(&FIELDS)),
        _ => format!("\"{}\"", dice.pick(&VALUES)),
    }
}

/// One or two terms of a `match` line.
pub(crate) fn terms(dice: &mut Dice) -> String {
    let term =
        |name: &str, dice: &mut Dice| format!("header(\"{name}\") == \"{}\"", dice.pick(&VALUES));
    let name = *dice.pick(&FIELDS);
    let other = *dice.pick(&FIELDS);
    match other == name || !dice.one_in(3) {
        true => term(name, dice),
        false => format!("{} {}", term(name, dice), term(other, dice)),
    }
}

/// `when header(…)`.
pub(crate) fn key(dice: &mut Dice) -> String {
    format!("non-idempotent when header(\"{}\")", dice.pick(&KEYS))
}
