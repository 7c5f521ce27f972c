//! The end of a deployed proxy under load: whoever got through to it gets an answer.

use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use amb_tests_wire::caller::Caller;
use amb_tests_wire::frames::*;
use amb_tests_wire::process::Process;
use amb_tests_wire::upstream::{Upstream, eventually, reply};

/// Callers that connect anew for every call.
const NEW: usize = 4;
/// Callers that keep their connection for as long as the proxy does.
const KEPT: usize = 4;
/// Calls before the proxy is asked to stop.
const BEFORE: usize = 500;

struct Load {
    request: String,
    proxy: SocketAddr,
    answered: AtomicUsize,
    stopped: AtomicBool,
}

impl Load {
    /// One call on each connection, until nobody listens any more.
    fn connect_anew(&self) {
        while let Ok(stream) = TcpStream::connect(self.proxy) {
            let mut caller = Caller::of(stream);
            assert_eq!(caller.call(&self.request).text(), "fine");
            self.answered.fetch_add(1, Ordering::SeqCst);
            // Leave the proxy a chance: it stops once nobody has come for a while.
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
        }
    }

    /// One connection, until the proxy says that it is the last answer.
    fn keep(&self) {
        let mut caller = Caller::connect(self.proxy);
        loop {
            let answer = caller.call(&self.request);
            assert_eq!((answer.text(), answer.complete), ("fine", true));
            self.answered.fetch_add(1, Ordering::SeqCst);
            if answer.field("connection") == Some("close") {
                assert!(caller.is_closed());
                return;
            }
        }
    }
}

#[test]
fn every_request_that_was_accepted_is_answered() {
    let upstream = Upstream::script([reply("200 OK", "fine")]);
    let mut proxy = Process::start(env!("CARGO_BIN_EXE_stopping"), &[]);
    let load = Load {
        request: format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", upstream.address),
        proxy: proxy.address,
        answered: AtomicUsize::new(0),
        stopped: AtomicBool::new(false),
    };
    let mut idle = Caller::connect(proxy.address);
    assert_eq!(idle.call(&load.request).text(), "fine");
    thread::scope(|scope| {
        (0..NEW).for_each(|_| drop(scope.spawn(|| load.connect_anew())));
        (0..KEPT).for_each(|_| drop(scope.spawn(|| load.keep())));
        eventually("the load", || load.answered.load(Ordering::SeqCst) > BEFORE);
        proxy.terminate();
        load.stopped.store(true, Ordering::SeqCst);
    });
    // A connection that rests is closed, too.
    assert!(idle.is_closed());
    let (status, said) = proxy.end();
    assert_eq!(status.code(), Some(0), "{said:?}");
    let expect = ["amb stopping: draining: SIGTERM", "amb stopping: stopped"];
    assert_eq!(said, expect);
}

/// All of a request, or the rest of one.
#[test]
fn whoever_got_through_may_still_say_what_it_wants() {
    let upstream = Upstream::script([reply("200 OK", "fine")]);
    let request = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", upstream.address);
    for said in [0, 5] {
        let mut proxy = Process::start(env!("CARGO_BIN_EXE_stopping"), &[]);
        let mut caller = Caller::connect(proxy.address);
        caller.send(&request[..said]);
        proxy.terminate();
        assert_eq!(proxy.notice(), "amb stopping: draining: SIGTERM");
        proxy.terminate();
        assert_eq!(proxy.notice(), "amb stopping: closing: SIGTERM");
        let answer = caller.call(&request[said..]);
        assert_eq!((answer.text(), answer.field("connection")), ("fine", Some("close")));
        drop(caller);
        assert_eq!(proxy.end().0.code(), Some(0));
    }
}

/// A proxy that drains while a call is under way.
struct Held {
    proxy: Process,
    caller: Caller,
    /// Lets the upstream answer `late`.
    release: Sender<()>,
    _upstream: Upstream,
}

impl Held {
    fn begin() -> Self {
        let (release, gate) = channel::<()>();
        let gate = Mutex::new(gate);
        let upstream = Upstream::with(move |connection| {
            connection.request();
            gate.lock().unwrap().recv().unwrap();
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate");
        });
        let mut proxy = Process::start(env!("CARGO_BIN_EXE_stopping"), &[]);
        let mut caller = Caller::connect(proxy.address);
        caller.send(format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", upstream.address));
        eventually("the request", || upstream.requests().len() == 1);
        proxy.terminate();
        assert_eq!(proxy.notice(), "amb stopping: draining: SIGTERM");
        Self { proxy, caller, release, _upstream: upstream }
    }

    /// The call ends as if nothing had been, and then the proxy does.
    fn finish(mut self) {
        self.release.send(()).unwrap();
        let answer = self.caller.answer();
        assert_eq!((answer.text(), answer.field("connection")), ("late", Some("close")));
        drop(self.caller);
        assert_eq!(self.proxy.end().0.code(), Some(0));
    }
}

#[test]
fn a_call_in_flight_is_finished() {
    Held::begin().finish();
}

#[test]
fn whoever_comes_while_it_closes_is_refused() {
    let mut held = Held::begin();
    let address = held.proxy.address;
    drop(TcpStream::connect(address).unwrap());
    held.proxy.terminate();
    assert_eq!(held.proxy.notice(), "amb stopping: closing: SIGTERM");
    eventually("the ports are closed", || TcpStream::connect(address).is_err());
    held.finish();
}

/// A caller of HTTP/2 is told with its next call; what it has begun is finished.
#[test]
fn callers_of_http2_are_told_to_leave() {
    let upstream = Upstream::with(|connection| {
        // `otherwise pass` speaks as the caller does.
        let mut serving = Serving::begin(connection, &[]).unwrap();
        while let Some(stream) = serving.request() {
            serving.answer(stream, "fine");
        }
    });
    let mut proxy = Process::start(env!("CARGO_BIN_EXE_stopping"), &[]);
    let mut peer = Peer::connect(proxy.address);
    let authority = upstream.address.to_string();
    let get = |stream| {
        let head =
            [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", &authority)];
        headers(stream, WHOLE, &head)
    };
    peer.frame(&get(1));
    assert_eq!(peer.find(|frame| frame.kind == HEADERS).unwrap().status(), 200);
    proxy.terminate();
    assert_eq!(proxy.notice(), "amb stopping: draining: SIGTERM");
    peer.frame(&get(3));
    let (mut answered, mut left) = (false, false);
    while !(answered && left) {
        let frame = peer.receive().expect("the connection ended too early");
        answered |= frame.kind == HEADERS && frame.stream == 3;
        left |= frame.kind == GOAWAY && frame.code() == NO_ERROR;
        if frame.kind == PING && frame.flags == 0 {
            peer.frame(&Frame { flags: ACK, ..frame });
        }
    }
    assert_eq!(peer.goodbye().unwrap_or(NO_ERROR), NO_ERROR);
    assert_eq!(proxy.end().0.code(), Some(0));
}
