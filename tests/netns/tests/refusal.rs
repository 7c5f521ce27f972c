//! Starts that fail: one sentence, a code, and nothing left behind.
#![cfg(test)]

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use amb_tests_netns::namespace::inside;
use amb_tests_netns::proxy::{POLICY, Proxy, command};
use amb_tests_netns::{APPLICATION, PROXY, nft};

const ROLE: &str = env!("CARGO_BIN_EXE_role");

/// The start fails so, and `--check` says the same.
fn fails(code: i32, sentence: &str, command: impl Fn() -> Command) {
    let before = nft::ruleset();
    for check in [false, true] {
        let mut command = command();
        let command = if check { command.arg("--check") } else { &mut command };
        let failed = Proxy::try_start(command).unwrap_err();
        assert_eq!(failed.code, Some(code), "{:#?}", failed.said);
        let last = failed.said.last().unwrap();
        assert!(last.contains(sentence), "{last}");
        assert_eq!(nft::ruleset(), before);
    }
}

/// The proxy's uid without any capability.
fn powerless() -> Command {
    let mut command = Command::new(ROLE);
    command.env(POLICY, "open").uid(PROXY).gid(PROXY);
    command
}

#[test]
fn without_the_capability() {
    inside("without_the_capability", || {
        fails(77, "give the process CAP_NET_ADMIN", powerless);
    });
}

#[test]
fn under_another_uid_than_the_policy_says() {
    inside("under_another_uid_than_the_policy_says", || {
        fails(77, "the policy says `user 15001`, and this is uid 2000", || {
            let mut command = Command::new(ROLE);
            command.env(POLICY, "open").uid(APPLICATION).gid(APPLICATION);
            command
        });
    });
}

#[test]
fn as_root_that_may_not_become_another_user() {
    inside("as_root_that_may_not_become_another_user", || {
        fails(77, "or as root with CAP_SETUID and CAP_SETGID", || {
            let mut command = Command::new("setpriv");
            command.args(["--bounding-set=-setuid", ROLE]).env(POLICY, "open");
            command
        });
    });
}

#[test]
fn while_another_proxy_owns_the_table() {
    inside("while_another_proxy_owns_the_table", || {
        let first = Proxy::start(ROLE, "open");
        fails(69, "the table `inet amb-web` belongs to a running process", || {
            command(ROLE, "second")
        });
        first.kill();
        assert_eq!(nft::rules(), 0);
    });
}

#[test]
fn over_a_table_that_somebody_else_made() {
    inside("over_a_table_that_somebody_else_made", || {
        nft::load("add table inet amb-web\n");
        fails(69, "remove it: `nft delete table inet amb-web`", || command(ROLE, "open"));
    });
}

#[test]
fn when_the_port_is_taken() {
    inside("when_the_port_is_taken", || {
        let _taken = TcpListener::bind("127.0.0.1:15001").unwrap();
        fails(69, "127.0.0.1:15001 is taken", || command(ROLE, "open"));
    });
}

#[test]
fn as_root() {
    inside("as_root", || {
        fails(78, "the proxy would make its calls as root", || {
            let mut command = Command::new(ROLE);
            command.env(POLICY, "rootless");
            command
        });
    });
}

#[test]
fn under_a_uid_that_others_use() {
    inside("under_a_uid_that_others_use", || {
        let mut other = Command::new("sleep").arg("60").uid(PROXY).gid(PROXY).spawn().unwrap();
        let sentence = format!("uid {PROXY} is also used by process {} (`sleep`)", other.id());
        fails(78, &sentence, || command(ROLE, "open"));
        other.kill().unwrap();
        other.wait().unwrap();
        Proxy::start(ROLE, "open").kill();
    });
}

#[test]
fn when_other_rules_come_first() {
    inside("when_other_rules_come_first", || {
        nft::load(
            "table inet theirs {\nchain output {\ntype nat hook output priority -150;\n\
             tcp dport 80 redirect to :9\n}\n}\n",
        );
        let before = nft::ruleset();
        for policy in ["open", "closed"] {
            let failed = Proxy::try_start(&mut command(ROLE, policy)).unwrap_err();
            assert_eq!(failed.code, Some(71), "{:#?}", failed.said);
            let last = failed.said.last().unwrap();
            assert!(last.contains("did not arrive at the proxy"), "{last}");
            assert_eq!(nft::ruleset(), before, "{policy}");
        }
    });
}
