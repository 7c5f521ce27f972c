//! Bodies of all sizes and framings through real programs at both ends: nginx and curl.
//!
//! Byte-identical up and down, and in bounded memory: a body is never collected.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use amb_runtime::testing::Live;
use amb_tests_wire::HOST;
use amb_tests_wire::caller::{Caller, get};
use amb_tests_wire::peers::{Folder, Nginx, have};
use amb_tests_wire::policies::passing::Passing;
use amb_tests_wire::process::Process;
use amb_tests_wire::upstream::{Upstream, reply};

const SIZES: [usize; 4] = [0, 1, 16 * 1024, 100 * 1024 * 1024];
/// KiB. Unoptimised code and the harness included.
const MEMORY: u64 = 30 * 1024;

/// Bytes that are not the same anywhere.
fn bytes(size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut word = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 32) as u32
    };
    let mut bytes: Vec<u8> = (0..size.div_ceil(4)).flat_map(|_| word().to_le_bytes()).collect();
    bytes.truncate(size);
    bytes
}

fn curl(proxy: SocketAddr, path: &str, arguments: &[&str]) {
    let port = proxy.port();
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--max-time", "60", "--noproxy", "*"])
        .args(["--resolve", &format!("{HOST}:{port}:127.0.0.1")])
        .args(arguments)
        .arg(format!("http://{HOST}:{port}{path}"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
}

/// How a body of that size is sent. curl 7.88 never ends an empty one that it sends in chunks.
fn uploads(size: usize) -> &'static [(&'static str, &'static [&'static str])] {
    let ways: &[(&str, &[&str])] = &[
        ("up, with a length", &[]),
        ("up, without asking", &["--header", "expect:"]),
        ("up, in chunks", &["--header", "transfer-encoding: chunked"]),
    ];
    if size == 0 { &ways[..2] } else { ways }
}

/// One body, on its way through the proxy.
struct Passage<'a> {
    proxy: SocketAddr,
    folder: &'a Folder,
    original: PathBuf,
    size: usize,
}

impl Passage<'_> {
    fn down(&self, how: &str, path: &str) {
        let [to, head] = ["arrived", "head"].map(|name| self.folder.path().join(name));
        let into = ["--output", text(&to), "--dump-header", text(&head)];
        curl(self.proxy, &format!("{path}original"), &into);
        let head = fs::read_to_string(&head).unwrap().to_ascii_lowercase();
        let chunked = head.contains("transfer-encoding: chunked");
        // nginx knows the length of nothing.
        assert_eq!(chunked, path == "/chunked/" && self.size > 0, "{how}: {head}");
        self.check(&to, how);
    }

    fn up(&self, how: &str, more: &[&str]) {
        let arguments = [&["--upload-file", text(&self.original)], more].concat();
        curl(self.proxy, "/stored", &arguments);
        self.check(&self.folder.path().join("stored"), how);
    }

    fn check(&self, arrived: &Path, how: &str) {
        let same = fs::read(&self.original).unwrap() == fs::read(arrived).unwrap();
        assert!(same, "{} B {how}: other bytes", self.size);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn bodies_arrive_as_they_were_sent_in_bounded_memory() {
    if !have(&["nginx", "curl"]) {
        return;
    }
    let folder = Folder::new("bodies");
    let nginx = Nginx::start(&folder);
    let arguments = ["full".to_owned(), nginx.address.to_string()];
    let proxy = Process::start(env!("CARGO_BIN_EXE_live"), &arguments);
    for size in SIZES {
        let original = folder.file("original", bytes(size));
        let passage = Passage { proxy: proxy.address, folder: &folder, original, size };
        passage.down("down, with a length", "/");
        passage.down("down, in chunks", "/chunked/");
        for (how, more) in uploads(size) {
            passage.up(how, more);
        }
    }
    let memory = proxy.peak_memory();
    assert!(memory < MEMORY, "{memory} KiB");
}

/// A buffer has 18 KiB; it is for connections that have something to say.
#[test]
fn connections_that_say_nothing_hold_no_buffers() {
    const SILENT: u64 = 400;
    let upstream = Upstream::script([reply("200 OK", "a"), reply("200 OK", "b")]);
    let arguments = ["full".to_owned(), upstream.address.to_string()];
    let proxy = Process::start(env!("CARGO_BIN_EXE_live"), &arguments);
    let call = || assert_eq!(Caller::connect(proxy.address).call(get("/")).status(), 200);
    call();
    let before = proxy.peak_memory();
    let silent = (0..SILENT).map(|_| TcpStream::connect(proxy.address).unwrap());
    let silent: Vec<_> = silent.collect();
    // What comes after them is answered after they were looked at.
    call();
    let each = (proxy.peak_memory() - before) as f64 / silent.len() as f64;
    assert!(each < 9.0, "{each} KiB for each");
}

/// Clients like Node's look for an answer when they have written everything.
#[test]
fn an_answer_to_an_upload_that_nobody_reads_is_there_when_all_is_written() {
    const UPLOAD: usize = 32 * 1024 * 1024;
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let early = Upstream::with(|connection| {
        connection.head();
        connection.send("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    let proxy = Live::start::<Passing>(1, &[("catalog", refused)]);
    for (host, status) in [(HOST.to_owned(), 502), (early.address.to_string(), 413)] {
        for framing in [format!("content-length: {UPLOAD}"), "transfer-encoding: chunked".into()] {
            let mut caller = Caller::connect(proxy.address());
            let stream = caller.stream();
            let mut head = format!("POST / HTTP/1.1\r\nhost: {host}\r\n{framing}\r\n\r\n");
            if framing.starts_with("transfer") {
                head += &format!("{UPLOAD:x}\r\n");
            }
            stream.write_all(head.as_bytes()).unwrap();
            let written = stream.write_all(&vec![b'x'; UPLOAD]);
            assert!(written.is_ok(), "{host}, {framing}: {written:?}");
            assert_eq!(caller.answer().status(), status, "{host}, {framing}");
        }
    }
}
