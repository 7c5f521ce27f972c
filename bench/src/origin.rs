//! The servers behind all proxies: nginx when it counts, a scripted one when it is about behaviour.

use std::collections::VecDeque;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::folder::Folder;
use crate::process::Running;
use crate::programs::find;
use crate::protocol::Protocol::{Http1, Http2};
use crate::request::{GRPC, LARGE, MEDIUM, OVER_HTTP2};

/// Starts nginx and waits until it answers.
pub(crate) fn start(folder: &Folder) -> Running {
    let [_, kilo, eight] = OVER_HTTP2;
    for path in [kilo, eight, MEDIUM, LARGE] {
        let (_, size) = path.rsplit_once('/').unwrap();
        folder.file(size, &"0123456789abcdef".repeat(size.parse::<usize>().unwrap() / 16));
    }
    let text = include_str!("../peers/origin.conf");
    let text = text.replace("@FOLDER@", &folder.path().to_string_lossy());
    let text =
        text.replace("@ORIGIN@", Http1.origin()).replace("@SMALL@", &"0123456789".repeat(10));
    let file = folder.file("origin.conf", &text);
    // INVARIANT: `main` has looked for it.
    let mut command = Command::new(find("nginx").unwrap());
    command.arg("-c").arg(file).args(["-e", "/dev/null"]);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let origin = Running::new(command.spawn().expect("nginx runs"));
    await_port(Http1.origin());
    origin
}

/// Starts nghttpd, which reads what is posted and has trailers, as servers of gRPC do.
pub(crate) fn start_http2(folder: &Folder) -> Running {
    for path in OVER_HTTP2.into_iter().chain(GRPC) {
        // INVARIANT: a path ends with the size of its answer.
        let size = path.rsplit(|it: char| !it.is_ascii_digit()).next().unwrap();
        let file = folder.path().join("http2").join(path.trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap()).expect("a folder for answers can be made");
        fs::write(file, "x".repeat(size.parse().unwrap())).expect("an answer can be written");
    }
    let (address, port) = Http2.origin().split_once(':').unwrap();
    // INVARIANT: nobody comes here without it.
    let mut command = Command::new(find("nghttpd").unwrap());
    command.args(["--no-tls", "-n1", "--trailer=grpc-status: 0", "--address", address]);
    command
        .args(["--max-concurrent-streams=1024", "-d"])
        .arg(folder.path().join("http2"))
        .arg(port);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let origin = Running::new(command.spawn().expect("nghttpd runs"));
    await_port(Http2.origin());
    origin
}

/// Waits until somebody listens there.
fn await_port(address: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < end, "nobody listens on {address}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// What a scripted origin does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Fine,
    Unavailable,
    /// Reads it and says nothing.
    Silence,
}

/// An origin that does as it is told, and notes what it sees.
pub(crate) struct Scripted {
    state: Arc<State>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    script: Mutex<(VecDeque<Answer>, Option<Answer>)>,
    seen: Mutex<Seen>,
    ending: AtomicBool,
}

/// What an origin saw since the script was changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    pub(crate) heads: Vec<String>,
}

impl Scripted {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(Http1.origin()).unwrap_or_else(|error| {
            panic!("{}, where proxies look for their origin, is not free: {error}", Http1.origin())
        });
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let thread = thread::spawn(move || accept(&listener, &shared));
        Self { state, thread }
    }

    /// These answers first, then always the last.
    pub(crate) fn play(&self, first: &[Answer], then: Answer) {
        *self.state.script.lock().unwrap() = (first.iter().copied().collect(), Some(then));
        *self.state.seen.lock().unwrap() = Seen::default();
    }

    pub(crate) fn seen(&self) -> Seen {
        self.state.seen.lock().unwrap().clone()
    }

    pub(crate) fn stop(self) {
        self.state.ending.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(Http1.origin()));
        self.thread.join().unwrap();
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for stream in listener.incoming() {
        if state.ending.load(Ordering::SeqCst) {
            return;
        }
        state.seen.lock().unwrap().connections += 1;
        let state = Arc::clone(state);
        // A connection ends when the proxy ends it.
        thread::spawn(move || serve(stream.unwrap(), &state));
    }
}

fn serve(mut stream: TcpStream, state: &State) -> Option<()> {
    loop {
        let head = head(&mut stream)?;
        state.seen.lock().unwrap().heads.push(head);
        let (first, then) = &mut *state.script.lock().unwrap();
        let status = match first.pop_front().or(*then)? {
            Answer::Fine => "200 OK",
            Answer::Unavailable => "503 Later",
            Answer::Silence => continue,
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nok");
        stream.write_all(answer.as_bytes()).ok()?;
    }
}

fn head(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => head.extend_from_slice(&buffer[..read]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&head).to_ascii_lowercase())
}
