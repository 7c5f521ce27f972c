//! What a stricter or weaker value means for calls, in words.

use super::Kind;

/// Of breakers, budgets and limits that other calls have a part in than before.
pub(super) const SHARED: &str = "calls no longer share it with the same others";

/// Of an upstream's own port that there was not, and of one that there is no more.
pub(super) const OPENED: &str = "there was no such port";
pub(super) const CLOSED: &str = "its calls are refused";

/// Only where the values do not say it.
pub(super) fn words(setting: &str, kind: Kind, new: Option<&str>) -> Option<&'static str> {
    if setting == "call" || setting == "otherwise" {
        return call(kind, new);
    }
    if setting.starts_with("headers") {
        return (kind == Kind::Tightened).then_some("the field is kept from the other side");
    }
    let (tightened, weakened) = both(setting)?;
    match kind {
        Kind::Tightened => Some(tightened),
        Kind::Weakened => Some(weakened),
        Kind::Redirected | Kind::Renamed => None,
    }
}

fn call(kind: Kind, new: Option<&str>) -> Option<&'static str> {
    Some(match (kind, new) {
        (Kind::Weakened, Some("pass")) => "it goes out without a policy",
        (Kind::Weakened, Some("forward")) => "it reaches the upstream",
        (Kind::Weakened, _) => "it is answered",
        (Kind::Tightened, Some("reject")) => "it is refused",
        (Kind::Tightened, _) => "it reaches nobody",
        (Kind::Redirected, _) => "it goes where the upstream is",
        (Kind::Renamed, _) => return None,
    })
}
/// What the setting means when it is tighter, and when it is weaker.
fn both(setting: &str) -> Option<(&'static str, &'static str)> {
    match setting.split_once('.') {
        Some(("timeout", key)) => timeout(key),
        Some(("retry", key)) => retry(key),
        Some(("breaker", key)) => Some(breaker(key)),
        Some(("limits", "connections")) => {
            Some(("fewer connections are open at once", "more connections may be open at once"))
        }
        Some(("access-log", "redact")) => {
            Some(("more values stay out of the log", "values reach the log that did not"))
        }
        Some(("access-log", "headers")) => {
            Some(("fewer fields are written to the log", "more fields are written to the log"))
        }
        _ => whole(setting),
    }
}

fn whole(setting: &str) -> Option<(&'static str, &'static str)> {
    Some(match setting {
        "retry" => ("a failed call is not sent again", "a failed call may be sent again"),
        "breaker" => {
            ("an upstream that fails is left alone", "an upstream that fails is not left alone")
        }
        "require" => ("more is demanded", "less is demanded"),
        "routes" => ("", "too many overlap to compare each with each"),
        "exempt" => ("the demand holds there again", "the demand does not hold there"),
        "test" => ("more is proved", "what it proved is not proved any more"),
        "intercept" | "intercept.ports" => ("more is under the policy", "less is under the policy"),
        "intercept.on-exit" => {
            ("without the proxy calls are refused", "without the proxy calls go out directly")
        }
        "slowest answer" => ("callers wait less long", "callers may wait longer"),
        "amplification" => ("it is sent less often", "it may be sent once more"),
        "slow tries" => ("fewer slow tries fit in", "more slow tries fit in"),
        "listen" | "admin" => {
            ("only this machine can reach it", "other machines can reach it as well")
        }
        _ => return None,
    })
}

fn timeout(key: &str) -> Option<(&'static str, &'static str)> {
    Some(match key {
        "total" => ("callers wait less long", "callers may wait longer"),
        "per-try" => ("a slow try is given up earlier", "a slow try is given up later"),
        "connect" => ("a dead address is given up earlier", "a dead address is given up later"),
        "idle" => ("a silent body is given up earlier", "a silent body is given up later"),
        _ => return None,
    })
}

fn retry(key: &str) -> Option<(&'static str, &'static str)> {
    Some(match key {
        "attempts" => ("a call causes fewer tries", "a call may cause more tries"),
        "on" => ("fewer failures are tried again", "more failures are tried again"),
        "methods" => ("fewer methods are tried again", "more methods are tried again"),
        "non-idempotent" => {
            ("fewer calls may be carried out twice", "more calls may be carried out twice")
        }
        "backoff" => {
            ("retries come later or more spread out", "retries come sooner or all at once")
        }
        "retry-after" => {
            ("the upstream is heard when it asks to wait", "the upstream is not heard")
        }
        "budget" => ("an outage is multiplied by less", "an outage may be multiplied by more"),
        "buffer" => ("calls keep less memory", "calls may keep more memory"),
        _ => return None,
    })
}

/// Whatever else stands in a breaker is a rule that opens it.
fn breaker(key: &str) -> (&'static str, &'static str) {
    match key {
        "open-for" => ("the upstream rests longer", "the upstream rests less long"),
        "probes" => ("", "as many calls try an upstream out, and have to succeed"),
        "counts" => ("more failures count", "fewer failures count"),
        _ => ("it opens sooner", "it opens later, or not at all"),
    }
}
