//! What a case is, and the frames that cases are made of.

use amb_tests_wire::HOST;
use amb_tests_wire::frames::*;

/// What must happen after a case's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Must {
    /// A response with this status, and the connection lives.
    Answer(u16),
    /// A response with this status, and the connection may end.
    Last(u16),
    /// The connection lives, whether or not there is an answer.
    Go,
    /// The stream is reset, or the connection closed, with one of these codes.
    Reset(&'static [u32]),
    /// The connection is closed with one of these codes.
    Close(&'static [u32]),
}

pub(crate) const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", HOST)];
pub(crate) const POST: [(&str, &str); 4] =
    [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", HOST)];

pub(crate) fn get(stream: u32) -> Frame {
    headers(stream, WHOLE, &GET)
}

pub(crate) fn post(stream: u32) -> Frame {
    headers(stream, END_HEADERS, &POST)
}

/// A request with these fields besides, or instead of some.
pub(crate) fn with(fields: &[(&str, &str)]) -> Frame {
    headers(1, WHOLE, &[&GET, fields].concat())
}

pub(crate) fn without(name: &str) -> Frame {
    let left: Vec<_> = GET.into_iter().filter(|field| field.0 != name).collect();
    headers(1, WHOLE, &left)
}

/// A header block without its beginning or end.
pub(crate) fn cut(stream: u32, flags: u8) -> (Frame, Vec<u8>) {
    let block = block(&GET);
    let (first, rest) = block.split_at(20);
    (Frame::new(HEADERS, flags, stream, first), rest.to_vec())
}

pub(crate) fn continuation(stream: u32, flags: u8, block: impl AsRef<[u8]>) -> Frame {
    Frame::new(CONTINUATION, flags, stream, block)
}

pub(crate) fn priority(stream: u32, on: u32) -> Frame {
    Frame::new(PRIORITY, 0, stream, [&on.to_be_bytes()[..], &[15]].concat())
}

pub(crate) fn padded(kind: u8, flags: u8, stream: u32, pad: u8, payload: &[u8]) -> Frame {
    Frame::new(kind, flags | PADDED, stream, [&[pad], payload].concat())
}

/// A request whose header block is these bytes behind the usual fields.
pub(crate) fn raw(block_end: &[u8]) -> Frame {
    Frame::new(HEADERS, WHOLE, 1, [&block(&GET), block_end].concat())
}

pub(crate) type Case = (&'static str, Vec<Frame>, Must);
