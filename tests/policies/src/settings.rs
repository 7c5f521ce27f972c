//! Policies of a scope.
//!
//! A call has at least 3 s. Four tries of at most 400 ms with waits of at most 300 ms between
//! them end before that, whichever layers these numbers come from.

use crate::dice::Dice;
use crate::named::Named;

const CAUSES: [&str; 6] = ["reset", "timeout", "429", "503", "500..504", "404"];
const EDITS: [&str; 8] = [
    "set \"x-team\" \"shop\"",
    "set \"x-from\" service.name",
    "set \"x-to\" upstream.name",
    "set \"x-id\" request.id",
    "add \"x-via\" \"amb\"",
    "default \"accept\" \"*/*\"",
    "remove \"x-internal\", \"x-debug\"",
    "set \"x-agent\" header(\"user-agent\")",
];

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

fn total(dice: &mut Dice) -> String {
    let total = *dice.pick(&["3s", "5s", "20s"]);
    if dice.one_in(4) { format!("deadline max {total}") } else { total.to_owned() }
}

pub(crate) fn times(dice: &mut Dice) -> String {
    let per_try = dice.pick(&["100ms", "250ms", "400ms"]);
    let connect = dice.pick(&["20ms", "50ms", "1s"]);
    let mut lines = vec![format!("total {}", total(dice))];
    if dice.one_in(2) {
        lines.push(format!("per-try {per_try}"));
    }
    if dice.one_in(2) {
        lines.push(format!("connect {connect}"));
    }
    lines.join("; ")
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
    let leave = dice.pick(&[
        "non-idempotent when header(\"idempotency-key\")",
        "non-idempotent always because \"it deduplicates\"",
    ]);
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

pub(crate) fn tries(dice: &mut Dice) -> String {
    let mut lines = vec![format!("attempts {}", 1 + dice.below(4))];
    let more: [fn(&mut Dice) -> String; 6] =
        [causes, methods, backoff, retry_after, budget, buffer];
    for line in more {
        if dice.one_in(2) {
            lines.push(line(dice));
        }
    }
    lines.join("; ")
}

fn causes(dice: &mut Dice) -> String {
    let causes: Vec<_> = CAUSES.iter().filter(|_| dice.one_in(2)).copied().collect();
    // A range takes in the single status.
    let doubled = |cause: &&&str| **cause != "503" || !causes.contains(&"500..504");
    let rest: String = causes.iter().filter(doubled).map(|cause| format!(", {cause}")).collect();
    format!("on connect-failure{rest}")
}

fn methods(dice: &mut Dice) -> String {
    format!("methods {}", dice.pick(&["GET", "GET, HEAD, PUT", "GET, DELETE", "PUT"]))
}

fn backoff(dice: &mut Dice) -> String {
    let backoffs =
        ["full-jitter 5ms..50ms", "full-jitter 100ms..300ms", "equal-jitter 20ms..200ms"];
    format!("backoff {}", dice.pick(&backoffs))
}

fn retry_after(dice: &mut Dice) -> String {
    format!("retry-after {}", dice.pick(&["ignore", "honour up to 1s", "honour up to 2s"]))
}

fn budget(dice: &mut Dice) -> String {
    format!("budget {}", dice.pick(&["20% min 1/s", "50% min 2/s", "100% min 100/s"]))
}

fn buffer(dice: &mut Dice) -> String {
    format!("buffer {}", dice.pick(&["512B", "1KiB", "64KiB"]))
}

fn breaker(dice: &mut Dice, named: &mut Named) -> String {
    match dice.below(6) {
        0 => "breaker off".to_owned(),
        1 => format!("breaker {}", named.breaker(dice)),
        2 => format!("breaker {} {{ probes {} }}", named.breaker(dice), 1 + dice.below(3)),
        _ => format!("breaker {{ {} }}", trips(dice)),
    }
}

pub(crate) fn trips(dice: &mut Dice) -> String {
    let rules = [
        "failures 4 within 2s",
        "consecutive-failures 3",
        "failure-rate 50% of 3 within 2s",
        "slow 100ms rate 50%",
        "consecutive-failures 2; failures 5 within 10s",
    ];
    let open = dice.pick(&["300ms", "1s", "200ms..1600ms"]);
    let counts = dice.pick(&["", "; counts timeout, 5xx", "; counts connect-failure, reset"]);
    format!("{}; open-for {open}; probes {}{counts}", dice.pick(&rules), 1 + dice.below(2))
}

fn headers(dice: &mut Dice, named: &mut Named) -> String {
    if dice.one_in(4) {
        return format!("headers request {}", named.headers(dice));
    }
    let side = dice.pick(&["request", "response"]);
    format!("headers {side} {{ {} }}", edits(dice))
}

pub(crate) fn edits(dice: &mut Dice) -> String {
    let first = dice.pick(&EDITS);
    let second = dice.pick(&EDITS);
    if first == second { (*first).to_owned() } else { format!("{first}; {second}") }
}
