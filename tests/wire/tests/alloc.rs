//! A steady call on kept connections allocates nothing, with every filter of the policy on.
//!
//! Both ends of the conversation run in this process too; their threads are not counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use amb_runtime::testing::Live;
use amb_tests_wire::frames::*;
use amb_tests_wire::policies::full::Full;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The proxy's threads know nothing of this: they are counted.
    static IS_COUNTED: Cell<bool> = const { Cell::new(true) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(unsafe_code, reason = "there is no other way to see allocations")]
// SAFETY: everything is the system allocator's, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as promised by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as promised by our caller.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as promised by our caller.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn count() {
    if IS_COUNTED.get() {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
    }
}

const CALLS: usize = 1_000;
const REQUEST: &[u8] =
    b"POST /v1/stock/7?all HTTP/1.1\r\nhost: catalog.shop.svc\r\nuser-agent: test\r\n\
    accept: */*\r\nx-internal-debug: 1\r\ncontent-length: 5\r\n\r\nhello";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nserver: test\r\ncontent-type: text/plain\r\n\
    content-length: 5\r\n\r\nworld";

/// What the policy makes of the response.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nserver: test\r\ncontent-type: text/plain\r\n\
    content-length: 5\r\nx-served-by: catalog\r\n\r\nworld";

fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        IS_COUNTED.set(false);
        listener.incoming().for_each(|stream| drop(thread::spawn(|| answer(stream.unwrap()))));
    });
    address
}

/// Answers every request with the same bytes; a request ends with its body's last letter.
fn answer(mut stream: TcpStream) {
    IS_COUNTED.set(false);
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        if buffer[..read].ends_with(b"hello") {
            stream.write_all(RESPONSE).unwrap();
        }
    }
}

fn call(stream: &mut TcpStream) {
    let mut answer = [0; ANSWER.len()];
    stream.write_all(REQUEST).unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, ANSWER);
}

/// Two tests at once would count each other's.
static ALONE: Mutex<()> = Mutex::new(());

/// What the `h2` crate and `http`'s types take for a call that comes over HTTP/2 and goes over
/// HTTP/1.1, and the call's own memory.
const OVER_HTTP2: usize = 16;

#[test]
fn a_steady_call_over_http2_allocates_little() {
    let allocations = over_http2(1);
    assert!(allocations <= OVER_HTTP2, "{allocations} a call");
}

#[test]
fn so_do_many_at_once() {
    let allocations = over_http2(100);
    assert!(allocations <= OVER_HTTP2, "{allocations} a call");
}

/// Allocations of a call over HTTP/2, of so many at once.
fn over_http2(at_once: usize) -> usize {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    IS_COUNTED.set(false);
    let proxy = Live::start::<Full>(1, &[("catalog", origin())]);
    let mut peer = Peer::connect(proxy.address());
    let head = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/v1/stock/7?all"),
        (":authority", "catalog.shop.svc"),
        ("user-agent", "test"),
        ("accept", "*/*"),
        ("x-internal-debug", "1"),
        ("content-length", "5"),
    ];
    let mut next = 1;
    let mut calls = |rounds: usize| {
        for _ in 0..rounds {
            let streams = (0..at_once).map(|at| next + 2 * at as u32);
            let request =
                |stream| [headers(stream, END_HEADERS, &head), data(stream, END_STREAM, "hello")];
            peer.frames(&streams.clone().flat_map(request).collect::<Vec<_>>());
            let end = |_| {
                let end = peer.find(|frame| frame.is(DATA, END_STREAM)).unwrap();
                assert_eq!(end.payload, b"world");
                end.stream
            };
            let mut ended: Vec<_> = streams.clone().map(end).collect();
            ended.sort_unstable();
            assert!(ended.into_iter().eq(streams));
            next += 2 * at_once as u32;
        }
    };
    calls(CALLS / at_once);
    let before = ALLOCATIONS.load(Ordering::SeqCst);
    calls(CALLS / at_once);
    (ALLOCATIONS.load(Ordering::SeqCst) - before) / CALLS
}

#[test]
fn a_steady_call_allocates_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    IS_COUNTED.set(false);
    let proxy = Live::start::<Full>(1, &[("catalog", origin())]);
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    // Buffers grow, maps fill, connections are made.
    (0..CALLS).for_each(|_| call(&mut stream));
    let before = ALLOCATIONS.load(Ordering::SeqCst);
    (0..CALLS).for_each(|_| call(&mut stream));
    let allocations = ALLOCATIONS.load(Ordering::SeqCst) - before;
    assert_eq!(allocations, 0, "in {CALLS} calls");
}
