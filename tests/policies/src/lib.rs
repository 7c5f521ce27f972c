//! Random policies that make sense: whatever comes out of here compiles.
//!
//! ```text
//! seed ─► dice ─► upstreams and routes ─► names that they used ─► text
//! ```
//!
//! The numbers are chosen so that any combination of layers is sane (see `blocks`): that is
//! what lets a test say that an error about one of these policies is a false alarm. Every setting
//! that the language carries out comes up, except imports: a policy here is one file.

mod blocks;
pub mod dice;
mod fields;
mod named;
mod routes;
mod settings;

pub use dice::Dice;
pub use fields::{FIELDS, KEYS, VALUES};

use named::Named;
use settings::Calls;

/// How large a policy is.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub upstreams: u64,
    /// Of each upstream, at most.
    pub routes: u64,
}

/// Where the seeds of a nightly run begin: `AMB_NIGHT`, which `cargo xtask nightly` sets; `None`: it is none.
pub fn night() -> Option<u64> {
    let seed = std::env::var("AMB_NIGHT").ok()?;
    Some(seed.parse().unwrap_or_else(|_| panic!("AMB_NIGHT={seed} is no seed")))
}

/// A policy of up to three upstreams with up to four routes each.
pub fn small(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let shape = Shape { upstreams: 1 + dice.below(3), routes: dice.below(5) };
    policy(&mut dice, shape)
}

/// A policy of that shape.
pub fn policy(dice: &mut Dice, shape: Shape) -> String {
    let mut named = Named::default();
    let defaults = defaults(dice, &mut named);
    let upstreams: Vec<_> =
        (0..shape.upstreams).map(|at| upstream(dice, &mut named, at, shape.routes)).collect();
    let head = head(dice);
    let otherwise = dice.pick(&["pass", "reject"]);
    format!(
        "edition 2026\n\n{head}\n{}\ndefaults {{\n{defaults}\n}}\n\n{}\n\notherwise {otherwise}\n",
        named.definitions(dice),
        upstreams.join("\n\n")
    )
}

/// Every call must end some time: the outermost layer says when.
fn defaults(dice: &mut Dice, named: &mut Named) -> String {
    let mut lines = settings::scope(dice, named, Calls::Any);
    if !lines.iter().any(|line| line.starts_with("timeout")) {
        lines.push(settings::timeout(dice, named));
    }
    lines.join("\n")
}

fn head(dice: &mut Dice) -> String {
    let mut lines =
        vec!["## Made by chance.".to_owned(), "service chance { workers 1 }".to_owned()];
    if dice.one_in(2) {
        let redact = dice.pick(&["", "redact \"authorization\", \"cookie\"", "when status in 5xx"]);
        lines.push(format!("observe {{ metrics; access-log json {{ sample 10%; {redact} }} }}"));
    }
    // Limits that all of this keeps.
    for limit in ["retry.attempts <= 4", "timeout.total in 3s..20s", "amplification <= 4x"] {
        if dice.one_in(3) {
            lines.push(format!("require {limit}"));
        }
    }
    lines.join("\n")
}

fn upstream(dice: &mut Dice, named: &mut Named, at: u64, routes: u64) -> String {
    // The first gets requests: there is always somebody to call.
    if at > 0 && dice.one_in(6) {
        return bytes(dice, at);
    }
    let mut lines = vec![match dice.below(6) {
        0 => format!("addresses \"10.0.{at}.1:80\", \"10.0.{at}.2:80\""),
        1 => format!("address \"10.0.{at}.3:8080\""),
        2 => format!("address \"[2001:db8:{}::3]:8080\"", at + 1),
        _ => format!("address \"up-{at}.svc:8080\""),
    }];
    lines.push(format!("hosts \"up-{at}\"{}", hosts(dice, at)));
    if dice.one_in(5) {
        lines.push(format!("listen \"127.0.0.1:{}\"", 19_000 + at));
    }
    let calls = if dice.one_in(4) { Calls::Grpc } else { Calls::Any };
    if calls == Calls::Grpc {
        lines.push("protocol grpc".to_owned());
    }
    lines.extend(settings::scope(dice, named, calls));
    lines.extend(match calls {
        Calls::Grpc => routes::of_grpc(dice, named, routes),
        _ => routes::all(dice, named, routes),
    });
    format!("## Called now and then.\nupstream up-{at} {{\n{}\n}}", lines.join("\n"))
}

/// More names: wildcards, one inside another's, and addresses.
fn hosts(dice: &mut Dice, at: u64) -> String {
    let all = [
        format!("*.up-{at}.test"),
        format!("*.deep.up-{at}.test"),
        format!("a.b.up-{at}.test"),
        format!("192.0.2.{at}"),
        format!("2001:db8::{}", at + 1),
        format!("2001:db8:{}::1", at + 1),
    ];
    let some = all.iter().filter(|_| dice.one_in(3));
    some.map(|name| format!(", \"{name}\"")).collect()
}

/// An upstream that gets bytes; of the defaults only times and breaker mean anything to it.
fn bytes(dice: &mut Dice, at: u64) -> String {
    let mut lines = vec![match dice.below(4) {
        0 => format!("addresses \"10.1.{at}.1:5432\", \"10.1.{at}.2:5433\""),
        _ => format!("address \"bytes-{at}.svc:443\""),
    }];
    lines.push(format!("protocol {}", dice.pick(&["tcp", "tls-passthrough"])));
    if dice.one_in(2) {
        lines.push(format!("hosts \"up-{at}\", \"*.up-{at}.test\""));
    }
    if dice.one_in(3) {
        lines.push(format!("listen \"127.0.0.1:{}\"", 19_000 + at));
    }
    if dice.one_in(2) {
        lines.push(format!("limits {{ connections {} }}", 1 + dice.below(100)));
    }
    if dice.one_in(2) {
        lines.push("timeout { connect 100ms; idle 1h }".to_owned());
    }
    // Whatever the defaults count, here only connects can fail.
    lines.push(match dice.below(2) {
        0 => "breaker off".to_owned(),
        _ => "breaker { consecutive-failures 3; counts connect-failure }".to_owned(),
    });
    format!("## Not HTTP.\nupstream up-{at} {{\n{}\n}}", lines.join("\n"))
}
