//! Heads of every size: what follows them arrives whole, in whatever pieces it comes.

use std::time::Duration;

use crate::message::HEAD_LIMIT;
use crate::testing::pieces::{Between, with_proxy};

const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\n";
const CHUNKED: &[u8] = b"transfer-encoding: chunked\r\n";
const CLOSE: &[u8] = b"connection: close\r\n";
const BODIES: [(&[u8], &[u8]); 3] = [
    (b"content-length: 11\r\n", b"hello there"),
    (CHUNKED, b"1\r\nh\r\nA\r\nello there\r\n0\r\n\r\n"),
    (CHUNKED, b"2\r\nhe\r\n00009\r\nllo there\r\n0\r\nx-sum: 1\r\nx-b: 2\r\n\r\n"),
];
/// Where blocks of memory end.
const EDGES: [usize; 3] = [18 * 1024, 36 * 1024, HEAD_LIMIT];
const MOST: usize = 66_000;

/// A message whose head has that size, as it comes and as it goes on. `None`: it would have to be smaller
/// than it can be.
fn message(start: &[u8], size: usize, kind: usize, more: &[u8]) -> Option<[Vec<u8>; 2]> {
    let (framing, body) = BODIES[kind % BODIES.len()];
    let padding = size.checked_sub(start.len() + framing.len() + b"x: \r\n\r\n".len())?;
    let line = [b"x: ".as_slice(), &vec![b'x'; padding], b"\r\n"].concat();
    let chunked = framing == CHUNKED;
    let comes = [start, framing, &line, b"\r\n", body].concat();
    let kept = start.strip_suffix(CLOSE).unwrap_or(start);
    let goes = match chunked {
        true => [kept, &line, framing, more, b"\r\n", body].concat(),
        false => [kept, framing, &line, more, b"\r\n", body].concat(),
    };
    Some([comes, goes])
}

/// How a message comes: so many bytes before or behind the end of its head it is cut in two, and what is behind
/// that comes in crumbs of so many bytes.
type Split = (isize, usize);

/// An answer with a head of that size.
fn answer(between: &Between, size: usize, kind: usize, split: Split) {
    let Some([response, expect]) = message(RESPONSE, size, kind, CLOSE) else { return };
    let [request, seen] = message(REQUEST, 100, 0, b"").unwrap();
    let pieces = pieces(&response, size, split);
    let (_, got) = between.carry(&[&request], (seen.len(), &pieces));
    let told = if size > HEAD_LIMIT { got.starts_with(b"HTTP/1.1 502 ") } else { got == expect };
    assert!(told, "an answer, {size} B, body {kind}, {split:?}: {}", end(&got));
}

/// A request with a head of that size.
fn ask(between: &Between, size: usize, kind: usize, split: Split) {
    let Some([request, expect]) = message(REQUEST, size, kind, b"") else { return };
    let [response, whole] = message(RESPONSE, 80, 0, CLOSE).unwrap();
    let pieces = pieces(&request, size, split);
    let (seen, got) = between.carry(&pieces, (expect.len(), &[&response]));
    if size > HEAD_LIMIT {
        assert!(got.starts_with(b"HTTP/1.1 431 "), "{size} B: {}", end(&got));
    } else {
        assert!(seen == expect, "a request, {size} B, body {kind}, {split:?}: {}", end(&seen));
        assert!(got == whole, "the answer to {size} B, body {kind}, {split:?}: {}", end(&got));
    }
}

fn pieces(message: &[u8], head: usize, (cut, crumbs): Split) -> Vec<&[u8]> {
    let (first, rest) = message.split_at(head.saturating_add_signed(cut).min(message.len()));
    [first].into_iter().chain(rest.chunks(crumbs)).collect()
}

fn end(message: &[u8]) -> String {
    let from = message.len().saturating_sub(60);
    format!("{} B … {}", message.len(), message[from..].escape_ascii())
}

#[test]
fn no_size_of_a_head_takes_anything_from_what_follows() {
    with_proxy(async |between| {
        for size in 1..=MOST {
            let split = [(0, 1), (isize::MAX, 1), (-1, 7), (3, 64)][size % 4];
            answer(between, size, size / 4, split);
            if size % 8 < 4 {
                ask(between, size, size / 8, split);
            }
        }
    });
}

#[test]
fn no_split_takes_anything_where_a_head_fills_a_block() {
    with_proxy(async |between| {
        for size in EDGES.iter().flat_map(|edge| edge - 70..=edge + 2) {
            for kind in 0..BODIES.len() {
                for cut in [isize::MAX, -1, 0, 1, 3, 9] {
                    for crumbs in [1, 2, 100] {
                        answer(between, size, kind, (cut, crumbs));
                        ask(between, size, kind, (cut, crumbs));
                    }
                }
            }
        }
    });
}

/// A head that leaves a byte of its block, or none, makes nobody read and write byte by byte.
#[test]
fn no_size_of_a_head_makes_crumbs_of_the_body() {
    let padded = |start: &[u8], size: usize, body: usize| {
        let framing = format!("content-length: {body}\r\nx: ");
        let padding = vec![b'x'; size - start.len() - framing.len() - b"\r\n\r\n".len()];
        [start, framing.as_bytes(), &padding, b"\r\n\r\n", &vec![b'y'; body]].concat()
    };
    with_proxy(async |between| {
        for size in EDGES.iter().flat_map(|edge| edge - 3..=*edge) {
            for body in [30_000, 60_000] {
                for sizes in [[(100, 5), (size, body)], [(size, body), (100, 5)]] {
                    let [request, response] = [(REQUEST, sizes[0]), (RESPONSE, sizes[1])]
                        .map(|(start, (size, body))| padded(start, size, body));
                    let due = request.len() - CLOSE.len();
                    let writes = between.writes(&[&request], (due, &[&response]));
                    // The window is 4 KiB at least.
                    let most = 3 + body / 4096;
                    assert!(writes.iter().all(|writes| *writes <= most), "{sizes:?}: {writes:?}");
                }
            }
        }
    });
}

/// RFC 9112 §2.2; a client takes an answer that it has not asked for as that to its next request.
#[test]
fn an_empty_line_behind_a_body_begins_no_request() {
    let [request, seen] = message(b"POST / HTTP/1.1\r\nhost: a\r\n", 100, 0, b"").unwrap();
    let [response, whole] = message(RESPONSE, 80, 0, b"").unwrap();
    with_proxy(async |between| {
        for lines in [&[b"\r\n".as_slice()][..], &[b"\r", b"\n"], &[b"\r\n\r\n"], &[b"\r"]] {
            let request = [&[request.as_slice()], lines].concat();
            let response = (seen.len(), &[response.as_slice()][..]);
            let got = between.stay(&request, response, Duration::from_secs(60)).await;
            assert_eq!(got.escape_ascii().to_string(), whole.escape_ascii().to_string());
        }
        let request = [request.as_slice(), b"\r\n", b"G"];
        let got = between.stay(&request, (seen.len(), &[&response]), Duration::from_secs(60)).await;
        assert!(got.starts_with(&whole) && end(&got).contains("incomplete head"), "{}", end(&got));
    });
}
