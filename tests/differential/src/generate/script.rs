//! What an upstream does, step by step.

use std::time::Duration;

use amb_policy_lang::plan::{GrpcCode, ScriptedReply, ScriptedStep};

use amb_tests_policies::{Dice, FIELDS, VALUES};

const STATUSES: [u16; 14] = [200, 200, 200, 201, 204, 304, 400, 404, 429, 429, 500, 503, 503, 504];
const CODES: [GrpcCode; 9] = [
    GrpcCode::Ok,
    GrpcCode::Ok,
    GrpcCode::Unavailable,
    GrpcCode::Unavailable,
    GrpcCode::Aborted,
    GrpcCode::ResourceExhausted,
    GrpcCode::Internal,
    GrpcCode::DeadlineExceeded,
    GrpcCode::NotFound,
];
const PUSHBACK: [&str; 5] = ["0", "40", "1500", "-1", "soon"];
/// The wall clock of a scenario starts at 2026-01-01 00:00:00 UTC.
const RETRY_AFTER: [&str; 7] =
    ["0", "1", "2", "6", "soon", "Thu, 01 Jan 2026 00:00:02 GMT", "Wed, 31 Dec 2025 00:00:00 GMT"];

/// One to eight steps; some upstreams keep failing in the same way.
pub(super) fn steps(grpc: bool, dice: &mut Dice) -> Vec<ScriptedStep> {
    let worst = dice.one_in(3).then(|| step(grpc, dice));
    let count = 1 + dice.below(8);
    (0..count)
        .map(|_| match &worst {
            Some(worst) if !dice.one_in(5) => worst.clone(),
            _ => step(grpc, dice),
        })
        .collect()
}

/// A plain answer at once.
pub(super) fn answer(status: u16) -> ScriptedStep {
    let reply = ScriptedReply::Status(status);
    ScriptedStep { reply, after: Duration::ZERO, headers: Vec::new() }
}

fn step(grpc: bool, dice: &mut Dice) -> ScriptedStep {
    let reply = match dice.below(10) {
        0 | 1 => ScriptedReply::Refused,
        2 => ScriptedReply::Reset,
        3 => ScriptedReply::Timeout,
        4..9 if grpc => ScriptedReply::Grpc(*dice.pick(&CODES)),
        _ => ScriptedReply::Status(*dice.pick(&STATUSES)),
    };
    ScriptedStep { reply, after: after(dice), headers: headers(reply, dice) }
}

/// Never at the moment of a bound: nobody promises which of the two comes first.
fn after(dice: &mut Dice) -> Duration {
    let millis = match dice.below(8) {
        0..4 => 0,
        4 | 5 => dice.below(60),
        6 => dice.below(600),
        _ => dice.below(6_000),
    };
    Duration::from_millis(if millis % 10 == 0 && millis > 0 { millis + 1 } else { millis })
}

fn headers(reply: ScriptedReply, dice: &mut Dice) -> Vec<(String, String)> {
    let asks = matches!(reply, ScriptedReply::Status(_)) && dice.one_in(4);
    let asked = asks.then(|| ("Retry-After".to_owned(), (*dice.pick(&RETRY_AFTER)).to_owned()));
    let pushes = matches!(reply, ScriptedReply::Grpc(_)) && dice.one_in(4);
    let pushback =
        pushes.then(|| ("grpc-retry-pushback-ms".to_owned(), (*dice.pick(&PUSHBACK)).to_owned()));
    let answers = matches!(reply, ScriptedReply::Status(_) | ScriptedReply::Grpc(_));
    let more = if answers { dice.below(3) } else { 0 };
    let more =
        (0..more).map(|_| ((*dice.pick(&FIELDS)).to_owned(), (*dice.pick(&VALUES)).to_owned()));
    asked.into_iter().chain(pushback).chain(more).collect()
}
