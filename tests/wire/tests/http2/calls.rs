//! Many calls on one connection: who ends which, and what it takes to be told to calm down.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use amb_runtime::testing::Live;
use amb_tests_wire::caller::Caller;
use amb_tests_wire::frames::*;
use amb_tests_wire::policies::blame::Blame;
use amb_tests_wire::process::Process;
use amb_tests_wire::upstream::{Upstream, eventually, reply};

use crate::peers::*;

#[test]
fn one_connection_carries_many_calls() {
    let upstream = echo();
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    peer.frames(&(0..100).map(|at| get(2 * at + 1, TWO)).collect::<Vec<_>>());
    for _ in 0..100 {
        let end = peer.find(|frame| frame.is(DATA, END_STREAM)).unwrap();
        assert_eq!(end.payload, b"fine");
    }
    assert_eq!(upstream.connections(), 1);
    assert!(peer.is_alive());
}

/// A value that comes again is sent once, however many trace and correlation ids there are between.
#[test]
fn what_is_new_in_each_call_pushes_nothing_out_of_the_table() {
    let agent = "agent".repeat(50);
    let (lengths, seen) = channel();
    let upstream = serving(move |serving| {
        while let Some(head) = serving.receive() {
            if head.kind == HEADERS {
                lengths.send(head.payload.len()).unwrap();
                serving.answer(head.stream, "fine");
            }
        }
    });
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    for stream in (1..200).step_by(2) {
        let fields = [&request("GET", TRACED)[..], &[("user-agent", agent.as_str())]].concat();
        peer.frame(&headers(stream, WHOLE, &fields));
        peer.find(|frame| frame.is(DATA, END_STREAM)).unwrap();
    }
    let lengths: Vec<_> = seen.try_iter().collect();
    assert_eq!(lengths.len(), 100);
    assert!(lengths[1..].iter().all(|length| *length < 150), "{lengths:?}");
}

#[test]
fn no_connection_gets_more_calls_than_its_upstream_allows() {
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    let upstream = Upstream::with(move |connection| {
        let Some(mut serving) = Serving::begin(connection, &[(3, 4)]) else { return };
        let mut open = Vec::new();
        while let Some(stream) = serving.request() {
            open.push(stream);
            seen.fetch_max(open.len(), Ordering::SeqCst);
            if open.len() == 4 {
                open.drain(..).for_each(|stream| assert!(serving.answer(stream, "fine")));
            }
        }
    });
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    // The first round tells the proxy what is allowed.
    for round in 0..3 {
        let call = |stream| {
            let head = headers(stream, END_HEADERS, &request("POST", TWO));
            [head, data(stream, END_STREAM, "body")]
        };
        let calls = (0..40).flat_map(|at| call(2 * (round * 40 + at) + 1));
        peer.frames(&calls.collect::<Vec<_>>());
        for _ in 0..40 {
            assert!(peer.find(|frame| frame.is(DATA, END_STREAM)).is_some());
        }
    }
    assert_eq!(most.load(Ordering::SeqCst), 4);
}

/// By the caller's deadline, or by `idle`: after the head both are told in trailers.
#[test]
fn a_stream_of_grpc_whose_time_runs_out_says_so() {
    const STATUS: &str = r#""grpc_status":"deadline-exceeded""#;
    let upstream = serving(|serving| {
        while let Some(stream) = serving.request() {
            let fields = [(":status", "200"), ("content-type", "application/grpc")];
            let message = data(stream, 0, b"\0\0\0\0\x02hi");
            serving.send(&[headers(stream, END_HEADERS, &fields), message]);
        }
    });
    let proxy = Live::start::<Blame>(1, &[("pricing", upstream.address)]);
    let mut peer = Peer::connect(proxy.address());
    let head = |path| {
        [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "pricing.shop.svc"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]
    };
    let quote = [&head("/shop.v1.Prices/Quote")[..], &[("grpc-timeout", "200m")]].concat();
    peer.frame(&headers(1, WHOLE, &quote));
    peer.frame(&headers(3, WHOLE, &head("/shop.v1.Prices/Collect")));
    let mut ends = Vec::new();
    while ends.len() < 2 {
        let end = |frame: &Frame| {
            frame.stream > 0 && (frame.kind == RST_STREAM || frame.is(frame.kind, END_STREAM))
        };
        let end = peer.find(end);
        let Frame { kind, stream, .. } = end.unwrap();
        ends.push((stream, kind));
    }
    assert_eq!(ends, [(1, HEADERS), (3, HEADERS)]);
    eventually("the log lines", || proxy.log().matches(STATUS).count() == 2);
    // The trailers are the proxy's.
    assert_eq!(proxy.log().matches(r#""source":"proxy""#).count(), 2);
}

/// The upstream says only after sixty calls that it allows ten. `plain-two` has no `retry`.
#[test]
fn what_was_more_than_an_upstream_allows_is_sent_again() {
    let first = AtomicBool::new(true);
    let upstream = Upstream::with(move |connection| {
        let Some(mut serving) = Serving::listen(connection) else { return };
        let calls = if first.swap(false, Ordering::SeqCst) { 60 } else { 1 };
        let streams: Vec<_> = (0..calls).map_while(|_| serving.request()).collect();
        serving.say(&[(3, 10)]);
        for &stream in streams.iter().skip(10) {
            serving.send(&[reset(stream, REFUSED_STREAM)]);
        }
        streams.iter().take(10).for_each(|&stream| assert!(serving.answer(stream, "fine")));
        while let Some(stream) = serving.request() {
            serving.answer(stream, "fine");
        }
    });
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    peer.frames(&(0..60).map(|at| get(2 * at + 1, PLAIN_TWO)).collect::<Vec<_>>());
    for _ in 0..60 {
        assert_eq!(peer.find(|frame| frame.kind == HEADERS).unwrap().status(), 200);
    }
    // None of the others was given more than ten before it had said what it allows, either.
    assert!(upstream.connections() >= 6, "{}", upstream.connections());
    eventually("the log lines", || proxy.log().lines().count() == 60);
    assert!(proxy.log().lines().all(|line| line.contains("\"tries\":1")), "{}", proxy.log());
}

#[test]
fn calls_wait_where_none_are_allowed_for_now() {
    const CALLS: u32 = 4;
    let (refused, heard) = channel();
    let (lift, lifted) = channel();
    let lifted = Mutex::new(lifted);
    let upstream = Upstream::with(move |connection| {
        let Some(mut serving) = Serving::begin(connection, &[(3, 0)]) else { return };
        // These came before the proxy knew.
        for _ in 0..CALLS {
            let Some(stream) = serving.request() else { return };
            assert!(serving.send(&[reset(stream, REFUSED_STREAM)]));
        }
        refused.send(()).unwrap();
        lifted.lock().unwrap().recv().unwrap();
        assert!(serving.send(&[settings(&[(3, 100)])]));
        while let Some(stream) = serving.request() {
            serving.answer(stream, "fine");
        }
    });
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    peer.frames(&(0..CALLS).map(|at| get(2 * at + 1, TWO)).collect::<Vec<_>>());
    heard.recv().unwrap();
    lift.send(()).unwrap();
    for _ in 0..CALLS {
        assert!(peer.find(|frame| frame.is(DATA, END_STREAM)).unwrap().payload == b"fine");
    }
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn a_caller_that_resets_its_stream_cancels_the_call() {
    let (cancelled, heard) = channel();
    let cancelled = Mutex::new(cancelled);
    let upstream = serving(move |serving| {
        let stream = serving.request();
        let end = serving.find(|frame| frame.kind == RST_STREAM);
        cancelled.lock().unwrap().send((stream, end.map(|end| (end.stream, end.code())))).unwrap();
    });
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    peer.frame(&get(1, TWO));
    eventually("the call", || upstream.connections() == 1);
    assert!(peer.is_alive());
    peer.frame(&reset(1, CANCEL));
    assert_eq!(heard.recv().unwrap(), (Some(1), Some((1, CANCEL))));
    assert!(peer.is_alive());
    eventually("the log line", || proxy.log().contains(r#""status":499"#));
}

#[test]
fn an_answer_that_breaks_off_is_shown_as_such() {
    let upstream = serving(|serving| {
        while let Some(stream) = serving.request() {
            let head = headers(stream, END_HEADERS, &[(":status", "200")]);
            serving.send(&[head, data(stream, 0, "half"), reset(stream, INTERNAL_ERROR)]);
        }
    });
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    peer.frame(&get(1, TWO));
    let end = peer.find(|frame| frame.kind == RST_STREAM || frame.is(DATA, END_STREAM)).unwrap();
    assert_eq!((end.kind, end.code()), (RST_STREAM, INTERNAL_ERROR));
    assert!(peer.is_alive());
    let answer = Caller::connect(proxy.address()).call(http1("GET", TWO));
    assert!(!answer.complete);
    // To HTTP/1.0 the end of the connection would be the end of the answer.
    let mut old = TcpStream::connect(proxy.address()).unwrap();
    old.write_all(http1("GET", TWO).replace("HTTP/1.1", "HTTP/1.0").as_bytes()).unwrap();
    let error = old.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
    assert_eq!(error, Err(ErrorKind::ConnectionReset));
}

#[test]
fn a_caller_that_stops_in_the_middle_stops_the_upstream() {
    let (cancelled, heard) = channel();
    let cancelled = Mutex::new(cancelled);
    let upstream = serving(move |serving| {
        let end = serving.find(|frame| frame.kind == RST_STREAM);
        cancelled.lock().unwrap().send(end.map(|end| end.code())).unwrap();
    });
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    peer.frames(&[headers(1, END_HEADERS, &request("POST", TWO)), data(1, 0, "half")]);
    eventually("the call", || upstream.connections() == 1);
    assert!(peer.is_alive());
    drop(peer);
    assert_eq!(heard.recv().unwrap(), Some(CANCEL));
}

/// An upstream that refuses a stream has not looked at it: even a POST is sent again.
#[test]
fn what_was_refused_was_never_processed() {
    let turns = AtomicUsize::new(0);
    let upstream = serving(move |serving| {
        while let Some(stream) = serving.request() {
            match turns.fetch_add(1, Ordering::SeqCst) {
                0 | 1 | 3 => assert!(serving.send(&[reset(stream, REFUSED_STREAM)])),
                _ => assert!(serving.answer(stream, "fine")),
            }
        }
    });
    let proxy = proxy(&upstream);
    let call = |host| Caller::connect(proxy.address()).call(http1("POST", host));
    assert_eq!(call(TWO).text(), "fine");
    // Without `retry`, the caller hears of it.
    assert_eq!(call(PLAIN_TWO).status(), 503);
}

/// Above the last stream of GOAWAY nothing was processed; below it may have been.
#[test]
fn an_upstream_that_goes_away_loses_no_call() {
    // Method; which stream the upstream names as the last, behind the first; the answer.
    let rows = [("GET", 1, 200), ("POST", 1, 200), ("GET", 3, 200), ("POST", 3, 502)];
    for (method, last, status) in rows {
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let upstream = serving(move |serving| {
            while let Some(stream) = serving.request() {
                if counted.fetch_add(1, Ordering::SeqCst) == 1 {
                    // The second request of all: it goes away in the middle of it.
                    assert!(serving.send(&[go_away(last, NO_ERROR)]));
                    return;
                }
                assert!(serving.answer(stream, "fine"));
            }
        });
        let proxy = proxy(&upstream);
        let mut caller = Caller::connect(proxy.address());
        assert_eq!(caller.call(http1("GET", PLAIN_TWO)).text(), "fine");
        let answer = caller.call(http1(method, PLAIN_TWO));
        assert_eq!(answer.status(), status, "{method}, last stream {last}");
        let expected = if status == 200 { 3 } else { 2 };
        assert_eq!(requests.load(Ordering::SeqCst), expected, "{method}, last stream {last}");
    }
}

#[test]
fn floods_end_the_connection() {
    let head = |stream| headers(stream, END_HEADERS, &request("POST", ONE));
    let cut = |stream| Frame::new(HEADERS, END_STREAM, stream, block(&request("GET", ONE)));
    /// The frames of one round; how often at most, and with which code it must end.
    type Row = (&'static str, Box<dyn Fn(u32) -> Vec<Frame>>);
    let rows: Vec<Row> =
        vec![
            ("ping", Box::new(|_| vec![Frame::new(PING, 0, 0, [0; 8])])),
            ("settings", Box::new(|_| vec![settings(&[(3, 100)])])),
            ("priority", Box::new(|_| vec![Frame::new(PRIORITY, 0, 1, [0, 0, 0, 3, 1])])),
            ("rapid reset", Box::new(move |at| vec![head(2 * at + 1), reset(2 * at + 1, CANCEL)])),
            (
                "empty data",
                Box::new(move |at| if at == 0 { vec![head(1)] } else { vec![data(1, 0, "")] }),
            ),
            (
                "continuation",
                Box::new(move |at| {
                    if at == 0 { vec![cut(1)] } else { vec![Frame::new(CONTINUATION, 0, 1, [])] }
                }),
            ),
            (
                "window update",
                Box::new(move |at| if at == 0 { vec![head(1)] } else { vec![window_update(1, 1)] }),
            ),
        ];
    let upstream = Upstream::script([reply("200 OK", "fine")]);
    let proxy = proxy(&upstream);
    for (name, round) in rows {
        let mut peer = Peer::connect(proxy.address());
        peer.frames(&(0..5_000).flat_map(&round).collect::<Vec<_>>());
        assert_eq!(peer.goodbye(), Some(ENHANCE_YOUR_CALM), "{name}");
    }
    // Others do not notice.
    assert_eq!(Caller::connect(proxy.address()).call(http1("GET", ONE)).text(), "fine");
}

/// A caller that opens its window byte by byte gets nothing faster, and the proxy keeps little.
#[test]
fn a_slow_reader_holds_the_sender_back() {
    const WINDOW: u32 = 256 * 1024;
    const WANTED: usize = 32 * 1024 * 1024;
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let upstream = Upstream::with(move |connection| {
        if !connection.request() {
            return;
        }
        connection.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 1_usize << 40));
        let part = vec![b'x'; 64 * 1024];
        while connection.send(&part) {
            counted.fetch_add(part.len(), Ordering::SeqCst);
        }
    });
    let arguments = ["versions".to_owned(), upstream.address.to_string()];
    let proxy = Process::start(env!("CARGO_BIN_EXE_live"), &arguments);
    let mut peer = Peer::connect_with(proxy.address, &[(4, WINDOW)]);
    peer.frame(&window_update(0, i32::MAX as u32 - 65_535));
    peer.frame(&get(1, ONE));
    let (mut read, mut owed) = (0, 0);
    while read < WANTED {
        let frame = peer.receive().unwrap();
        if frame.kind == DATA {
            read += frame.payload.len();
            owed += frame.payload.len() as u32;
        }
        if owed >= WINDOW / 2 {
            peer.frame(&window_update(1, owed));
            owed = 0;
        }
        // What lies between the two: the window, and what the system buffers for two connections.
        let ahead = sent.load(Ordering::SeqCst).saturating_sub(read);
        assert!(ahead < 16 * 1024 * 1024, "{ahead} bytes ahead");
    }
    let memory = proxy.peak_memory();
    assert!(memory < 30 * 1024, "{memory} KiB");
}
