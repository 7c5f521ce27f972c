//! What a redirecting proxy may still do once it is ready, however it was given its powers.
#![cfg(test)]

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use amb_tests_netns::calls::{Reached, call};
use amb_tests_netns::namespace::inside;
use amb_tests_netns::proxy::{POLICY, Proxy, command};
use amb_tests_netns::{APPLICATION, PROXY, nft, peers};

const ROLE: &str = env!("CARGO_BIN_EXE_role");
const DESTINATION: &str = "10.1.0.1:80";
const NONE: &str = "0000000000000000";

/// The line of every thread that begins so, without its beginning.
fn every_thread(process: u32, key: &str) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let statuses = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("status")));
    let line = |status: std::io::Result<String>| {
        let status = status.unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    statuses.map(line).collect()
}

fn is(process: u32, key: &str, value: &str) {
    let all = every_thread(process, key);
    assert!(all.len() >= 3, "control thread and workers: {all:?}");
    assert!(all.iter().all(|it| it == value), "{key} should be {value:?}: {all:?}");
}

/// The proxy redirects, is nobody but its user, and may do nothing else.
fn nothing_is_left(mut proxy: Command) -> Proxy {
    let proxy = Proxy::try_start(&mut proxy).unwrap();
    let ids = format!("{PROXY} {PROXY} {PROXY} {PROXY}");
    for (key, value) in [("Uid:", ids.as_str()), ("Gid:", &ids), ("Groups:", "")] {
        is(proxy.id(), key, value);
    }
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
        is(proxy.id(), set, NONE);
    }
    is(proxy.id(), "NoNewPrivs:", "1");
    is(proxy.id(), "Seccomp:", "2");
    let reached = call(ROLE, APPLICATION, &[DESTINATION]);
    assert_eq!(reached, [Reached::At(DESTINATION.parse().unwrap(), PROXY)]);
    proxy
}

/// Ends it as told; its table goes with it though it could not delete it any more.
fn ends(proxy: Proxy) {
    proxy.terminate();
    assert_eq!(proxy.wait().0, Some(0));
    assert_eq!(nft::ruleset(), Vec::<serde_json::Value>::new());
}

#[test]
fn as_root_it_becomes_its_user() {
    inside("as_root_it_becomes_its_user", || {
        peers::serve(&[80]);
        let mut root = Command::new(ROLE);
        root.env(POLICY, "open");
        let proxy = nothing_is_left(root);
        is(proxy.id(), "CapBnd:", NONE);
        ends(proxy);
    });
}

#[test]
fn with_one_capability_it_is_never_root() {
    inside("with_one_capability_it_is_never_root", || {
        peers::serve(&[80]);
        ends(nothing_is_left(command(ROLE, "open")));
    });
}

#[test]
fn with_the_capability_of_its_file_it_is_never_root() {
    inside("with_the_capability_of_its_file_it_is_never_root", || {
        peers::serve(&[80]);
        let copy = Copied::of(Path::new(ROLE));
        let start = || {
            let mut command = Command::new(&copy.0);
            command.env(POLICY, "open").uid(PROXY).gid(PROXY);
            command
        };
        // Without it the binary starts all the same, and says what is missing.
        let failed = Proxy::try_start(&mut start()).unwrap_err();
        assert_eq!(failed.code, Some(77), "{:#?}", failed.said);

        let setcap = Command::new("setcap").arg("cap_net_admin+p").arg(&copy.0).output().unwrap();
        assert!(setcap.status.success(), "{}", String::from_utf8_lossy(&setcap.stderr));
        ends(nothing_is_left(start()));
    });
}

/// A program that may be given capabilities.
struct Copied(PathBuf);

impl Copied {
    fn of(program: &Path) -> Self {
        let copy = std::env::temp_dir().join(format!("amb-role-{}", std::process::id()));
        fs::copy(program, &copy).unwrap();
        Self(copy)
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}
