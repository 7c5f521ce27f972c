//! Connections whose bytes nobody looks at: `protocol tcp` and `tls-passthrough`.
#![cfg(test)]

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use amb_runtime::testing::Live;
use amb_tests_wire::PATIENCE;
use amb_tests_wire::policies::bytes::Bytes;
use amb_tests_wire::upstream::{Connection, Refusing, Upstream, eventually};

fn ledger(addresses: &[SocketAddr]) -> Live {
    let endpoints: Vec<_> = addresses.iter().map(|address| ("ledger", *address)).collect();
    Live::start::<Bytes>(1, &endpoints)
}

fn connect(proxy: &Live) -> TcpStream {
    let stream = TcpStream::connect(proxy.own("ledger")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything up to the end, and how it came.
fn rest(stream: &mut TcpStream) -> (Vec<u8>, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).err().map(|error| error.kind());
    (bytes, error)
}

fn exactly<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

/// Greets, and says everything back until the caller has ended.
fn echo(connection: &mut Connection) {
    connection.send("220 hello\n");
    while let Some(bytes) = connection.some() {
        connection.send(bytes);
    }
    connection.send("bye");
    connection.end();
}

/// The one log line.
fn line(proxy: &Live) -> String {
    eventually("the log line", || proxy.log().contains('\n'));
    proxy.log()
}

fn has(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "no {part} in {line}");
    }
}

#[test]
fn the_server_may_speak_first_and_both_sides_end_one_by_one() {
    let upstream = Upstream::with(echo);
    let proxy = ledger(&[upstream.address]);
    let mut caller = connect(&proxy);
    assert_eq!(&exactly(&mut caller), b"220 hello\n");
    caller.write_all(b"\0\xff anything").unwrap();
    assert_eq!(&exactly(&mut caller), b"\0\xff anything");
    caller.shutdown(Shutdown::Write).unwrap();
    assert_eq!(rest(&mut caller), (b"bye".to_vec(), None));
    let line = line(&proxy);
    has(&line, &["\"upstream\":\"ledger\",\"route\":\"ledger\"", "\"status\":200", "\"tries\":1"]);
    has(&line, &["\"received\":11", "\"sent\":24"]);
    assert!(!line.contains("error") && !line.contains("method"), "{line}");
}

#[test]
fn the_server_may_end_first() {
    let upstream = Upstream::with(|connection| {
        connection.send("all there is");
        connection.end();
    });
    let proxy = ledger(&[upstream.address]);
    let mut caller = connect(&proxy);
    assert_eq!(rest(&mut caller), (b"all there is".to_vec(), None));
    caller.write_all(b"thanks").unwrap();
    caller.shutdown(Shutdown::Write).unwrap();
    has(&line(&proxy), &["\"received\":6", "\"sent\":12"]);
}

#[test]
fn what_is_cut_on_one_side_is_cut_on_the_other() {
    let upstream = Upstream::with(|connection| {
        connection.send("half");
        connection.some();
        connection.reset();
    });
    let proxy = ledger(&[upstream.address]);
    let mut caller = connect(&proxy);
    assert_eq!(&exactly(&mut caller), b"half");
    caller.write_all(b"go").unwrap();
    assert_eq!(rest(&mut caller).1, Some(ErrorKind::ConnectionReset));
    has(&line(&proxy), &["\"error\":\"connection_terminated\""]);

    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = ledger(&[server.local_addr().unwrap()]);
    let caller = connect(&proxy);
    let (mut accepted, _) = server.accept().unwrap();
    socket2::SockRef::from(&caller).set_linger(Some(Duration::ZERO)).unwrap();
    drop(caller);
    accepted.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(rest(&mut accepted).1, Some(ErrorKind::ConnectionReset));
    has(&line(&proxy), &["\"error\":\"client_closed\""]);
}

#[test]
fn silence_ends_a_connection_and_bytes_in_either_direction_prolong_it() {
    let upstream = Upstream::with(|connection| {
        for _ in 0..4 {
            connection.send("x");
            std::thread::sleep(Duration::from_millis(100));
        }
        connection.rest();
    });
    let proxy = ledger(&[upstream.address]);
    let started = Instant::now();
    let (bytes, error) = rest(&mut connect(&proxy));
    assert_eq!((bytes.as_slice(), error), (&b"xxxx"[..], Some(ErrorKind::ConnectionReset)));
    assert!(started.elapsed() >= Duration::from_millis(600), "{:?}", started.elapsed());
    has(&line(&proxy), &["\"sent\":4", "\"error\":\"connection_read_timeout\""]);
}

#[test]
fn an_address_that_refuses_is_passed_over() {
    let (dead, upstream) = (Refusing::new(), Upstream::with(echo));
    let proxy = ledger(&[dead.address, upstream.address]);
    for _ in 0..4 {
        let mut caller = connect(&proxy);
        assert_eq!(&exactly(&mut caller), b"220 hello\n");
        caller.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut caller), (b"bye".to_vec(), None));
    }
    eventually("four lines", || proxy.log().lines().count() == 4);
    // Each round begins behind the address that answered.
    assert_eq!(proxy.log().matches("\"status\":200,\"tries\":2").count(), 4);
}

#[test]
fn the_breaker_lets_nobody_through_when_connects_have_failed() {
    let dead = Refusing::new();
    let proxy = ledger(&[dead.address]);
    let cut = || rest(&mut connect(&proxy)).1;
    for _ in 0..5 {
        assert_eq!(cut(), Some(ErrorKind::ConnectionReset));
    }
    eventually("five lines", || proxy.log().lines().count() == 5);
    let log = proxy.log();
    let count = |what: &str| log.matches(what).count();
    assert_eq!(count("\"status\":502,\"tries\":1"), 3, "{log}");
    assert_eq!(count("\"error\":\"connection_refused\""), 3, "{log}");
    assert_eq!(count("\"status\":503,\"tries\":0"), 2, "{log}");
    assert_eq!(count("\"error\":\"destination_unavailable\""), 2, "{log}");
}

/// It is a try, and counts for the breaker as one.
#[test]
fn a_name_without_an_address_is_a_connect_that_fails() {
    let proxy = ledger(&[]);
    for _ in 0..4 {
        assert_eq!(rest(&mut connect(&proxy)).1, Some(ErrorKind::ConnectionReset));
    }
    eventually("four lines", || proxy.log().lines().count() == 4);
    let log = proxy.log();
    let count = |what: &str| log.matches(what).count();
    assert_eq!(count("\"status\":503,\"tries\":1"), 3, "{log}");
    assert_eq!(count("\"error\":\"dns_error\""), 3, "{log}");
    assert_eq!(count("\"error\":\"destination_unavailable\""), 1, "{log}");
}

#[test]
fn a_connection_that_nobody_answers_is_given_up() {
    let full = full();
    let proxy = ledger(&[full.address]);
    let started = Instant::now();
    assert_eq!(rest(&mut connect(&proxy)).1, Some(ErrorKind::ConnectionReset));
    assert!(started.elapsed() >= Duration::from_millis(500), "{:?}", started.elapsed());
    has(&line(&proxy), &["\"status\":502,\"tries\":1", "\"error\":\"connection_timeout\""]);
}

/// A port that lets connections wait for ever.
struct Full {
    address: SocketAddr,
    _listener: socket2::Socket,
    _waiting: Vec<socket2::Socket>,
}

fn full() -> Full {
    let listener =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let waiting = (0..4).map(|_| {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        // Some are taken into the queue, the others are not answered.
        drop(socket.connect(&address));
        socket
    });
    let waiting = waiting.collect();
    Full { address: address.as_socket().unwrap(), _listener: listener, _waiting: waiting }
}

#[test]
fn no_more_connections_than_the_policy_allows() {
    let upstream = Upstream::with(echo);
    // Two workers share one limit.
    let proxy = Live::start::<Bytes>(2, &[("ledger", upstream.address)]);
    let mut open: Vec<_> = (0..2).map(|_| connect(&proxy)).collect();
    for caller in &mut open {
        assert_eq!(&exactly(caller), b"220 hello\n");
    }
    for _ in 0..4 {
        assert_eq!(rest(&mut connect(&proxy)), (vec![], Some(ErrorKind::ConnectionReset)));
    }
    assert_eq!(upstream.connections(), 2);
    has(&line(&proxy), &["\"status\":503", "\"error\":\"connection_limit_reached\""]);
    // A place that becomes free is taken again.
    let mut first = open.remove(0);
    first.shutdown(Shutdown::Write).unwrap();
    assert_eq!(rest(&mut first), (b"bye".to_vec(), None));
    eventually("a free place", || {
        let mut caller = connect(&proxy);
        let mut bytes = [0; 10];
        caller.read_exact(&mut bytes).is_ok()
    });
}
