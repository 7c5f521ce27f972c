//! How often the proxy asks the system for something, per request.
//!
//! Two reads and two writes carry a call; waiting is shared by the connections that are busy
//! together. Anything above that is waste that no test of behaviour would see.

use std::fs;
use std::process::{Command, Stdio};

use amb_tests_wire::HOST;
use amb_tests_wire::peers::{Folder, Nghttpd, Nginx, have};
use amb_tests_wire::process::Process;
use amb_tests_wire::upstream::eventually;

const CONNECTIONS: &str = "32";
const LIMIT: f64 = 4.3;
/// Of a call over HTTP/2 among 64; a write for each answer alone would be more.
const SHARED: f64 = 0.7;

/// wrk's requests in that many seconds.
fn load(proxy: &Process, seconds: u32) -> u64 {
    let output = Command::new("wrk")
        .args(["-t1", "-c", CONNECTIONS, "-d", &format!("{seconds}s")])
        .args(["-H", &format!("Host: {HOST}")])
        .arg(format!("http://{}/ok", proxy.address))
        .output()
        .unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(!report.contains("Non-2xx") && !report.contains("Socket errors"), "{report}");
    let line = report.lines().find(|line| line.contains(" requests in ")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// The `total` line of `strace -c`: `100.00    0.012345           1      8600        12 total`.
fn total(report: &str) -> u64 {
    let line = report.lines().find(|line| line.trim_end().ends_with(" total")).unwrap();
    line.split_whitespace().nth(3).unwrap().parse().unwrap()
}

#[test]
fn a_request_takes_hardly_more_than_two_reads_and_two_writes() {
    if !have(&["nginx", "wrk", "strace"]) {
        return;
    }
    let folder = Folder::new("syscalls");
    let nginx = Nginx::start(&folder);
    let arguments = ["full".to_owned(), nginx.address.to_string()];
    let proxy = Process::start(env!("CARGO_BIN_EXE_live"), &arguments);
    load(&proxy, 1);
    let (requests, report) = traced(&proxy, &folder, || load(&proxy, 3));
    let per_request = total(&report) as f64 / requests as f64;
    assert!(per_request <= LIMIT, "{per_request:.2} per request of {requests}\n{report}");
}

/// Answers of 1 KiB on streams that are busy together share their writes, as their requests do.
#[test]
fn answers_over_http2_share_their_writes() {
    if !have(&["nghttpd", "h2load", "strace"]) {
        return;
    }
    let folder = Folder::new("syscalls-http2");
    folder.file("1024", "x".repeat(1024));
    let server = Nghttpd::start(&folder, &[]);
    let arguments = ["versions".to_owned(), server.address.to_string()];
    let proxy = Process::start(env!("CARGO_BIN_EXE_live"), &arguments);
    let load = || {
        let calls = ["-t1", "-c2", "-m32", "-n8000", "-H", ":authority: two.shop.svc"];
        let address = format!("http://{}/1024", proxy.address);
        let output = Command::new("h2load").args(calls).arg(address).output().unwrap();
        let report = String::from_utf8(output.stdout).unwrap();
        assert!(report.contains("8000 succeeded, 0 failed"), "{report}");
        8_000
    };
    let (requests, report) = traced(&proxy, &folder, load);
    let per_request = total(&report) as f64 / f64::from(requests);
    assert!(per_request <= SHARED, "{per_request:.2} per request of {requests}\n{report}");
}

/// What strace counts of the proxy meanwhile.
fn traced<T>(proxy: &Process, folder: &Folder, load: impl FnOnce() -> T) -> (T, String) {
    let report = folder.path().join("strace");
    let mut strace = Command::new("strace")
        .args(["-c", "-f", "-p", &proxy.id().to_string(), "-o"])
        .arg(&report)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("strace's start", || is_traced(proxy.id()));
    let loaded = load();
    let interrupt = Command::new("kill").args(["-INT", &strace.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    strace.wait().unwrap();
    (loaded, fs::read_to_string(report).unwrap())
}

/// Every thread has a tracer.
fn is_traced(process: u32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    tasks.map(|task| task.unwrap().path().join("status")).all(|status| {
        let status = fs::read_to_string(status).unwrap();
        !status.contains("TracerPid:\t0\n")
    })
}
