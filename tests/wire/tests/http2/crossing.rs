//! What crosses to the other version, and what is refused.

use amb_tests_wire::caller::Caller;
use amb_tests_wire::frames::*;
use amb_tests_wire::upstream::{Upstream, keep, reply};

use crate::peers::*;

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
        ("OPTIONS", &[("x", "y")], None, &[], "OPTIONS /a?b HTTP/1.1|host: @|x: y||"),
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

/// The library drops it before the proxy sees the path.
#[test]
fn a_fragment_does_not_cross() {
    let upstream = Upstream::script([reply("200 OK", "fine")]);
    let proxy = proxy(&upstream);
    let mut peer = Peer::connect(proxy.address());
    let head = [&request("GET", ONE)[..2], &[(":path", "/a?b#c"), (":authority", ONE)]].concat();
    peer.frame(&headers(1, WHOLE, &head));
    assert_eq!(peer.find(|frame| frame.kind == HEADERS).unwrap().status(), 200);
    assert_eq!(upstream.requests()[0].start, "GET /a?b HTTP/1.1");
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
        (more(&[("host", ONE), ("host", ONE)]), Ok(400)),
        (more(&[("x", "y ")]), Ok(400)),
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
    let (proxy, mut faults) = (proxy(&upstream), Vec::new());
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

/// The upstream would answer as soon as it has the head.
#[test]
fn a_body_that_announced_itself_as_empty_must_be() {
    let upstream = Upstream::script([reply("200 OK", "fine")]);
    let proxy = proxy(&upstream);
    for end in [data(1, END_STREAM, ""), headers(1, WHOLE, &[("x-sum", "1")]), data(1, 0, "body")] {
        let mut peer = Peer::connect(proxy.address());
        let head = [&request("POST", ONE)[..], &[("content-length", "0")]].concat();
        let before = upstream.requests().len();
        // Another call is answered meanwhile.
        peer.frames(&[headers(1, END_HEADERS, &head), get(3, ONE)]);
        assert_eq!(peer.find(|frame| frame.kind == HEADERS).unwrap().stream, 3);
        assert_eq!(upstream.requests().len(), before + 1);
        peer.frame(&end);
        let got = peer.find(|frame| matches!(frame.kind, HEADERS | RST_STREAM)).unwrap();
        let malformed = end.payload == b"body";
        match malformed {
            true => assert_eq!((got.kind, got.code()), (RST_STREAM, PROTOCOL_ERROR)),
            false => assert_eq!(got.status(), 200),
        }
        assert_eq!(upstream.requests().len(), before + 1 + usize::from(!malformed));
        assert!(peer.is_alive());
    }
}

#[test]
fn nothing_but_http_is_carried() {
    let upstream = Upstream::script([reply("200 OK", "fine")]);
    let proxy = proxy(&upstream);
    for (scheme, status) in [("ftp", 400), ("h2c", 400), ("http", 200), ("https", 200)] {
        let mut peer = Peer::connect(proxy.address());
        let [method, _, path, host] = request("GET", ONE);
        peer.frame(&headers(1, WHOLE, &[method, (":scheme", scheme), path, host]));
        assert_eq!(peer.find(|frame| frame.kind == HEADERS).unwrap().status(), status, "{scheme}");
    }
    assert_eq!(upstream.requests().len(), 2);
}
