//! Differences in where an upstream is reached: its own port, a name, an address.

use amb_policy_lang::diff::{diff, text};

use crate::classes::planned;

/// What is told of the upstreams of two policies.
fn told(old: &str, new: &str) -> String {
    let of = |upstreams: &str| {
        let main = format!(
            "edition 2026\nservice web\nlisten \"127.0.0.1:15001\"\ndefaults {{ timeout 9s }}\n\
             {upstreams}\notherwise reject\n"
        );
        planned(&main, "")
    };
    text(&diff(&of(old), &of(new)))
}

/// An upstream that has no name, only its own port.
fn own(name: &str, listen: &str, inside: &str) -> String {
    format!("upstream {name} {{ addresses \"10.0.0.1:80\"; listen \"{listen}\"; {inside} }}\n",)
}

/// The one line that is expected, without places.
fn check(old: &str, new: &str, expected: &str) {
    let lines = told(old, new);
    let without = |line: &str| match (line.find("  ("), line.find("): ")) {
        (Some(from), Some(to)) => format!("{}{}", &line[..from], &line[to + 1..]),
        (Some(from), None) => line[..from].to_owned(),
        _ => line.to_owned(),
    };
    let lines: Vec<_> = lines.lines().map(without).collect();
    assert_eq!(lines, [expected], "{old}{new}");
}

#[test]
fn an_upstream_at_another_port_of_its_own_is_compared() {
    let told = told(
        &own("c", "127.0.0.1:9001", "timeout 1s; route d { match /admin/**; respond 403 }"),
        &own("c", "0.0.0.0:9002", "timeout 1h; retry { attempts 10; budget 10% min 1/s }"),
    );
    for line in [
        "weakened    c/* -> c  listen: 127.0.0.1:9001 -> 0.0.0.0:9002",
        "timeout.total: 1s -> 1h",
        "retry: none -> attempts 10",
        "weakened    c/d -> c  call: respond 403 -> forward",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn a_port_that_comes_goes_or_moves_is_told() {
    let (none, near) = ("", own("c", "127.0.0.1:9001", ""));
    let opened = "weakened    c  listen: none -> 127.0.0.1:9001: there was no such port";
    let closed = "tightened   c  listen: 127.0.0.1:9001 -> none: its calls are refused";
    check(none, &near, opened);
    check(&near, none, closed);
    for (new, kind) in [
        ("127.0.0.1:9002", "redirected  "),
        ("127.0.0.2:9001", "redirected  "),
        ("10.0.0.5:9001", "weakened    "),
        ("0.0.0.0:9001", "weakened    "),
    ] {
        let told = told(&near, &own("c", new, ""));
        let line = format!("{kind}c  listen: 127.0.0.1:9001 -> {new}");
        assert!(told.starts_with(&line) && told.lines().count() == 1, "{told}");
    }
    let tightened =
        "tightened   c  listen: 0.0.0.0:9001 -> 127.0.0.1:9001: only this machine can reach it";
    check(&own("c", "0.0.0.0:9001", ""), &near, tightened);
    // Nothing listened at the other address.
    let other = "redirected  c  listen: 10.0.0.5:9001 -> 127.0.0.1:9001";
    check(&own("c", "10.0.0.5:9001", ""), &near, other);
}

#[test]
fn a_port_of_bytes_and_one_whose_calls_are_all_answered_are_told() {
    for inside in ["protocol tcp", "route no { match any; respond 403 }"] {
        let told = told(&own("c", "127.0.0.1:9001", inside), &own("c", "0.0.0.0:9001", inside));
        assert!(told.starts_with("weakened ") && told.contains("listen: "), "{told}");
    }
}

#[test]
fn a_port_that_another_upstream_has_now_leads_there() {
    let old = own("c", "127.0.0.1:9001", "timeout 1s");
    let new = own("d", "127.0.0.1:9001", "timeout 2s");
    assert!(told(&old, &new).contains("timeout.total: 1s -> 2s"));
    let swapped = own("d", "127.0.0.1:9001", "timeout 1s") + &own("c", "127.0.0.1:9002", "");
    assert!(told(&old, &swapped).contains("weakened    c  listen: none -> 127.0.0.1:9002"));
}

#[test]
fn a_name_that_goes_leads_where_a_wildcard_leads() {
    let bank =
        "upstream bank { addresses \"10.0.0.1:443\"; hosts \"*.bank\"; protocol PROTOCOL }\n";
    let special = "upstream special { addresses \"10.0.0.2:443\"; hosts \"api.bank\"; \
        limits { connections 10 }; breaker { counts connect-failure }; protocol PROTOCOL }\n";
    for protocol in ["tcp", "tls-passthrough"] {
        let of = |text: &str| text.replace("PROTOCOL", protocol);
        let (both, one) = (of(&format!("{bank}{special}")), of(bank));
        let gone = told(&both, &one);
        for line in [
            "weakened    special -> bank  limits.connections: 10 -> none",
            "weakened    special -> bank  breaker: ",
            "redirected  special -> bank  address: 10.0.0.2:443 -> 10.0.0.1:443",
        ] {
            assert!(gone.contains(line), "{line}: {gone}");
        }
        let comes = told(&one, &both);
        assert!(comes.contains("redirected  bank -> special  address: "), "{comes}");
    }
}

#[test]
fn a_name_has_another_owner_at_another_port() {
    let bank = "upstream bank { addresses \"10.0.0.1:443\"; hosts \"*.bank\"; protocol tcp }\n";
    let special =
        "upstream special { addresses \"10.0.0.2:444\"; hosts \"api.bank\"; protocol tcp }\n";
    let gone = told(&format!("{bank}{special}"), bank);
    assert!(
        gone.starts_with("tightened   special -> otherwise  call: forward -> reject"),
        "{gone}"
    );
    assert_eq!(gone.lines().count(), 1, "{gone}");
}

#[test]
fn an_address_that_goes_is_read_if_another_upstream_has_its_port() {
    let web = "upstream web { addresses \"10.0.0.1:80\"; hosts \"*.web\" }\n";
    let raw = "upstream raw { addresses \"10.0.0.2:80\"; protocol tcp }\n";
    let gone = told(&format!("{web}{raw}"), web);
    assert!(gone.contains("redirected  raw -> web  protocol: tcp -> "), "{gone}");
}
