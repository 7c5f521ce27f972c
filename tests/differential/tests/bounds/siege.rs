//! Random sieges of a plan: callers and upstreams that act just before, at and after the moments that the
//! plan names.

use std::time::Duration;

use amb_policy_lang::plan::{Plan, Settings, TestRequest, Upstream};
use amb_runtime::testing::{Blow, Raid, Siege, Then};
use amb_tests_differential::generate;
use amb_tests_policies::Dice;

/// In percent of a bound.
const NEAR: [u32; 8] = [1, 30, 50, 90, 99, 100, 101, 150];
const STATUSES: [u16; 8] = [200, 200, 404, 429, 500, 503, 503, 503];
const RETRY_AFTER: [&str; 6] = ["0", "1", "2", "5", "6", "soon"];

/// One to eight calls, and what meets their tries.
pub(crate) fn siege(plan: &Plan, seed: u64) -> Siege {
    let dice = &mut Dice::new(seed);
    let times = times(plan);
    let mut at = Duration::ZERO;
    let requests = generate::case(plan, dice).test.requests;
    let mut raids = Vec::new();
    for request in &requests {
        for _ in 0..request.times.min(4) {
            raids.push(raid(request, at, &times, dice));
            at += if dice.one_in(2) { Duration::ZERO } else { near(&times, dice) };
        }
    }
    let upstreams = plan.upstreams.iter();
    let blows = upstreams.map(|upstream| (upstream.name.clone(), blows(&times, dice))).collect();
    Siege { seed, blows, raids }
}

/// The bounds that a siege of this plan plays around.
fn times(plan: &Plan) -> Vec<Duration> {
    let routes = |upstream: &Upstream| {
        let routes = upstream.routes.iter().map(|route| route.settings.clone());
        routes.chain([upstream.settings.clone()]).collect::<Vec<_>>()
    };
    let of = |settings: Settings| {
        let timeout = settings.timeout;
        let per_try = timeout.per_try.map(|it| it.value);
        [timeout.total.value.limit(), timeout.connect.value].into_iter().chain(per_try)
    };
    let mut times: Vec<_> = plan.upstreams.iter().flat_map(routes).flat_map(of).collect();
    times.retain(|time| *time < Duration::MAX);
    times.sort();
    times.dedup();
    times
}

fn near(times: &[Duration], dice: &mut Dice) -> Duration {
    let bound = *dice.pick(times);
    bound * *dice.pick(&NEAR) / 100
}

/// Mostly none.
fn pause(times: &[Duration], pieces: usize, dice: &mut Dice) -> Duration {
    match dice.below(6) {
        0 => near(times, dice),
        1 | 2 => near(times, dice) / pieces.max(1) as u32,
        _ => Duration::ZERO,
    }
}

fn raid(request: &TestRequest, at: Duration, times: &[Duration], dice: &mut Dice) -> Raid {
    let mut headers = request.headers.clone();
    if request.grpc {
        headers.push(("content-type".to_owned(), "application/grpc".to_owned()));
    }
    let body = match dice.below(8) {
        0 => 300_000,
        1 => 20_000,
        _ => request.body as usize,
    };
    let pieces = *dice.pick(&[1, 2, 20]);
    let pace = if body == 0 { Duration::ZERO } else { pause(times, pieces, dice) };
    Raid {
        at,
        method: request.method.clone(),
        host: request.host.clone(),
        target: request.target.clone(),
        headers,
        body,
        pieces,
        pace,
        reads: if dice.one_in(8) { near(times, dice) / 10 } else { Duration::ZERO },
    }
}

/// One way to fail often comes again and again: that is what opens breakers and spends budgets.
fn blows(times: &[Duration], dice: &mut Dice) -> Vec<Blow> {
    let worst = dice.one_in(2).then(|| blow(times, dice));
    let count = 1 + dice.below(8);
    (0..count)
        .map(|_| match &worst {
            Some(worst) if !dice.one_in(4) => worst.clone(),
            _ => blow(times, dice),
        })
        .collect()
}

fn blow(times: &[Duration], dice: &mut Dice) -> Blow {
    let accepts = match dice.below(10) {
        0 => Err(Duration::ZERO),
        1 => Err(near(times, dice)),
        2 => Ok(near(times, dice)),
        _ => Ok(Duration::ZERO),
    };
    let takes = *dice.pick(&[usize::MAX, usize::MAX, usize::MAX, 0, 1_000, 10_000]);
    let (answer, framed) = answer(dice);
    let pieces = *dice.pick(&[1, 1, 2, 20, 200]);
    let pace = pause(times, pieces, dice);
    let then = match (framed, dice.below(4)) {
        (_, 0) => Then::Hang,
        (true, 1 | 2) => Then::Keep,
        _ => Then::Close,
    };
    Blow { accepts, takes, answer, pieces, pace, then }
}

/// Bytes, and whether they say themselves where they end.
fn answer(dice: &mut Dice) -> (Vec<u8>, bool) {
    let mut text = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(match dice.below(8) {
        0 => 1,
        1 => 16,
        _ => 0,
    });
    let status = dice.pick(&STATUSES);
    text += &format!("HTTP/1.1 {status} Siege\r\n");
    if dice.one_in(3) {
        text += &format!("retry-after: {}\r\n", dice.pick(&RETRY_AFTER));
    }
    let body = *dice.pick(&[0, 0, 10, 5_000, 100_000]);
    let (end, framed) = match dice.below(8) {
        0 => return (Vec::new(), false),
        1 => return (b"\x16\x03\x01 no HTTP at all\r\n\r\n".to_vec(), false),
        2 => return (text.into_bytes(), false),
        3 => (format!("transfer-encoding: chunked\r\n\r\n{body:x}\r\n"), true),
        4 => ("\r\n".to_owned(), false),
        _ => (format!("content-length: {body}\r\n\r\n"), true),
    };
    let chunked = end.starts_with('t');
    let end =
        if chunked && body == 0 { "transfer-encoding: chunked\r\n\r\n".to_owned() } else { end };
    let mut bytes = (text + &end).into_bytes();
    bytes.resize(bytes.len() + body, b'y');
    if chunked {
        let last: &[u8] = if body == 0 { b"0\r\n\r\n" } else { b"\r\n0\r\n\r\n" };
        bytes.extend_from_slice(last);
    }
    (bytes, framed)
}
