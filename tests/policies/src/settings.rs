//! Policies of a scope.

use crate::blocks::{backoff, budget, buffer, retry_after, times, total, tries, trips};
use crate::dice::Dice;
use crate::fields::{edits, key};
use crate::named::Named;

/// What a scope is for decides how it speaks of retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calls {
    Any,
    /// It names methods that are not safe to repeat.
    Unsafe,
    /// Calls of gRPC: none of them is.
    Grpc,
}

/// Some settings, each at most once.
pub(crate) fn scope(dice: &mut Dice, named: &mut Named, calls: Calls) -> Vec<String> {
    let mut lines = Vec::new();
    if dice.one_in(5) {
        lines.push(format!("use {}", named.policy(dice)));
    }
    match calls {
        Calls::Unsafe => lines.push(considered_retry(dice, named)),
        Calls::Grpc => lines.push(grpc_retry(dice, named)),
        Calls::Any if dice.one_in(2) => lines.push(retry(dice, named)),
        Calls::Any => {}
    }
    let breaker = if calls == Calls::Grpc { grpc_breaker } else { breaker };
    for kind in [timeout, breaker, headers] {
        if dice.one_in(2) {
            lines.push(kind(dice, named));
        }
    }
    for line in ["correlation-id \"x-correlation-id\"", "trace", "fallback 202 { body \"later\" }"]
    {
        if dice.one_in(4) {
            lines.push(line.to_owned());
        }
    }
    lines
}

pub(crate) fn timeout(dice: &mut Dice, named: &mut Named) -> String {
    match dice.below(4) {
        0 => format!("timeout {}", named.timeout(dice)),
        1 => format!("timeout {}", total(dice)),
        _ => format!("timeout {{ {} }}", times(dice)),
    }
}

/// `retry` of a scope whose calls are safe to repeat, or not named.
fn retry(dice: &mut Dice, named: &mut Named) -> String {
    match dice.below(5) {
        0 => "retry off".to_owned(),
        1 => format!("retry {}", named.retry(dice)),
        2 => format!("retry {} {{ attempts {} }}", named.retry(dice), 1 + dice.below(4)),
        _ => format!("retry {{ {} }}", tries(dice)),
    }
}

/// `retry` of a route that names methods which are not safe to repeat.
fn considered_retry(dice: &mut Dice, named: &mut Named) -> String {
    let leave = match dice.one_in(3) {
        true => "non-idempotent always because \"it deduplicates\"".to_owned(),
        false => key(dice),
    };
    match dice.below(4) {
        0 => "retry off".to_owned(),
        1 => format!("retry {} {{ {leave} }}", named.retry(dice)),
        _ => format!("retry {{ {leave}; {} }}", tries(dice)),
    }
}

/// `retry` of calls of gRPC: by codes that say that nothing was done, or with a reason.
fn grpc_retry(dice: &mut Dice, named: &mut Named) -> String {
    let declined = *dice.pick(&["unavailable", "unavailable, aborted", "resource-exhausted"]);
    let on = match dice.below(3) {
        0 => format!("on grpc({declined}), connect-failure"),
        1 => format!("on connect-failure, grpc({declined}); methods GET"),
        _ => format!(
            "on reset, timeout, 503, grpc({declined}, internal); non-idempotent always because \"it reads\""
        ),
    };
    match dice.below(4) {
        0 => "retry off".to_owned(),
        1 => format!("retry {} {{ {on} }}", named.retry(dice)),
        _ => {
            let more = [backoff(dice), retry_after(dice), budget(dice), buffer(dice)];
            format!("retry {{ attempts {}; {on}; {} }}", 1 + dice.below(4), more.join("; "))
        }
    }
}

fn grpc_breaker(dice: &mut Dice, named: &mut Named) -> String {
    let counts = *dice.pick(&["unavailable", "internal, data-loss", "deadline-exceeded"]);
    match dice.below(4) {
        0 => "breaker off".to_owned(),
        1 => format!("breaker {} {{ counts grpc({counts}), timeout }}", named.breaker(dice)),
        2 => breaker(dice, named),
        _ => format!("breaker {{ consecutive-failures 3; open-for 300ms; counts grpc({counts}) }}"),
    }
}

fn breaker(dice: &mut Dice, named: &mut Named) -> String {
    match dice.below(6) {
        0 => "breaker off".to_owned(),
        1 => format!("breaker {}", named.breaker(dice)),
        2 => format!("breaker {} {{ probes {} }}", named.breaker(dice), 1 + dice.below(3)),
        _ => format!("breaker {{ {} }}", trips(dice)),
    }
}

fn headers(dice: &mut Dice, named: &mut Named) -> String {
    if dice.one_in(4) {
        return format!("headers request {}", named.headers(dice));
    }
    let side = dice.pick(&["request", "response"]);
    format!("headers {side} {{ {} }}", edits(dice))
}
