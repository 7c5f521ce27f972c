//! HTTP/2 with real programs at both ends: curl, nghttp and h2load before the proxy, nginx and
//! nghttpd behind it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};

use amb_tests_wire::peers::{Folder, Nghttpd, Nginx, have};
use amb_tests_wire::process::Process;
use amb_tests_wire::upstream::eventually;

const SIZES: [usize; 5] = [0, 1, 16 * 1024, 65_536, 20 * 1024 * 1024];
/// KiB. Unoptimised code and the harness included.
const MEMORY: u64 = 30 * 1024;

/// Bytes that are not the same anywhere.
fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * at / 251 + at / 65_521) as u8).collect()
}

fn proxy(upstream: SocketAddr) -> Process {
    Process::start(env!("CARGO_BIN_EXE_live"), &["versions".to_owned(), upstream.to_string()])
}

/// One request of curl's in that version.
fn curl(proxy: &Process, (version, host): (&str, &str), path: &str, more: &[&str]) -> Output {
    let port = proxy.address.port();
    let host = format!("{host}.shop.svc");
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--max-time", "60", "--noproxy", "*", version])
        .args(["--resolve", &format!("{host}:{port}:127.0.0.1")])
        .args(more)
        .arg(format!("http://{host}:{port}{path}"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{version} {host} {path}: {said}");
    output
}

const HTTP1: &str = "--http1.1";
const HTTP2: &str = "--http2-prior-knowledge";

#[test]
fn bodies_cross_in_every_direction_in_bounded_memory() {
    if !have(&["nginx", "curl"]) {
        return;
    }
    let folder = Folder::new("versions");
    for (start, hosts) in [
        (Nginx::start as fn(&Folder) -> Nginx, ["one"]),
        (Nginx::start_http2 as fn(&Folder) -> Nginx, ["two"]),
    ] {
        let nginx = start(&folder);
        let proxy = proxy(nginx.address);
        for (host, size) in hosts.into_iter().flat_map(|host| SIZES.map(|size| (host, size))) {
            let original = bytes(size);
            let file = folder.file("original", &original);
            let file = file.to_str().unwrap();
            for version in [HTTP1, HTTP2] {
                let how = format!("{size} B, {version}, {host}");
                for path in ["/original", "/chunked/original"] {
                    let got = curl(&proxy, (version, host), path, &[]).stdout;
                    assert!(got == original, "{how}, down from {path}");
                }
                // curl 7.88 never ends an empty body that it sends in chunks.
                let chunked = ["--upload-file", file, "--header", "transfer-encoding: chunked"];
                let ways: &[&[&str]] = &[&["--upload-file", file], &chunked];
                let ways = if size == 0 { &ways[..1] } else { ways };
                for more in ways {
                    curl(&proxy, (version, host), "/stored", more);
                    assert!(read(folder.path(), "stored") == original, "{how}, up, {more:?}");
                }
            }
        }
        let memory = proxy.peak_memory();
        assert!(memory < MEMORY, "{memory} KiB");
    }
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

#[test]
fn heads_without_bodies_cross() {
    if !have(&["nginx", "curl"]) {
        return;
    }
    let folder = Folder::new("heads");
    folder.file("original", bytes(1000));
    let (one, two) = (Nginx::start(&folder), Folder::new("heads-2"));
    two.file("original", bytes(1000));
    let other = Nginx::start_http2(&two);
    for (address, host) in [(one.address, "one"), (other.address, "two")] {
        let proxy = proxy(address);
        for version in [HTTP1, HTTP2] {
            let head = curl(&proxy, (version, host), "/original", &["--head"]);
            let head = String::from_utf8(head.stdout).unwrap().to_ascii_lowercase();
            assert!(head.contains("content-length: 1000"), "{version} {host}: {head}");
            let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
            let field = format!("if-none-match: {tag}");
            let more = ["--header", &field, "--write-out", "%{http_code}"];
            let unchanged = curl(&proxy, (version, host), "/original", &more);
            assert_eq!(unchanged.stdout, b"304", "{version} {host}");
        }
    }
}

/// nghttp shows what it gets; nghttpd sends trailers.
#[test]
fn trailers_arrive() {
    if !have(&["nghttp", "nghttpd"]) {
        return;
    }
    let folder = Folder::new("trailers");
    folder.file("original", b"body");
    let server = Nghttpd::start(&folder, &["--trailer", "x-sum: 1", "--no-content-length"]);
    let proxy = proxy(server.address);
    let output = Command::new("nghttp")
        .args(["--verbose", "--no-dep", "-H", ":authority: two.shop.svc"])
        .arg(format!("http://{}/original", proxy.address))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let trailer = said.lines().position(|line| line.contains("x-sum: 1"));
    let body = said.lines().position(|line| line.contains("recv DATA frame"));
    assert!(trailer > body && body.is_some(), "{said}");
}

/// h2load's requests, all of which have to be answered.
fn load(proxy: &Process, host: &str, requests: u32, [clients, streams]: [&str; 2]) {
    load_with(proxy, (host, "/original"), requests, &["-c", clients, "-m", streams]);
}

fn load_with(proxy: &Process, (host, path): (&str, &str), requests: u32, more: &[&str]) {
    let authority = format!(":authority: {host}.shop.svc");
    let output = Command::new("h2load")
        .args(["-n", &requests.to_string(), "-H", &authority])
        .args(more)
        .arg(format!("http://{}{path}", proxy.address))
        .output()
        .unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    let well = format!("{requests} done, {requests} succeeded, 0 failed, 0 errored, 0 timeout");
    assert!(report.contains(&well), "{report}");
}

#[test]
fn a_hundred_thousand_calls_on_32_connections_with_32_streams_lose_none() {
    if !have(&["h2load", "nghttpd", "nginx"]) {
        return;
    }
    let folder = Folder::new("load");
    folder.file("original", b"fine");
    let server = Nghttpd::start(&folder, &[]);
    load(&proxy(server.address), "two", 100_000, ["32", "32"]);
    // nginx has no more than 512 connections, and over HTTP/1.1 every call needs one.
    let nginx = Nginx::start(&folder);
    load(&proxy(nginx.address), "one", 20_000, ["32", "8"]);
}

/// nginx leaves each connection after 200 requests, and says which of them it has looked at.
#[test]
fn an_upstream_that_goes_away_in_the_middle_of_load_loses_no_call() {
    if !have(&["h2load", "nginx"]) {
        return;
    }
    let folder = Folder::new("leaving");
    let body = folder.file("body", b"some body");
    let nginx = Nginx::start_leaving(&folder, 200);
    let proxy = proxy(nginx.address);
    let streams = ["-c", "8", "-m", "16"];
    load_with(&proxy, ("plain-two", "/ok"), 10_000, &streams);
    let post = [&streams[..], &["-d", body.to_str().unwrap()]].concat();
    load_with(&proxy, ("plain-two", "/ok"), 10_000, &post);
    // Nobody's POST was carried out twice.
    let carried_out = || {
        let log = fs::read_to_string(folder.path().join("access.log")).unwrap();
        log.lines().filter(|line| *line == "POST /ok").count()
    };
    eventually("nginx's log of the last calls", || carried_out() >= 10_000);
    assert_eq!(carried_out(), 10_000);
}
