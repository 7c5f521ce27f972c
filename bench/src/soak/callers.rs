//! Callers: what they ask for, and where they break off.

use std::net::TcpStream as Blocking;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::{Rng, RngExt as _};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::cut::{Cut, Random, read_to_end, write};
use super::{CALLERS, HTTP, OPAQUE, WEB};

/// Keeps so many callers at work; how many connections they made.
pub(super) async fn call(random: &Arc<Random>, end: Instant) -> u64 {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let random = Arc::clone(random);
        callers.spawn(async move {
            let mut connections = 0;
            while Instant::now() < end {
                connection(random.fork()).await;
                connections += 1;
            }
            connections
        });
    }
    callers.join_all().await.into_iter().sum()
}

async fn connection(mut random: impl Rng) {
    let opaque = random.random_ratio(1, 4);
    let port = if opaque { OPAQUE } else { HTTP };
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    for _ in 0..random.random_range(1..6_u32) {
        let bytes = if opaque { noise(&mut random) } else { request(&mut random) };
        let whole = random.random_ratio(3, 4);
        let length = if whole { bytes.len() } else { random.random_range(0..=bytes.len()) };
        if write(&mut stream, &bytes[..length], &mut random).await.is_err() {
            return;
        }
        if !whole || random.random_ratio(1, 5) {
            read_some(&mut stream, &mut random).await;
            return Cut::draw(&mut random).make(stream).await;
        }
        if !read_some(&mut stream, &mut random).await {
            return;
        }
    }
    if random.random() {
        read_to_end(&mut stream).await;
    }
}

/// A part of what comes; false at its end.
async fn read_some(stream: &mut TcpStream, random: &mut impl Rng) -> bool {
    let mut buffer = vec![0; random.random_range(1..32 * 1024)];
    let read = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut buffer)).await;
    // Nothing yet: the next request goes out behind this one.
    !matches!(read, Ok(Ok(0) | Err(_)))
}

/// Bytes that mean nothing.
fn noise(random: &mut impl Rng) -> Vec<u8> {
    vec![b'n'; random.random_range(1..100_000)]
}

fn request(random: &mut impl Rng) -> Vec<u8> {
    let passed = format!("127.0.0.1:{WEB}");
    let host = ["web.soak", "web.soak", "web.soak", &passed][random.random_range(0..4_usize)];
    let path = ["/", "/bare/a", "/large"][random.random_range(0..3_usize)];
    let size = [10, 3_000, 200_000][random.random_range(0..3_usize)];
    let body = "b".repeat(size);
    let text = match random.random_range(0..10_u32) {
        0 => {
            format!("POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {size}\r\n\r\n{body}")
        }
        1 => format!(
            "PUT {path} HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\n\
             {size:x};a=b\r\n{body}\r\n0\r\nx-sum: 1\r\n\r\n"
        ),
        2 => format!(
            "PUT {path} HTTP/1.1\r\nhost: {host}\r\nexpect: 100-continue\r\n\
             content-length: {size}\r\n\r\n{body}"
        ),
        3 => format!("GET {path} HTTP/1.0\r\nhost: {host}\r\n\r\n"),
        4 => format!("CONNECT {passed} HTTP/1.1\r\nhost: {passed}\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
        5 => format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: upgrade\r\nupgrade: soak\r\n\r\n"
        ),
        6 => format!("HEAD {path} HTTP/1.1\r\nhost: {host}\r\n\r\n"),
        7 => format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nbad header\r\n\r\n"),
        _ => format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n"),
    };
    text.into_bytes()
}

/// So many tunnels can be open at once, of those that the policy allows and a few more.
pub(super) fn all_places_are_free() -> usize {
    use std::io::{Read as _, Write as _};
    let tunnels: Vec<_> = (0..220)
        .map(|_| Blocking::connect(("127.0.0.1", OPAQUE)).expect("the proxy listens"))
        .collect();
    for mut tunnel in &tunnels {
        // Those beyond the limit are closed already.
        drop(tunnel.write_all(b"?"));
    }
    let echoes = |mut tunnel: &Blocking| {
        tunnel.set_read_timeout(Some(Duration::from_secs(2))).is_ok()
            && tunnel.read_exact(&mut [0]).is_ok()
    };
    tunnels.iter().filter(|tunnel| echoes(tunnel)).count()
}
