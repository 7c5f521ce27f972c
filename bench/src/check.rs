//! Equal work, shown by real requests: nobody is measured who does less.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::client::Client;
use crate::cores::Cores;
use crate::folder::Folder;
use crate::origin::{Answer, Scripted};
use crate::peers::{Peer, Proxy, RELAY, Setup};
use crate::protocol::Protocol;
use crate::request::{HOST, SMALL};

/// Enough that one in ten of them is seen in the log, whatever the dice say.
const CALLS: usize = 400;

/// Stops with what is wrong if a proxy does not do its work.
pub(crate) fn all(peers: &[Peer], cores: &Cores, folder: &Folder) {
    let origin = Scripted::start();
    for peer in peers.iter().filter(|it| it.name != RELAY && it.speaks(Protocol::Http1)) {
        let log = folder.path().join("log");
        drop(fs::remove_file(&log));
        origin.play(&[], Answer::Fine);
        let proxy = peer.ready(Setup { cores, folder, log: &log, protocol: Protocol::Http1 });
        repeats_503(&proxy, &origin);
        keeps_connections(&proxy, &origin);
        gives_up(&proxy, &origin);
        stops_calling(&proxy, &origin);
        proxy.process.stop();
        logs_one_in_ten(peer.name, &fs::read_to_string(&log).unwrap_or_default());
        eprintln!(
            "{} retries, edits headers, keeps connections, times out, breaks, logs",
            peer.name
        );
    }
    origin.stop();
}

/// With an id and a trace, and without the field that must not leave, each time.
fn repeats_503(proxy: &Proxy, origin: &Scripted) {
    let name = proxy.name;
    origin.play(&[Answer::Unavailable], Answer::Fine);
    let status = status(proxy);
    assert_eq!(status, 200, "{name} does not retry");
    let heads = origin.seen().heads;
    assert_eq!(heads.len(), 2, "{name}: {heads:?}");
    for head in &heads {
        assert!(head.contains(" http/1.1\r\n"), "{name} speaks another protocol: {head}");
        // Envoy gives its ids a name of its own.
        let id = ["\r\nx-correlation-id: ", "\r\nx-request-id: "];
        assert!(id.iter().any(|id| head.contains(id)), "{name} gives no id: {head}");
        assert!(head.lines().any(begins_trace), "{name} begins no trace: {head}");
        assert!(!head.contains("x-internal-debug"), "{name} removes no header: {head}");
    }
}

/// W3C Trace Context §3.2: 32 digits of a trace and 16 of a span.
fn begins_trace(line: &str) -> bool {
    let parts: Vec<_> = line.strip_prefix("traceparent: ").unwrap_or_default().split('-').collect();
    let digits = |part: &str| part.chars().all(|digit| digit.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([2, 32, 16, 2]) && parts.into_iter().all(digits)
}

fn keeps_connections(proxy: &Proxy, origin: &Scripted) {
    origin.play(&[], Answer::Fine);
    let mut client = Client::connect(proxy.address, SMALL).expect("the proxy listens");
    for _ in 0..CALLS {
        assert_eq!(client.call().expect("the connection is kept"), 200, "{}", proxy.name);
    }
    let seen = origin.seen();
    assert_eq!(seen.heads.len(), CALLS, "{} adds calls", proxy.name);
    assert!(seen.connections <= 2, "{} keeps no connection: {}", proxy.name, seen.connections);
}

/// After a second, without another try: only failures to connect and 503 are worth one.
fn gives_up(proxy: &Proxy, origin: &Scripted) {
    origin.play(&[], Answer::Silence);
    let status = status(proxy);
    assert!(matches!(status, 502 | 504), "{} does not time out: {status}", proxy.name);
    assert_eq!(origin.seen().heads.len(), 1, "{} repeats what timed out", proxy.name);
}

/// A breaker, or what is nearest to it: after failures in a row, the origin is left alone.
fn stops_calling(proxy: &Proxy, origin: &Scripted) {
    origin.play(&[], Answer::Fine);
    assert_eq!(status(proxy), 200, "{}", proxy.name);
    origin.play(&[], Answer::Unavailable);
    for _ in 0..8 {
        status(proxy);
    }
    let before = origin.seen().heads.len();
    assert!((5..=9).contains(&before), "{} breaks after {before} failures", proxy.name);
    let refused = status(proxy);
    assert!(matches!(refused, 502 | 503), "{} does not refuse: {refused}", proxy.name);
    assert_eq!(origin.seen().heads.len(), before, "{} never stops calling", proxy.name);
}

fn logs_one_in_ten(name: &str, log: &str) {
    let lines = log.lines().filter(|line| line.starts_with('{')).count();
    assert!((CALLS / 30..=CALLS / 4).contains(&lines), "{name} logs {lines} of {CALLS} calls");
}

/// One call on a connection of its own.
fn status(proxy: &Proxy) -> u16 {
    let mut stream = TcpStream::connect(proxy.address).expect("the proxy listens");
    let request = format!(
        "GET {SMALL} HTTP/1.1\r\nHost: {HOST}\r\nX-Internal-Debug: 1\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("the proxy reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the proxy answers");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("{} answers {answer:?}", proxy.name))
}
