//! What many calls at once took is not kept once they are over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use amb_tests_wire::frames::*;
use amb_tests_wire::process::Process;
use amb_tests_wire::upstream::eventually;

use crate::peers::*;

/// Connections of callers, each with as many calls as it may carry.
const CONNECTIONS: usize = 8;
const CALLS: usize = 128;
const PATIENCE: Duration = Duration::from_secs(30);

fn streams() -> impl Iterator<Item = u32> {
    (0..CALLS as u32).map(|at| 2 * at + 1)
}

/// Calls whose bodies are still to come.
fn begin(proxy: &Process) -> Peer {
    let mut peer = Peer::connect(proxy.address);
    let head = |stream| headers(stream, END_HEADERS, &request("POST", TWO));
    peer.frames(&streams().map(head).collect::<Vec<_>>());
    peer
}

fn end(peer: &mut Peer) {
    peer.frames(&streams().map(|stream| data(stream, END_STREAM, "five.")).collect::<Vec<_>>());
    for _ in streams() {
        assert_eq!(peer.find(|frame| frame.is(DATA, END_STREAM)).unwrap().payload, b"fine");
    }
}

#[test]
fn memory_that_a_burst_took_goes_back_to_the_system() {
    let (begun, left) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (calls, ended) = (Arc::clone(&begun), Arc::clone(&left));
    let upstream = serving(move |serving| {
        while let Some(frame) = serving.receive() {
            if frame.kind == HEADERS {
                calls.fetch_add(1, Ordering::SeqCst);
            }
            if frame.is(DATA, END_STREAM) {
                serving.answer(frame.stream, "fine");
            }
        }
        ended.fetch_add(1, Ordering::SeqCst);
    });
    let arguments = ["versions".to_owned(), upstream.address.to_string()];
    let proxy = Process::start(env!("CARGO_BIN_EXE_live"), &arguments);
    let idle = proxy.memory();
    let mut peers: Vec<_> = (0..CONNECTIONS).map(|_| begin(&proxy)).collect();
    let all = CONNECTIONS * CALLS;
    eventually("the last of the calls", || begun.load(Ordering::SeqCst) == all);
    peers.iter_mut().for_each(end);
    let over = Instant::now();
    while proxy.memory() > 2 * idle {
        assert!(over.elapsed() < PATIENCE, "{} KiB, at first {idle}", proxy.memory());
        thread::sleep(Duration::from_millis(50));
    }
    // One connection to the upstream is enough; no caller has lost its own.
    let others = upstream.connections() - 1;
    eventually("the end of the others", || left.load(Ordering::SeqCst) == others);
    assert!(peers.iter_mut().all(Peer::is_alive));
}
