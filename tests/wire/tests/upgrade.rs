//! `Upgrade` (RFC 9110 §7.8): what happens before the `101`, and the tunnel behind it.
#![cfg(test)]

use std::io::{ErrorKind, Read};
use std::net::TcpStream;

use amb_runtime::testing::Live;
use amb_tests_wire::caller::{Caller, get};
use amb_tests_wire::message::Message;
use amb_tests_wire::policies::{plain::Plain, tunnels::Tunnels};
use amb_tests_wire::upstream::{Connection, Refusing, Upstream, close, eventually, keep, reply};

const OFFER: &str = "GET /chat HTTP/1.1\r\nhost: catalog.shop.svc\r\nconnection: keep-alive, Upgrade\r\n\
                     upgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\n\
                      upgrade: websocket\r\nx-made-by: origin\r\n\r\n";

fn proxy(upstream: &Upstream) -> Live {
    Live::start::<Plain>(1, &[("catalog", upstream.address)])
}

/// Takes the offer, then says everything back until the caller has ended.
fn echo(connection: &mut Connection) {
    let Some(request) = connection.head() else { return };
    connection.record(request);
    connection.send(SWITCH);
    while let Some(bytes) = connection.some() {
        connection.send(bytes);
    }
    connection.send("all said");
    connection.end();
}

fn switched(answer: &Message) {
    assert_eq!(answer.start, "HTTP/1.1 101 Switching Protocols");
    assert_eq!(answer.field("connection"), Some("upgrade"));
    assert_eq!(answer.field("upgrade"), Some("websocket"));
    assert_eq!(answer.field("x-made-by"), Some("origin"));
}

#[test]
fn behind_the_101_both_directions_flow_and_end_one_by_one() {
    let upstream = Upstream::with(echo);
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    switched(&caller.call(OFFER));
    for word in ["one", "two", "three"] {
        caller.send(word);
        assert_eq!(caller.bytes(word.len()), word.as_bytes());
    }
    caller.finish();
    assert_eq!(caller.rest(), b"all said");
    let seen = &upstream.requests()[0];
    assert_eq!(seen.field("connection"), Some("upgrade"));
    assert_eq!(seen.field("upgrade"), Some("websocket"));
    assert_eq!(seen.field("sec-websocket-key"), Some("dGhlIHNhbXBsZSBub25jZQ=="));
}

#[test]
fn nothing_goes_ahead_of_the_101() {
    let upstream = Upstream::with(|connection| {
        let Some(request) = connection.head() else { return };
        // Head and body of one write arrive together.
        assert_eq!(connection.ahead(), b"");
        connection.record(request);
        connection.send(format!("{SWITCH}greeting"));
        assert_eq!(connection.some().as_deref(), Some(&b"too early"[..]));
        connection.send("thanks");
        connection.end();
    });
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    switched(&caller.call(format!("{OFFER}too early")));
    assert_eq!(caller.bytes(14), b"greetingthanks");
    caller.finish();
    assert!(caller.is_closed());
}

#[test]
fn an_offer_that_is_declined_leaves_http_as_it_was() {
    let upstream = Upstream::script([reply("200 OK", "no"), reply("200 OK", "next")]);
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    let first = caller.call(format!("{OFFER}{}", get("/next")));
    assert_eq!((first.text(), first.field("connection")), ("no", None));
    assert_eq!(caller.answer().text(), "next");
    let requests = upstream.requests();
    assert_eq!((requests[1].start.as_str(), upstream.connections()), ("GET /next HTTP/1.1", 1));
}

#[test]
fn nobody_is_switched_who_did_not_ask() {
    let rows = [
        get("/"),
        OFFER.replace("websocket\r\nsec", "h2c\r\nsec"),
        OFFER.replace("keep-alive, Upgrade", "keep-alive"),
        OFFER.replace("HTTP/1.1", "HTTP/1.0"),
        OFFER.replace("upgrade: websocket", "content-length: 4") + "body",
    ];
    for offer in rows {
        let upstream = Upstream::script([keep(SWITCH)]);
        let proxy = proxy(&upstream);
        let answer = Caller::connect(proxy.address()).call(&offer);
        assert_eq!(answer.status(), 502, "{offer}");
        let seen = &upstream.requests()[0];
        assert_eq!((seen.field("upgrade"), seen.field("connection")), (None, None), "{offer}");
    }
}

/// As Docker and kubectl ask.
#[test]
fn a_length_of_nothing_is_no_body_that_could_stand_in_the_way() {
    let upstream = Upstream::with(echo);
    let proxy = proxy(&upstream);
    let mut caller = Caller::connect(proxy.address());
    let offer = OFFER.replace("GET /chat", "POST /exec");
    switched(&caller.call(offer.replace("upgrade: web", "content-length: 0\r\nupgrade: web")));
    caller.send("one");
    assert_eq!(caller.bytes(3), b"one");
}

#[test]
fn nobody_is_switched_to_what_was_not_offered() {
    for (taken, status) in [
        ("upgrade: other", 502),
        ("upgrade: websocket, other", 502),
        ("x-a: b", 502),
        ("upgrade: WebSocket", 101),
        ("upgrade: websocket/13,", 101),
    ] {
        let upstream = Upstream::script([keep(SWITCH.replace("upgrade: websocket", taken))]);
        let proxy = proxy(&upstream);
        let answer = Caller::connect(proxy.address()).head_of(OFFER);
        assert_eq!(answer.status(), status, "{taken}");
    }
}

#[test]
fn tries_that_fail_before_the_101_are_repeated() {
    let upstream = Upstream::script([reply("503 Service Unavailable", ""), close(SWITCH)]);
    let proxy = Live::start::<Tunnels>(1, &[("catalog", upstream.address)]);
    let mut caller = Caller::connect(proxy.address());
    switched(&caller.call(OFFER));
    assert_eq!(upstream.requests().len(), 2);
    let refusing = Refusing::new();
    let proxy = Live::start::<Tunnels>(1, &[("catalog", refusing.address)]);
    assert_eq!(Caller::connect(proxy.address()).call(OFFER).status(), 502);
}

#[test]
fn what_was_cut_is_seen_as_cut() {
    let upstream = Upstream::with(|connection| {
        echo_once(connection);
        connection.reset();
    });
    let proxy = proxy(&upstream);
    let stream = TcpStream::connect(proxy.address()).unwrap();
    let mut caller = Caller::of(stream.try_clone().unwrap());
    switched(&caller.call(OFFER));
    caller.send("x");
    assert_eq!(cut(stream), ErrorKind::ConnectionReset);
}

#[test]
fn silence_ends_a_tunnel_and_the_log_says_so() {
    let upstream = Upstream::with(|connection| {
        echo_once(connection);
        connection.rest();
    });
    let proxy = Live::start::<Tunnels>(1, &[("catalog", upstream.address)]);
    let stream = TcpStream::connect(proxy.address()).unwrap();
    let mut caller = Caller::of(stream.try_clone().unwrap());
    switched(&caller.call(OFFER));
    caller.send("x");
    assert_eq!(cut(stream), ErrorKind::ConnectionReset);
    eventually("the log line", || proxy.log().contains('\n'));
    let log = proxy.log();
    for part in
        ["\"status\":101", "\"received\":1", "\"sent\":1", "\"error\":\"connection_read_timeout\""]
    {
        assert!(log.contains(part), "no {part} in {log}");
    }
}

/// Takes the offer and says the first byte back.
fn echo_once(connection: &mut Connection) {
    connection.head();
    connection.send(SWITCH);
    let Some(bytes) = connection.some() else { return };
    connection.send(bytes);
}

/// How a connection was cut, behind the bytes that came first.
fn cut(mut stream: TcpStream) -> ErrorKind {
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).unwrap_err();
    assert_eq!(bytes, b"x");
    error.kind()
}
