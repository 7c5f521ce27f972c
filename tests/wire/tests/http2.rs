//! HTTP/2 by hand, on either side: what crosses to the other version, who ends a stream, what is
//! refused, and what it takes to be told to calm down.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use amb_runtime::testing::Live;
use amb_tests_wire::caller::Caller;
use amb_tests_wire::frames::*;
use amb_tests_wire::policies::versions::Versions;
use amb_tests_wire::process::Process;
use amb_tests_wire::upstream::{Upstream, eventually, keep, reply};

const ONE: &str = "one.shop.svc";
const TWO: &str = "two.shop.svc";
const PLAIN_TWO: &str = "plain-two.shop.svc";
const TRACED: &str = "traced.shop.svc";
const EITHER: &str = "either.shop.svc";

/// All upstreams of the policy at one address.
fn proxy(upstream: &Upstream) -> Live {
    let names = ["one", "two", "plain-two", "traced", "either"];
    Live::start::<Versions>(1, &names.map(|name| (name, upstream.address)))
}

fn request<'a>(method: &'a str, host: &'a str) -> [(&'a str, &'a str); 4] {
    [(":method", method), (":scheme", "http"), (":path", "/a?b"), (":authority", host)]
}

fn get(stream: u32, host: &str) -> Frame {
    headers(stream, WHOLE, &request("GET", host))
}

/// Upstreams that speak HTTP/2: a thread per connection.
fn serving(serve: impl Fn(&mut Serving<'_>) + Send + Sync + 'static) -> Upstream {
    Upstream::with(move |connection| {
        if let Some(mut serving) = Serving::begin(connection, &[]) {
            serve(&mut serving);
        }
    })
}

/// Answers every request.
fn echo() -> Upstream {
    serving(|serving| {
        while let Some(stream) = serving.request() {
            serving.answer(stream, "fine");
        }
    })
}

fn http1(method: &str, host: &str) -> String {
    format!("{method} /a?b HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n")
}

#[test]
fn a_request_crosses_to_http1() {
    /// Method, fields, body, trailers; what the upstream gets.
    type Row = (
        &'static str,
        &'static [(&'static str, &'static str)],
        Option<&'static str>,
        &'static [(&'static str, &'static str)],
        &'static str,
    );
    let rows: [Row; 7] = [
        ("GET", &[("x", "y")], None, &[], "GET /a?b HTTP/1.1|host: @|x: y||"),
        ("POST", &[], None, &[], "POST /a?b HTTP/1.1|host: @|content-length: 0||"),
        (
            "POST",
            &[("content-length", "4")],
            Some("body"),
            &[],
            "POST /a?b HTTP/1.1|host: @|content-length: 4||body",
        ),
        (
            "POST",
            &[],
            Some("body"),
            &[("x-sum", "1")],
            "POST /a?b HTTP/1.1|host: @|transfer-encoding: chunked||4|body|0|x-sum: 1||",
        ),
        (
            "GET",
            &[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")],
            None,
            &[],
            "GET /a?b HTTP/1.1|host: @|cookie: a=1; b=2|x: y||",
        ),
        ("GET", &[("te", "trailers")], None, &[], "GET /a?b HTTP/1.1|host: @||"),
        ("OPTIONS", &[("x", " y ")], None, &[], "OPTIONS /a?b HTTP/1.1|host: @|x: y||"),
    ];
    let upstream = Upstream::script([reply("200 OK", "fine")]);
    let proxy = proxy(&upstream);
    for (at, (method, fields, body, trailers, expected)) in rows.into_iter().enumerate() {
        let mut peer = Peer::connect(proxy.address());
        let head = [&request(method, ONE)[..], fields].concat();
        let mut frames = vec![headers(1, END_HEADERS, &head)];
        frames.extend(body.map(|body| data(1, 0, body)));
        if !trailers.is_empty() {
            frames.push(headers(1, END_HEADERS, trailers));
        }
        frames.last_mut().unwrap().flags |= END_STREAM;
        peer.frames(&frames);
        assert_eq!(peer.find(|frame| frame.kind == HEADERS).unwrap().status(), 200);
        let end = peer.find(|frame| frame.is(DATA, END_STREAM)).unwrap();
        assert_eq!(end.payload, b"fine");
        let raw = String::from_utf8(upstream.requests()[at].raw.clone()).unwrap();
        assert_eq!(raw, expected.replace('|', "\r\n").replace('@', ONE), "{method} {fields:?}");
    }
}

/// Whatever HTTP/1.1 would read as something else never gets there.
#[test]
fn what_cannot_cross_is_refused() {
    let (long, many) = ("x".repeat(70_000), "x".repeat(30_000));
    let fields: Vec<_> = (0..101).map(|at| format!("x-{at}")).collect();
    let fields: Vec<_> = fields.iter().map(|name| (name.as_str(), "y")).collect();
    let host = |host| [&request("GET", ONE)[..3], &[(":authority", host)]].concat();
    let more = |fields: &[(&'static str, &'static str)]| [&request("GET", ONE), fields].concat();
    let path = |path| [&request("GET", ONE)[..2], &[(":path", path), (":authority", ONE)]].concat();
    // Fields, and the status or the error.
    type Row<'a> = (Vec<(&'a str, &'a str)>, Result<u16, u32>);
    let rows: Vec<Row<'_>> = vec![
        (more(&[("x", "a\r\nb: c")]), Err(PROTOCOL_ERROR)),
        (more(&[("x", "a\0b")]), Err(PROTOCOL_ERROR)),
        (more(&[("x\r\ny", "z")]), Err(PROTOCOL_ERROR)),
        (more(&[("x y", "z")]), Err(PROTOCOL_ERROR)),
        (more(&[("", "z")]), Err(PROTOCOL_ERROR)),
        (more(&[("host", "other.shop.svc")]), Ok(400)),
        (more(&[("proxy-connection", "close")]), Err(PROTOCOL_ERROR)),
        (more(&[("upgrade", "websocket")]), Err(PROTOCOL_ERROR)),
        (more(&[("content-length", "1, 1")]), Err(PROTOCOL_ERROR)),
        (more(&[("content-length", "1")]), Err(PROTOCOL_ERROR)),
        (more(&[(":authority", ONE)]), Err(PROTOCOL_ERROR)),
        (path("/a b"), Err(PROTOCOL_ERROR)),
        (path("/a\r\nx: y"), Err(PROTOCOL_ERROR)),
        (path("http://other.shop.svc/"), Err(PROTOCOL_ERROR)),
        (path("a"), Err(PROTOCOL_ERROR)),
        (path("*"), Ok(400)),
        (host("user@one.shop.svc"), Ok(400)),
        (host("one.shop.svc:port"), Ok(400)),
        (request("GET", ONE)[..3].to_vec(), Ok(400)),
        (vec![(":method", "CONNECT"), (":authority", ONE)], Ok(501)),
        ([&request("GET", ONE)[..], &fields].concat(), Ok(431)),
        ([&request("GET", ONE)[..], &[("x", &many), ("y", &many), ("z", &many)]].concat(), Ok(431)),
        ([&request("GET", ONE)[..], &[("x", &long)]].concat(), Ok(431)),
    ];
    let upstream = Upstream::script([reply("200 OK", "fine")]);
    let proxy = proxy(&upstream);
    let mut faults = Vec::new();
    for (fields, expected) in rows {
        let mut peer = Peer::connect(proxy.address());
        let block = block(&fields);
        let mut pieces = block.chunks(16_384);
        let first = Frame::new(HEADERS, END_STREAM, 1, pieces.next().unwrap());
        let rest = pieces.map(|piece| Frame::new(CONTINUATION, 0, 1, piece));
        let mut frames: Vec<_> = std::iter::once(first).chain(rest).collect();
        frames.last_mut().unwrap().flags |= END_HEADERS;
        peer.frames(&frames);
        let got = peer.find(|frame| matches!(frame.kind, HEADERS | RST_STREAM | GOAWAY));
        let got = got.map(|frame| match frame.kind {
            HEADERS => Ok(frame.status()),
            _ => Err(frame.code()),
        });
        let shown: String = format!("{fields:?}").chars().take(200).collect();
        if got != Some(expected) {
            faults.push(format!("{shown}: {got:?}, not {expected:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(upstream.requests().len(), 0);
}

#[test]
fn an_answer_crosses_from_http1() {
    // The upstream's answer; body and whether trailers follow.
    let rows = [
        ("HTTP/1.1 200 OK|content-length: 4||body", "body", false),
        ("HTTP/1.1 200 OK|transfer-encoding: chunked||2|bo|2;x|dy|0||", "body", false),
        ("HTTP/1.1 200 OK|transfer-encoding: chunked||4|body|0|x-sum: 1||", "body", true),
        ("HTTP/1.1 103 Early|link: x||HTTP/1.1 200 OK|content-length: 4||body", "body", false),
        ("HTTP/1.1 200 OK|connection: x-hop|x-hop: 1|content-length: 0||", "", false),
    ];
    for (answer, body, trailed) in rows {
        let upstream = Upstream::script([keep(answer.replace('|', "\r\n"))]);
        let proxy = proxy(&upstream);
        let mut peer = Peer::connect(proxy.address());
        peer.frame(&get(1, ONE));
        let (mut heads, mut got, mut ended) = (0, Vec::new(), false);
        while !ended {
            let frame = peer.receive().unwrap();
            match frame.kind {
                HEADERS => heads += 1,
                DATA => got.extend(&frame.payload),
                _ => continue,
            }
            ended = frame.flags & END_STREAM != 0;
        }
        let expected = 1 + usize::from(answer.contains("103")) + usize::from(trailed);
        assert_eq!((got.as_slice(), heads), (body.as_bytes(), expected), "{answer}");
        assert!(peer.is_alive());
    }
}

#[test]
fn an_answer_crosses_to_http1() {
    let heads = headers(1, END_HEADERS, &[(":status", "200")]);
    let length = headers(1, END_HEADERS, &[(":status", "200"), ("content-length", "4")]);
    let nothing = headers(1, WHOLE, &[(":status", "200")]);
    let early = headers(1, END_HEADERS, &[(":status", "103"), ("link", "x")]);
    let none = headers(1, WHOLE, &[(":status", "204")]);
    let rows = [
        (
            vec![heads.clone(), data(1, END_STREAM, "body")],
            "200 OK|transfer-encoding: chunked||4|body|0||",
        ),
        (
            vec![
                heads.clone(),
                data(1, 0, "bo"),
                data(1, 0, "dy"),
                headers(1, WHOLE, &[("x-sum", "1")]),
            ],
            "200 OK|transfer-encoding: chunked||2|bo|2|dy|0|x-sum: 1||",
        ),
        (vec![length.clone(), data(1, END_STREAM, "body")], "200 OK|content-length: 4||body"),
        (
            vec![length, data(1, 0, "body"), headers(1, WHOLE, &[("x-sum", "1")])],
            "200 OK|content-length: 4||body",
        ),
        (vec![nothing], "200 OK|content-length: 0||"),
        (vec![none], "204 No Content||"),
        (
            vec![early, heads, data(1, END_STREAM, "")],
            "103 |link: x||HTTP/1.1 200 OK|transfer-encoding: chunked||0||",
        ),
    ];
    for (frames, expected) in rows {
        let upstream = serving(move |serving| {
            while serving.request().is_some() {
                serving.send(&frames);
            }
        });
        let proxy = proxy(&upstream);
        let mut caller = Caller::connect(proxy.address());
        caller.send(http1("GET", TWO));
        let expected = format!("HTTP/1.1 {expected}").replace('|', "\r\n");
        let got = caller.bytes(expected.len());
        assert_eq!(String::from_utf8_lossy(&got), expected);
    }
}

/// A body that waits for `100 Continue` is not sent before, in either direction.
#[test]
fn permission_to_send_crosses() {
    let upstream = Upstream::with(|connection| {
        let mut request = connection.head().unwrap();
        connection.send("HTTP/1.1 100 Continue\r\n\r\n");
        connection.body(&mut request);
        connection.record(request);
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine");
        connection.rest();
    });
    let proxy_to_one = proxy(&upstream);
    let mut peer = Peer::connect(proxy_to_one.address());
    let expect = [("expect", "100-continue"), ("content-length", "4")];
    peer.frame(&headers(1, END_HEADERS, &[&request("POST", ONE)[..], &expect].concat()));
    assert_eq!(peer.find(|frame| frame.kind == HEADERS).unwrap().status(), 100);
    peer.frame(&data(1, END_STREAM, "body"));
    assert_eq!(peer.find(|frame| frame.kind == HEADERS).unwrap().status(), 200);
    assert_eq!(upstream.requests()[0].text(), "body");

    let upstream = serving(|serving| {
        while let Some(head) = serving.find(|frame| frame.kind == HEADERS) {
            serving.send(&[headers(head.stream, END_HEADERS, &[(":status", "100")])]);
            let body = serving.find(|frame| frame.is(DATA, END_STREAM)).unwrap();
            serving.answer(head.stream, std::str::from_utf8(&body.payload).unwrap());
        }
    });
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    let head = "POST /a HTTP/1.1\r\nhost: two.shop.svc\r\nexpect: 100-continue\r\n";
    caller.send(format!("{head}content-length: 4\r\n\r\n"));
    assert_eq!(caller.answer().status(), 100);
    caller.send("body");
    assert_eq!(caller.answer().text(), "body");
}

#[test]
fn an_upstream_is_spoken_to_as_the_policy_or_the_caller_says() {
    let upstream = Upstream::with(|connection| {
        // Whichever it is, the first bytes show it.
        match Serving::begin(connection, &[]) {
            Some(mut serving) => {
                while let Some(stream) = serving.request() {
                    serving.answer(stream, "h2");
                }
            }
            None => {
                connection
                    .send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nh1");
                connection.end();
            }
        }
    });
    let proxy = proxy(&upstream);
    for (host, over_http1, over_http2) in
        [(ONE, "h1", "h1"), (TWO, "h2", "h2"), (EITHER, "h1", "h2")]
    {
        let answer = Caller::connect(proxy.address()).call(http1("GET", host));
        assert_eq!(answer.text(), over_http1, "{host}");
        let mut peer = Peer::connect(proxy.address());
        peer.frame(&get(1, host));
        let answer = peer.find(|frame| frame.kind == DATA).unwrap();
        assert_eq!(answer.payload, over_http2.as_bytes(), "{host}");
    }
}

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
