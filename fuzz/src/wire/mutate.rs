//! Messages that are almost right: a seed, and a few changes where parsers disagree.

use rand::{Rng, RngExt as _};

/// What parsers trip over.
const TOKENS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b"\t",
    b":",
    b",",
    b";",
    b"\x0b",
    b"\x7f",
    b"\xff",
    b"0\r\n\r\n",
    b"1\r\na\r\n",
    b"5;x=y\r\nhello\r\n",
    b"ffffffffffffffff\r\n",
    b"+1",
    b"-1",
    b"0x1",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding : chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding:\tchunked\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: 5, 5\r\n",
    b"Content-Length: +5\r\n",
    b"Content-Length: 05\r\n",
    b"Content-Length:5\r\n",
    b"Host: other\r\n",
    b"Host:\r\n",
    b"Connection: close\r\n",
    b"Connection: content-length\r\n",
    b"Connection: keep-alive, transfer-encoding\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: h2c\r\n",
    b" folded\r\n",
    b"HTTP/1.0",
    b"HTTP/1.1",
    b"HTTP/1.2",
    b"HTTP/2.0",
    b"http://other/",
    b"http://",
    b"*",
    b"/",
    b"?",
    b"#",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST ",
    b"CONNECT ",
    b"OPTIONS ",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.0 ",
    b" 204 ",
    b" 304 ",
    b"Set-Cookie: a\r\n",
    b"7fffffffffffffff\r\n",
    b"8000000000000000\r\n",
    b"00000000000000001\r\n",
    b"0\r\nx-sum: 1\r\n\r\n",
    b"x-sum : 1\r\n",
    b"0;",
];

/// Changes a seed in one to six places.
pub(super) fn mutate(random: &mut impl Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = pick(random, corpus).clone();
    for _ in 0..random.random_range(1..=6_u32) {
        change(random, corpus, &mut bytes);
    }
    bytes
}

fn change(random: &mut impl Rng, corpus: &[Vec<u8>], bytes: &mut Vec<u8>) {
    let at = random.random_range(0..=bytes.len());
    let (start, end) = slice(random, bytes.len());
    match random.random_range(0..8_u32) {
        0 => insert(bytes, at, pick::<&[u8]>(random, TOKENS)),
        1 => insert(bytes, line_start(bytes, at), pick::<&[u8]>(random, TOKENS)),
        2 => insert(bytes, at, &[random.random()]),
        3 if at < bytes.len() => bytes[at] = random.random(),
        4 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8_u32),
        5 => drop(bytes.drain(start..end)),
        6 => {
            let copy = bytes[start..end].to_vec();
            insert(bytes, at, &copy);
        }
        _ => {
            let other = pick(random, corpus);
            let (start, end) = slice(random, other.len());
            insert(bytes, at, &other[start..end]);
        }
    }
}

fn pick<'a, T>(random: &mut impl Rng, from: &'a [T]) -> &'a T {
    &from[random.random_range(0..from.len())]
}

/// A stretch of at most 64 bytes.
fn slice(random: &mut impl Rng, length: usize) -> (usize, usize) {
    let start = random.random_range(0..=length);
    (start, random.random_range(start..=length.min(start + 64)))
}

fn line_start(bytes: &[u8], before: usize) -> usize {
    bytes[..before].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1)
}

fn insert(bytes: &mut Vec<u8>, at: usize, what: &[u8]) {
    bytes.splice(at..at, what.iter().copied());
}
