//! What one call's ends do, well or badly, is nothing to the other calls on the same connections.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use amb_tests_wire::frames::*;

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
        let mut left = MESSAGES;
        while let Some(message) = serving.find(|frame| frame.kind == DATA) {
            left -= 1;
            serving.send(&eager(message.stream, &message));
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
        // So that each goes on in a frame of its own.
        assert!(peer.is_alive(), "{at}");
    }
    let ends = [(), ()].map(|()| peer.find(|frame| frame.is(DATA, END_STREAM)).unwrap().payload);
    assert_eq!(ends.map(|end| String::from_utf8(end).unwrap()), ["enough", "fine"]);
}
