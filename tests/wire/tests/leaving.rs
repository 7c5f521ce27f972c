//! Callers that leave: whatever the proxy waits for at that moment, it does not wait on for them.
#![cfg(test)]

use std::io::{ErrorKind, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use amb_runtime::testing::Live;
use amb_tests_wire::caller::{Caller, get};
use amb_tests_wire::policies::passing::Passing;
use amb_tests_wire::upstream::{Connection, Silent, Upstream, eventually};
use socket2::SockRef;

/// Less than any bound of the policies, more than a look now and then takes.
const SOON: Duration = Duration::from_secs(3);

/// Waits for the end of a call or connection in the log, and gives the line.
fn logged(proxy: &Live) -> String {
    let start = Instant::now();
    eventually("the log line", || proxy.log().contains('\n'));
    assert!(start.elapsed() < SOON, "{:?}: {}", start.elapsed(), proxy.log());
    proxy.log()
}

/// Sends until neither the proxy nor the upstream takes more, then resets the connection.
fn fill_and_reset(stream: &mut TcpStream) {
    stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let error = std::iter::repeat_with(|| stream.write_all(&[b'x'; 64 * 1024]))
        .find_map(Result::err)
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    SockRef::from(&*stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// Is there for as long as the test is, and reads nothing but the head of a request.
fn silent(connection: &mut Connection) {
    connection.head();
    std::thread::park();
}

#[test]
fn during_an_answer() {
    let (ended, end) = std::sync::mpsc::channel();
    let upstream = Upstream::with(move |connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbeginning");
        assert_eq!(connection.some(), None);
        ended.send(()).unwrap();
    });
    let proxy = Live::start::<Passing>(1, &[("catalog", upstream.address)]);
    let mut caller = Caller::connect(proxy.address());
    assert_eq!(caller.head_of(get("/")).status(), 200);
    drop(caller);
    let line = logged(&proxy);
    assert!(line.contains("\"status\":499,\"source\":\"upstream\""), "{line}");
    end.recv_timeout(SOON).unwrap();
}

#[test]
fn during_an_answer_with_more_requests_than_there_is_room_for() {
    let upstream = Upstream::with(|connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbeginning");
        connection.some();
    });
    let proxy = Live::start::<Passing>(1, &[("catalog", upstream.address)]);
    let mut caller = Caller::connect(proxy.address());
    assert_eq!(caller.head_of(get("/")).status(), 200);
    caller.send(get("/").repeat(1000));
    drop(caller);
    assert!(logged(&proxy).contains("\"status\":499"));
}

#[test]
fn while_the_upstream_does_not_read() {
    let upstream = Upstream::with(silent);
    let proxy = Live::start::<Passing>(1, &[("catalog", upstream.address)]);
    let head =
        get("/").replace("GET", "PUT").replace("\r\n\r\n", "\r\ncontent-length: 999999999\r\n\r\n");
    let mut caller = Caller::connect(proxy.address());
    caller.send(head);
    fill_and_reset(caller.stream());
    drop(caller);
    let line = logged(&proxy);
    assert!(line.contains("\"status\":499,\"source\":\"none\""), "{line}");
}

#[test]
fn while_nobody_reads_the_bytes_of_a_tunnel() {
    let upstream = Upstream::with(silent);
    let proxy = Live::start::<Passing>(1, &[]);
    let address = upstream.address;
    let mut caller = Caller::connect(proxy.address());
    let offer = format!("CONNECT {address} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    assert_eq!(caller.head_of(offer).status(), 200);
    fill_and_reset(caller.stream());
    drop(caller);
    let line = logged(&proxy);
    assert!(line.contains("\"error\":\"client_closed\""), "{line}");
}

#[test]
fn while_a_tunnel_connects() {
    let silent = Silent::new();
    let address = silent.address;
    let offer = format!("CONNECT {address} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    // Bytes behind the request are no sign that the caller is there.
    for (ahead, reset) in [(0, false), (0, true), (64 * 1024, true)] {
        let proxy = Live::start::<Passing>(1, &[]);
        let mut caller = Caller::connect(proxy.address());
        caller.send(offer.clone() + &"x".repeat(ahead));
        leave(&silent, caller, reset);
        let line = logged(&proxy);
        assert!(line.contains("\"status\":499,\"source\":\"none\",\"tries\":1"), "{line}");
    }
}

/// An end of its side is none of the connection: only a reset says that it has left.
#[test]
fn while_an_opaque_connection_connects() {
    let silent = Silent::new();
    let proxy = Live::start::<Passing>(1, &[("vault", silent.address)]);
    leave(&silent, Caller::connect(proxy.own("vault")), true);
    let line = logged(&proxy);
    assert!(line.contains("\"status\":499,\"tries\":1"), "{line}");
}

/// Leaves as soon as the proxy connects.
fn leave(upstream: &Silent, mut caller: Caller, reset: bool) {
    eventually("the connect", || upstream.is_awaited());
    if reset {
        SockRef::from(&*caller.stream()).set_linger(Some(Duration::ZERO)).unwrap();
    }
}
