//! What stands inside the blocks of settings, whether a name has them or a scope.
//!
//! A call has at least 3 s. Four tries of at most 400 ms with waits of at most 300 ms between
//! them end before that, whichever layers these numbers come from.

use crate::dice::Dice;

const CAUSES: [&str; 6] = ["reset", "timeout", "429", "503", "500..504", "404"];

pub(crate) fn total(dice: &mut Dice) -> String {
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
    let lists = ["GET", "GET, HEAD, PUT", "GET, DELETE", "PUT", "PROPFIND, OPTIONS", "HEAD, MOVE"];
    format!("methods {}", dice.pick(&lists))
}

pub(crate) fn backoff(dice: &mut Dice) -> String {
    let backoffs =
        ["full-jitter 5ms..50ms", "full-jitter 100ms..300ms", "equal-jitter 20ms..200ms"];
    format!("backoff {}", dice.pick(&backoffs))
}

pub(crate) fn retry_after(dice: &mut Dice) -> String {
    format!("retry-after {}", dice.pick(&["ignore", "honour up to 1s", "honour up to 2s"]))
}

pub(crate) fn budget(dice: &mut Dice) -> String {
    format!("budget {}", dice.pick(&["20% min 1/s", "50% min 2/s", "100% min 100/s"]))
}

pub(crate) fn buffer(dice: &mut Dice) -> String {
    format!("buffer {}", dice.pick(&["512B", "1KiB", "64KiB"]))
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
