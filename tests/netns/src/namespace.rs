//! A test starts itself again in a network namespace of its own.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

/// Set where a test is inside already.
const INSIDE: &str = "AMB_TEST_INSIDE";

/// Addresses that everything in a namespace is reached at, besides loopback.
const ADDRESSES: [&str; 6] = ["10.1.0.1", "10.2.0.1", "10.3.0.1", "fd01::1", "fd02::1", "fd03::1"];

/// Runs a test in a namespace that root made, and in one that was made without any privilege.
pub fn inside(test: &str, scenario: fn()) {
    inside_with(test, &[], scenario);
}

/// The same, where these programs are there too.
pub fn inside_with(test: &str, programs: &[&str], scenario: fn()) {
    if std::env::var_os(INSIDE).is_some() {
        furnish();
        return scenario();
    }
    if !rustix::process::geteuid().is_root() {
        return skip(test, "a second uid can only be had by root");
    }
    for program in ["unshare", "setpriv", "setcap", "ip", "nft"].iter().chain(programs) {
        if Command::new(program).arg("-h").output().is_err() {
            return skip(test, &format!("there is no `{program}`"));
        }
    }
    as_root(test);
    unprivileged(test);
}

/// Says so loudly; where nothing may be skipped, that is a failure.
fn skip(test: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{test} was not run: {why}");
    eprintln!("SKIPPED {test}: {why}");
}

fn as_root(test: &str) {
    let done = again(Command::new("unshare").arg("--net"), test).status().unwrap();
    assert!(done.success(), "{test} failed as root");
}

/// As a user without privileges who makes a user namespace, and is root in that.
fn unprivileged(test: &str) {
    let mut unshare = Command::new("setpriv");
    unshare.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
    unshare.args(["unshare", "--user", "--net", "--"]);
    // Waits for its uids, then is the test.
    unshare.args(["sh", "-c", "echo here; read go; exec \"$@\"", "sh"]);
    let mut child =
        again(&mut unshare, test).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    if line != "here\n" {
        child.wait().unwrap();
        return skip(test, "this kernel lets nobody make user namespaces");
    }
    // Uids of nobody else, so that the namespace has an application and a proxy.
    for map in ["uid_map", "gid_map"] {
        let path = format!("/proc/{}/{map}", child.id());
        std::fs::write(path, "0 65534 1\n1 200000 65000\n").unwrap();
    }
    child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    std::io::copy(&mut stdout, &mut std::io::stderr()).unwrap();
    assert!(child.wait().unwrap().success(), "{test} failed without privileges");
}

fn again<'a>(command: &'a mut Command, test: &str) -> &'a mut Command {
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(INSIDE, "1")
}

/// Another namespace, joined to the one of the test by a cable.
#[derive(Debug)]
pub struct Neighbour(Child);

impl Neighbour {
    /// A namespace with servers on these ports. The ends of the cable are 10.9.0.1 and fd09::1 here,
    /// 10.9.0.2 and fd09::2 there.
    pub fn join(role: &str, ports: &[&str]) -> Self {
        let mut command = Command::new("unshare");
        command.args(["--net", "--", role, "hold"]).args(ports);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "here\n");
        let neighbour = Self(child);
        let id = neighbour.0.id().to_string();
        ip(&["link", "add", "here", "type", "veth", "peer", "name", "there", "netns", &id]);
        end(&mut Command::new("ip"), "here", 1);
        end(&mut neighbour.inside("ip"), "there", 2);
        run(neighbour.inside("ip").args(["link", "set", "lo", "up"]));
        neighbour
    }

    /// A program over there.
    pub fn inside(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.0.id())).arg("--").arg(program);
        command
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

/// One end of the cable.
fn end(ip: &mut Command, device: &str, number: u8) {
    let again = |ip: &Command| {
        let mut command = Command::new(ip.get_program());
        command.args(ip.get_args());
        command
    };
    let v4 = format!("10.9.0.{number}/24");
    run(again(ip).args(["address", "add", &v4, "dev", device]));
    // Without a wait for somebody who has the address already.
    let v6 = format!("fd09::{number}/64");
    run(again(ip).args(["address", "add", &v6, "dev", device, "nodad"]));
    run(again(ip).args(["link", "set", device, "up"]));
}

/// Every address is our own, and every other one can be tried.
fn furnish() {
    ip(&["link", "set", "lo", "up"]);
    for address in ADDRESSES {
        let width = if address.contains(':') { 128 } else { 32 };
        ip(&["address", "add", &format!("{address}/{width}"), "dev", "lo"]);
    }
    ip(&["route", "add", "default", "dev", "lo"]);
    ip(&["-6", "route", "add", "default", "dev", "lo"]);
}

/// # Panics
/// If `ip` fails.
pub fn ip(arguments: &[&str]) {
    run(Command::new("ip").args(arguments));
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}
