//! Routes, none of which hides another: each has a first segment of its own, narrower lines come
//! before wider ones, and what takes everything comes last.

use crate::dice::Dice;
use crate::fields::terms;
use crate::named::Named;
use crate::settings::{self, Calls};

/// Some are safe, some only idempotent, of some nobody knows, and some have no name of their own in Rust.
const METHODS: [&str; 9] = [
    "GET",
    "GET|HEAD",
    "PUT|DELETE",
    "GET|POST",
    "POST",
    "PATCH",
    "PROPFIND|MOVE|TRACE",
    "PURGE",
    "",
];

/// Up to that many routes.
pub(crate) fn all(dice: &mut Dice, named: &mut Named, most: u64) -> Vec<String> {
    let count = if most > 4 { most } else { dice.below(most + 1) };
    let mut routes = Vec::new();
    for at in 0..count {
        if dice.one_in(4) {
            // The same calls, but for a field: it stands before those without.
            let line = format!("match GET /r{at}/{{id}} {}", terms(dice));
            routes.push(route(dice, named, &format!("narrow-{at}"), &[line], Calls::Any));
        }
        routes.push(plain(dice, named, at));
    }
    if dice.one_in(4) {
        let line = dice.pick(&["match any", "match GET /**", "match DELETE"]).to_string();
        routes.push(route(dice, named, "rest", &[line], Calls::Any));
    }
    routes
}

/// Methods of gRPC; those of a service that have no route of their own come after them.
pub(crate) fn of_grpc(dice: &mut Dice, named: &mut Named, most: u64) -> Vec<String> {
    let count = dice.below(most + 1);
    let mut routes = Vec::new();
    for at in 0..count {
        if dice.one_in(4) {
            let line = format!("match grpc \"chance.v1.S{at}/*\" {}", terms(dice));
            routes.push(route(dice, named, &format!("narrow-{at}"), &[line], Calls::Grpc));
        }
        let method = dice.pick(&["Get", "*"]);
        let line = format!("match grpc \"chance.v1.S{at}/{method}\"");
        routes.push(route(dice, named, &format!("s{at}"), &[line], Calls::Grpc));
    }
    routes
}

fn plain(dice: &mut Dice, named: &mut Named, at: u64) -> String {
    let methods = *dice.pick(&METHODS);
    let path = dice.pick(&["", "/{id}", "/**", "/items/{id}/parts"]);
    let mut lines = vec![format!("match {methods} /r{at}{path}")];
    if dice.one_in(4) {
        lines.push(format!("match OPTIONS /options/r{at}"));
    }
    if dice.one_in(10) {
        let answer = "respond 410 { body \"gone\"; header \"content-type\" \"text/plain\" }";
        return format!("route r{at} {{\n{}\n{answer}\n}}", lines.join("\n"));
    }
    let repeatable = !["POST", "PATCH", "PURGE"].iter().any(|it| methods.contains(it));
    let calls = if repeatable { Calls::Any } else { Calls::Unsafe };
    route(dice, named, &format!("r{at}"), &lines, calls)
}

fn route(
    dice: &mut Dice,
    named: &mut Named,
    name: &str,
    matches: &[String],
    calls: Calls,
) -> String {
    let mut lines = matches.to_vec();
    lines.extend(settings::scope(dice, named, calls));
    lines.extend(rewrite(dice, matches));
    format!("route {name} {{\n{}\n}}", lines.join("\n"))
}

fn rewrite(dice: &mut Dice, matches: &[String]) -> Option<String> {
    let has_id = matches.len() == 1 && matches[0].contains("{id}");
    match dice.below(8) {
        0 if has_id => Some("rewrite path /v2/{id}/new".to_owned()),
        1 => Some("rewrite path /moved".to_owned()),
        2 => Some("rewrite host \"elsewhere.test\"".to_owned()),
        _ => None,
    }
}
