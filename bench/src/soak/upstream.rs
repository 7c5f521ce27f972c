//! Upstreams: what they answer, and where they break off.

use std::sync::Arc;

use rand::{Rng, RngExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::cut::{Cut, Random, write};
use super::{RAW, WEB};

pub(super) async fn serve(random: Arc<Random>) {
    let listen = |port| async move {
        let listener = TcpListener::bind(("127.0.0.1", port)).await;
        listener.unwrap_or_else(|error| panic!("no upstream can listen at {port}: {error}"))
    };
    let (web, raw) = (listen(WEB).await, listen(RAW).await);
    let echoing = Arc::clone(&random);
    tokio::spawn(async move {
        while let Ok((stream, _)) = raw.accept().await {
            tokio::spawn(echo(stream, echoing.fork()));
        }
    });
    while let Ok((stream, _)) = web.accept().await {
        tokio::spawn(answer(stream, random.fork()));
    }
}

/// What comes goes back; a single question mark always, anything else until it is too much.
async fn echo(mut stream: TcpStream, mut random: impl Rng) {
    let mut buffer = vec![0; 16 * 1024];
    let mut left: usize = random.random_range(1..400_000);
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        if buffer[..read] != *b"?" {
            left = left.saturating_sub(read);
        }
        if left == 0 {
            return Cut::draw(&mut random).make(stream).await;
        }
        if stream.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// One answer for each head that comes: bodies are not looked at, so that some answers are early.
async fn answer(mut stream: TcpStream, mut random: impl Rng) {
    let mut read = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        read.extend_from_slice(&buffer[..n]);
        while let Some(end) = read.windows(4).position(|it| it == b"\r\n\r\n") {
            let is_head = read.starts_with(b"HEAD ");
            read.drain(..end + 4);
            let (mut bytes, last) = response(&mut random, is_head);
            let whole = random.random_ratio(4, 5);
            if !whole {
                bytes.truncate(random.random_range(0..=bytes.len()));
            }
            if write(&mut stream, &bytes, &mut random).await.is_err() {
                return;
            }
            if !whole || last || random.random_ratio(1, 20) {
                return Cut::draw(&mut random).make(stream).await;
            }
        }
        // Of a body, only what may be the beginning of a head's end is kept.
        read.drain(..read.len().saturating_sub(8 * 1024));
    }
}

/// An answer, and whether it is the connection's last.
fn response(random: &mut impl Rng, to_head: bool) -> (Vec<u8>, bool) {
    let size = [0, 100, 30_000, 300_000][random.random_range(0..4_usize)];
    let body = if to_head { String::new() } else { "a".repeat(size) };
    let length = format!("content-length: {size}\r\n\r\n{body}");
    let (text, last) = match random.random_range(0..12_u32) {
        0 => ("HTTP/1.1 503 no\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n".to_owned(), false),
        1 => (format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n{length}"), false),
        2 => (format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}"), true),
        3 => (format!("HTTP/1.0 200 OK\r\n\r\n{body}"), true),
        4 if !to_head => (
            format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                 1\r\na\r\n{size:x}\r\n{body}\r\n0\r\nx-sum: 1\r\n\r\n"
            ),
            size == 0,
        ),
        5 => {
            ("HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: soak\r\n\r\n".into(), false)
        }
        6 => ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n".to_owned(), true),
        7 => ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), false),
        _ => (format!("HTTP/1.1 200 OK\r\n{length}"), false),
    };
    (text.into_bytes(), last)
}
