//! What one call's ends do, well or badly, is nothing to the other calls on the same connections.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use amb_tests_wire::frames::*;
use amb_tests_wire::process::Process;
use amb_tests_wire::upstream::{Upstream, eventually};

use crate::peers::*;

/// Small messages, one at a time, far more of them than a connection's credit.
const MESSAGES: usize = 2_000;

/// How gRPC for Go reads: it opens both windows and measures the line after each message.
fn eager(stream: u32, read: &Frame) -> [Frame; 3] {
    let by = read.payload.len() as u32;
    [window_update(0, by), window_update(stream, by), Frame::new(PING, 0, 0, [7; 8])]
}

#[test]
fn a_caller_may_answer_each_message_with_windows_and_a_ping() {
    let (read, next) = channel();
    let next = Mutex::new(next);
    let upstream = serving(move |serving| {
        let (Some(bystander), Some(stream)) = (serving.request(), serving.request()) else {
            return;
        };
        serving.send(&[headers(stream, END_HEADERS, &[(":status", "200")])]);
        let next = next.lock().unwrap();
        while let Ok(()) = next.recv() {
            serving.send(&[data(stream, 0, "ten bytes.")]);
        }
        serving.answer(bystander, "fine");
    });
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    peer.frames(&[get(1, TWO), get(3, TWO)]);
    for at in 0..MESSAGES {
        read.send(()).unwrap();
        let message = peer.find(|frame| frame.kind == DATA).unwrap_or_else(|| panic!("{at}"));
        assert_eq!(message.payload, b"ten bytes.");
        peer.frames(&eager(3, &message));
    }
    drop(read);
    assert_eq!(peer.find(|frame| frame.is(DATA, END_STREAM)).unwrap().payload, b"fine");
}

#[test]
fn an_upstream_may_answer_each_message_with_windows_and_a_ping() {
    let upstream = serving(move |serving| {
        let Some(bystander) = serving.request() else { return };
        let mut left = MESSAGES * "ten bytes.".len();
        while let Some(message) = serving.find(|frame| frame.kind == DATA) {
            left -= message.payload.len();
            if !message.payload.is_empty() {
                serving.send(&eager(message.stream, &message));
            }
            if left == 0 {
                serving.answer(message.stream, "enough");
                serving.answer(bystander, "fine");
            }
        }
    });
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    peer.frames(&[get(1, TWO), headers(3, END_HEADERS, &request("POST", TWO))]);
    for at in 0..MESSAGES {
        peer.frame(&data(3, 0, "ten bytes."));
        // So that nearly each goes on in a frame of its own.
        assert!(peer.is_alive(), "{at}");
    }
    let ends = [(), ()].map(|()| peer.find(|frame| frame.is(DATA, END_STREAM)).unwrap().payload);
    assert_eq!(ends.map(|end| String::from_utf8(end).unwrap()), ["enough", "fine"]);
}

/// Calls that end badly: more than a connection remembers, and more than `h2` lets it have in its life.
const CALLS: u32 = 3_000;
/// As many at once.
const AT_ONCE: u32 = 50;

fn post(stream: u32) -> Frame {
    headers(stream, END_HEADERS, &request("POST", TWO))
}

/// Streams of the caller's, fifty at a time; the first one is the bystander's.
fn rounds() -> impl Iterator<Item = Vec<u32>> {
    (0..CALLS / AT_ONCE)
        .map(|round| (1..=AT_ONCE).map(|at| 2 * (round * AT_ONCE + at) + 1).collect())
}

/// Answers the first call of a connection when it is told to.
fn held() -> (Sender<()>, Upstream) {
    let (release, released) = channel();
    let released = Mutex::new(released);
    let upstream = serving(move |serving| {
        if let Some(stream) = serving.request() {
            released.lock().unwrap().recv().unwrap();
            serving.answer(stream, "fine");
            serving.find(|_| false);
        }
    });
    (release, upstream)
}

#[test]
fn calls_may_be_begun_and_cancelled_in_one_read() {
    let (release, upstream) = held();
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    peer.frame(&get(1, TWO));
    let cancelled = (1..500).flat_map(|at| [post(2 * at + 1), reset(2 * at + 1, CANCEL)]);
    peer.frames(&cancelled.collect::<Vec<_>>());
    assert!(peer.is_alive());
    release.send(()).unwrap();
    assert_eq!(peer.find(|frame| frame.kind == DATA).unwrap().payload, b"fine");
}

/// The upstream answers calls that were cancelled long ago.
#[test]
fn late_answers_end_no_call_of_somebody_else() {
    let seen = [0; 2].map(|_| Arc::new(AtomicUsize::new(0)));
    let [begun, cancelled] = seen.clone();
    let upstream = serving(move |serving| {
        let Some(bystander) = serving.request() else { return };
        let mut late = Vec::new();
        while late.len() < CALLS as usize {
            let Some(frame) = serving.receive() else { return };
            begun.fetch_add(usize::from(frame.kind == HEADERS), Ordering::SeqCst);
            if frame.kind == RST_STREAM {
                late.push(frame.stream);
                cancelled.fetch_add(1, Ordering::SeqCst);
            }
        }
        late.iter().for_each(|stream| assert!(serving.answer(*stream, "late")));
        serving.answer(bystander, "fine");
        serving.find(|_| false);
    });
    let proxy = proxy(&upstream);
    let mut bystander = Peer::connect(proxy.address());
    bystander.frame(&get(1, TWO));
    eventually("the bystander's call", || upstream.connections() == 1);
    let [begun, cancelled] = seen;
    let mut peer = Peer::connect(proxy.address());
    for streams in rounds() {
        let calls = (streams.last().unwrap() / 2) as usize;
        if calls.is_multiple_of(500) {
            // More of them at once would be a flood.
            peer = Peer::connect(proxy.address());
        }
        peer.frames(&streams.iter().map(|stream| post(*stream)).collect::<Vec<_>>());
        eventually("the calls", || begun.load(Ordering::SeqCst) == calls);
        peer.frames(&streams.iter().map(|stream| reset(*stream, CANCEL)).collect::<Vec<_>>());
        eventually("their end", || cancelled.load(Ordering::SeqCst) == calls);
    }
    assert_eq!(bystander.find(|frame| frame.kind == DATA).unwrap().payload, b"fine");
    assert_eq!(upstream.connections(), 1);
}

/// What a caller still sends of uploads that were answered before they were complete.
#[test]
fn late_uploads_end_no_other_call_of_their_caller() {
    let (release, released) = channel();
    let released = Mutex::new(released);
    let upstream = serving(move |serving| {
        let Some(bystander) = serving.request() else { return };
        for _ in 0..CALLS {
            let Some(head) = serving.find(|frame| frame.kind == HEADERS) else { return };
            serving.answer(head.stream, "enough");
        }
        released.lock().unwrap().recv().unwrap();
        serving.answer(bystander, "fine");
        serving.find(|_| false);
    });
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    peer.frame(&get(1, TWO));
    for streams in rounds() {
        peer.frames(&streams.iter().map(|stream| post(*stream)).collect::<Vec<_>>());
        for _ in streams {
            assert!(peer.find(|frame| frame.kind == RST_STREAM).is_some());
        }
    }
    peer.frames(&rounds().flatten().map(|stream| data(stream, 0, "late")).collect::<Vec<_>>());
    release.send(()).unwrap();
    assert_eq!(peer.find(|frame| frame.kind == DATA).unwrap().payload, b"fine");
}

/// Streams that nobody reads for now, full of tiny frames.
const STALLED: u32 = 20;
/// What a proxy that keeps them may take, in KiB: the frames' places in `h2` would be twice as much.
const MEMORY: u64 = 20 * 1024;

/// As many messages as a window allows.
fn messages(stream: u32) -> Vec<Frame> {
    vec![data(stream, 0, "ten bytes."); 65_535 / 10]
}

fn live(upstream: &Upstream) -> Process {
    let arguments = ["versions".to_owned(), upstream.address.to_string()];
    Process::start(env!("CARGO_BIN_EXE_live"), &arguments)
}

#[test]
fn readers_that_stall_end_no_call_of_somebody_else() {
    let upstream = serving(move |serving| {
        let Some(bystander) = serving.request() else { return };
        let mut streams = Vec::new();
        while streams.len() < STALLED as usize {
            let Some(stream) = serving.request() else { return };
            serving.send(&[headers(stream, END_HEADERS, &[(":status", "200")])]);
            streams.push(stream);
        }
        streams.iter().for_each(|stream| assert!(serving.send(&messages(*stream))));
        serving.answer(bystander, "fine");
        streams.iter().for_each(|stream| assert!(serving.send(&[data(*stream, END_STREAM, "")])));
        serving.find(|_| false);
    });
    let proxy = live(&upstream);
    let mut bystander = Peer::connect(proxy.address);
    bystander.frame(&get(1, TWO));
    eventually("the bystander's call", || upstream.connections() == 1);
    let mut peer = Peer::connect_with(proxy.address, &[(4, 0)]);
    peer.frames(&(0..STALLED).map(|at| get(2 * at + 1, TWO)).collect::<Vec<_>>());
    assert_eq!(bystander.find(|frame| frame.kind == DATA).unwrap().payload, b"fine");
    assert!(proxy.peak_memory() < MEMORY, "{} KiB", proxy.peak_memory());
    // What was kept is all there, in its order, up to its end.
    peer.frame(&window_update(1, 100_000));
    let (mut got, mut ended) = (Vec::<u8>::new(), false);
    while !ended {
        let frame = peer.find(|frame| frame.kind == DATA).unwrap();
        got.extend(&frame.payload);
        ended = frame.is(DATA, END_STREAM);
    }
    assert_eq!(got, b"ten bytes.".repeat(65_535 / 10));
}

#[test]
fn upstreams_that_stall_end_no_other_call_of_their_caller() {
    let upstream = Upstream::with(move |connection| {
        let Some(mut serving) = Serving::begin(connection, &[(4, 0)]) else { return };
        let Some(bystander) = serving.request() else { return };
        serving.send(&[headers(bystander, WHOLE, &[(":status", "204")])]);
        serving.find(|_| false);
    });
    let proxy = live(&upstream);
    let mut peer = Peer::connect(proxy.address);
    for at in 0..STALLED {
        peer.frames(&[vec![post(2 * at + 1)], messages(2 * at + 1)].concat());
    }
    peer.frame(&get(2 * STALLED + 1, TWO));
    assert_eq!(peer.find(|frame| frame.kind == HEADERS).unwrap().status(), 204);
    assert!(proxy.peak_memory() < MEMORY, "{} KiB", proxy.peak_memory());
}

/// Calls that a connection takes before it goes away.
const TAKEN: usize = 10;

/// Each connection answers ten calls, and says that it has looked at no other. `plain-two` has no `retry`.
#[test]
fn what_connections_that_go_away_refuse_is_sent_until_it_is_taken() {
    const ALL: u32 = 100;
    let carried = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&carried);
    let upstream = serving(move |serving| {
        let taken: Vec<_> = (0..TAKEN).map_while(|_| serving.request()).collect();
        counted.fetch_add(taken.len(), Ordering::SeqCst);
        serving.send(&[go_away(*taken.last().unwrap_or(&0), NO_ERROR)]);
        // Those that it has taken wait for their answers meanwhile.
        taken.iter().for_each(|stream| assert!(serving.answer(*stream, "fine")));
        serving.find(|_| false);
    });
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    let post = |stream| headers(stream, WHOLE, &request("POST", PLAIN_TWO));
    peer.frames(&(0..ALL).map(|at| post(2 * at + 1)).collect::<Vec<_>>());
    for at in 0..ALL {
        let head = peer.find(|frame| frame.kind == HEADERS).unwrap();
        assert_eq!(head.status(), 200, "{at}");
    }
    assert_eq!(carried.load(Ordering::SeqCst), ALL as usize);
}

#[test]
fn a_caller_that_goes_away_gets_its_answers() {
    let (release, upstream) = held();
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    peer.frames(&[get(1, TWO), go_away(0, NO_ERROR)]);
    assert!(peer.is_alive());
    release.send(()).unwrap();
    assert_eq!(peer.find(|frame| frame.kind == DATA).unwrap().payload, b"fine");
}
