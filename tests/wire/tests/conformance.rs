//! What a server must do with frames that break the rules (RFC 9113, RFC 7541), case by case.
//!
//! The cases are those that h2spec lists for servers, in its order and under its section numbers,
//! which are RFC 7540's. Whatever cannot be wrong says so by a `PING` that is answered afterwards.

use std::time::Duration;

use amb_runtime::testing::Live;
use amb_tests_wire::HOST;
use amb_tests_wire::frames::*;
use amb_tests_wire::policies::plain::Plain;
use amb_tests_wire::upstream::{Upstream, reply};

/// A case that ends otherwise may also not end at all.
const PATIENCE: Duration = Duration::from_secs(3);

/// What must happen after a case's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Must {
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

use Must::{Answer, Close, Go, Last, Reset};

const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", HOST)];
const POST: [(&str, &str); 4] =
    [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", HOST)];

fn get(stream: u32) -> Frame {
    headers(stream, WHOLE, &GET)
}

fn post(stream: u32) -> Frame {
    headers(stream, END_HEADERS, &POST)
}

/// A request with these fields besides, or instead of some.
fn with(fields: &[(&str, &str)]) -> Frame {
    headers(1, WHOLE, &[&GET, fields].concat())
}

fn without(name: &str) -> Frame {
    let left: Vec<_> = GET.into_iter().filter(|field| field.0 != name).collect();
    headers(1, WHOLE, &left)
}

/// A header block without its beginning or end.
fn cut(stream: u32, flags: u8) -> (Frame, Vec<u8>) {
    let block = block(&GET);
    let (first, rest) = block.split_at(20);
    (Frame::new(HEADERS, flags, stream, first), rest.to_vec())
}

fn continuation(stream: u32, flags: u8, block: impl AsRef<[u8]>) -> Frame {
    Frame::new(CONTINUATION, flags, stream, block)
}

fn priority(stream: u32, on: u32) -> Frame {
    Frame::new(PRIORITY, 0, stream, [&on.to_be_bytes()[..], &[15]].concat())
}

fn padded(kind: u8, flags: u8, stream: u32, pad: u8, payload: &[u8]) -> Frame {
    Frame::new(kind, flags | PADDED, stream, [&[pad], payload].concat())
}

/// A request whose header block is these bytes behind the usual fields.
fn raw(block_end: &[u8]) -> Frame {
    Frame::new(HEADERS, WHOLE, 1, [&block(&GET), block_end].concat())
}

type Case = (&'static str, Vec<Frame>, Must);

fn generic() -> Vec<Case> {
    let (first, rest) = cut(1, END_STREAM);
    let prioritised = [&[0, 0, 0, 0, 255], block(&GET).as_slice()].concat();
    let both = [&[3, 0, 0, 0, 0, 255], block(&GET).as_slice(), &[0; 3]].concat();
    let trailers = headers(1, WHOLE, &[("x-sum", "1")]);
    vec![
        ("generic 2 PRIORITY on an idle stream", vec![priority(5, 0), get(1)], Answer(200)),
        ("generic 2 PRIORITY on a half-closed stream", vec![get(1), priority(1, 0)], Answer(200)),
        (
            "generic 2 WINDOW_UPDATE on a half-closed stream",
            vec![get(1), window_update(1, 9)],
            Answer(200),
        ),
        ("generic 2 RST_STREAM on a half-closed stream", vec![get(1), reset(1, CANCEL)], Go),
        ("generic 3.1 one DATA frame", vec![post(1), data(1, END_STREAM, "test")], Answer(200)),
        (
            "generic 3.1 two DATA frames",
            vec![post(1), data(1, 0, "te"), data(1, END_STREAM, "st")],
            Answer(200),
        ),
        (
            "generic 3.1 DATA with padding",
            vec![post(1), padded(DATA, END_STREAM, 1, 3, b"test\0\0\0")],
            Answer(200),
        ),
        ("generic 3.2 HEADERS", vec![get(1)], Answer(200)),
        (
            "generic 3.2 HEADERS with padding",
            vec![padded(HEADERS, WHOLE, 1, 2, &[&block(&GET)[..], &[0; 2]].concat())],
            Answer(200),
        ),
        (
            "generic 3.2 HEADERS with priority",
            vec![Frame::new(HEADERS, WHOLE | PRIORITISED, 1, prioritised)],
            Answer(200),
        ),
        (
            "generic 3.2 HEADERS with both",
            vec![Frame::new(HEADERS, WHOLE | PRIORITISED | PADDED, 1, both)],
            Answer(200),
        ),
        (
            "generic 3.3 PRIORITY with 256",
            vec![Frame::new(PRIORITY, 0, 1, [0, 0, 0, 0, 255]), get(1)],
            Answer(200),
        ),
        (
            "generic 3.3 PRIORITY, exclusive",
            vec![Frame::new(PRIORITY, 0, 3, [0x80, 0, 0, 1, 15]), get(5)],
            Answer(200),
        ),
        ("generic 3.4 RST_STREAM", vec![post(1), reset(1, CANCEL)], Go),
        ("generic 3.5 SETTINGS", vec![settings(&[(3, 100)]), get(1)], Answer(200)),
        ("generic 3.7 PING", vec![Frame::new(PING, 0, 0, [7; 8]), get(1)], Answer(200)),
        ("generic 3.8 GOAWAY", vec![get(1), go_away(0, NO_ERROR)], Last(200)),
        (
            "generic 3.9 WINDOW_UPDATE of the connection",
            vec![window_update(0, 1), get(1)],
            Answer(200),
        ),
        (
            "generic 3.9 WINDOW_UPDATE of a stream",
            vec![post(1), window_update(1, 1), data(1, END_STREAM, "")],
            Answer(200),
        ),
        (
            "generic 3.10 CONTINUATION",
            vec![first.clone(), continuation(1, END_HEADERS, &rest)],
            Answer(200),
        ),
        (
            "generic 3.10 CONTINUATION, twice",
            vec![first, continuation(1, 0, &rest[..9]), continuation(1, END_HEADERS, &rest[9..])],
            Answer(200),
        ),
        (
            "generic 4 HEAD",
            vec![headers(1, WHOLE, &[&[(":method", "HEAD")], &GET[1..]].concat())],
            Answer(200),
        ),
        ("generic 4 POST with trailers", vec![post(1), data(1, 0, "test"), trailers], Answer(200)),
        (
            "generic 5 indexed fields",
            vec![Frame::new(
                HEADERS,
                WHOLE,
                1,
                [&[0x82, 0x86, 0x84][..], &block(&GET[3..])].concat(),
            )],
            Answer(200),
        ),
        ("generic 5 literal to be remembered", vec![raw(b"\x40\x01a\x01b"), get(3)], Answer(200)),
        (
            "generic 5 literal never to be remembered",
            vec![raw(b"\x10\x01a\x01b"), get(3)],
            Answer(200),
        ),
        (
            "generic 5 size of the table",
            vec![Frame::new(
                HEADERS,
                WHOLE,
                1,
                [&[0x20, 0x3f, 0xe1, 0x1f][..], &block(&GET)].concat(),
            )],
            Answer(200),
        ),
        ("generic 5 Huffman", vec![raw(b"\x00\x81\x1f\x81\x1f")], Answer(200)),
    ]
}

fn frames_and_streams() -> Vec<Case> {
    let (open, rest) = cut(1, END_STREAM);
    let large = vec![0; 16_385];
    let full = vec![b'x'; 16_384];
    let reserved = Frame { stream: 0x8000_0001, ..get(1) };
    let itself = [&[0, 0, 0, 1, 255], block(&GET).as_slice()].concat();
    vec![
        ("4.1 unknown kind", vec![Frame::new(0x16, 0, 0, [0; 8]), get(1)], Answer(200)),
        ("4.1 unknown flag", vec![Frame::new(PING, 0x16, 0, [0; 8]), get(1)], Answer(200)),
        ("4.1 reserved bit", vec![reserved], Answer(200)),
        ("4.2 DATA as large as may be", vec![post(1), data(1, END_STREAM, &full)], Answer(200)),
        (
            "4.2 DATA too large",
            vec![post(1), data(1, END_STREAM, &large)],
            Close(&[FRAME_SIZE_ERROR]),
        ),
        (
            "4.2 HEADERS too large",
            vec![Frame::new(HEADERS, WHOLE, 1, &large)],
            Close(&[FRAME_SIZE_ERROR]),
        ),
        (
            "4.3 no header block",
            vec![Frame::new(HEADERS, WHOLE, 1, [0x40])],
            Close(&[COMPRESSION_ERROR]),
        ),
        (
            "4.3 PRIORITY in a block",
            vec![open.clone(), priority(1, 0), continuation(1, END_HEADERS, &rest)],
            Close(&[PROTOCOL_ERROR]),
        ),
        ("4.3 another stream in a block", vec![open.clone(), get(3)], Close(&[PROTOCOL_ERROR])),
        ("5.1 idle: DATA", vec![data(1, END_STREAM, "test")], Close(&[PROTOCOL_ERROR])),
        ("5.1 idle: RST_STREAM", vec![reset(1, CANCEL)], Close(&[PROTOCOL_ERROR])),
        ("5.1 idle: WINDOW_UPDATE", vec![window_update(1, 100)], Close(&[PROTOCOL_ERROR])),
        (
            "5.1 idle: CONTINUATION",
            vec![continuation(1, END_HEADERS, &rest)],
            Close(&[PROTOCOL_ERROR]),
        ),
        (
            "5.1 half-closed: DATA",
            vec![get(1), data(1, END_STREAM, "test")],
            Reset(&[STREAM_CLOSED, PROTOCOL_ERROR]),
        ),
        ("5.1 half-closed: HEADERS", vec![get(1), get(1)], Reset(&[STREAM_CLOSED, PROTOCOL_ERROR])),
        (
            "5.1 half-closed: CONTINUATION",
            vec![get(1), continuation(1, END_HEADERS, &rest)],
            Close(&[STREAM_CLOSED, PROTOCOL_ERROR]),
        ),
        (
            "5.1 reset: DATA",
            vec![post(1), reset(1, CANCEL), data(1, END_STREAM, "test")],
            Reset(&[STREAM_CLOSED]),
        ),
        ("5.1 reset: HEADERS", vec![post(1), reset(1, CANCEL), get(1)], Reset(&[STREAM_CLOSED])),
        (
            "5.1 reset: CONTINUATION",
            vec![post(1), reset(1, CANCEL), continuation(1, END_HEADERS, &rest)],
            Close(&[STREAM_CLOSED, PROTOCOL_ERROR]),
        ),
        ("5.1.1 an even stream", vec![get(2)], Close(&[PROTOCOL_ERROR])),
        ("5.1.1 an earlier stream", vec![get(5), get(3)], Close(&[PROTOCOL_ERROR, STREAM_CLOSED])),
        (
            "5.3.1 HEADERS on itself",
            vec![Frame::new(HEADERS, WHOLE | PRIORITISED, 1, itself)],
            Reset(&[PROTOCOL_ERROR]),
        ),
        ("5.3.1 PRIORITY on itself", vec![post(1), priority(1, 1)], Reset(&[PROTOCOL_ERROR])),
        (
            "5.4.1 after an error the connection closes",
            vec![Frame::new(PING, 0, 3, [0; 8])],
            Close(&[PROTOCOL_ERROR]),
        ),
        ("5.5 an extension", vec![Frame::new(0xff, 0, 1, [0; 8]), get(1)], Answer(200)),
        (
            "5.5 an extension in a block",
            vec![open, Frame::new(0xff, 0, 0, [0; 8]), continuation(1, END_HEADERS, &rest)],
            Close(&[PROTOCOL_ERROR]),
        ),
    ]
}

fn kinds_of_frames() -> Vec<Case> {
    let (open, rest) = cut(1, END_STREAM);
    let whole = block(&GET);
    let short = |kind, stream| Frame::new(kind, 0, stream, [0; 3]);
    vec![
        ("6.1 DATA on no stream", vec![data(0, END_STREAM, "test")], Close(&[PROTOCOL_ERROR])),
        (
            "6.1 DATA on a closed stream",
            vec![get(1), data(1, 0, "test")],
            Reset(&[STREAM_CLOSED, PROTOCOL_ERROR]),
        ),
        (
            "6.1 DATA with too much padding",
            vec![post(1), padded(DATA, END_STREAM, 1, 6, b"test")],
            Close(&[PROTOCOL_ERROR]),
        ),
        (
            "6.2 HEADERS, then PRIORITY",
            vec![open.clone(), priority(1, 0)],
            Close(&[PROTOCOL_ERROR]),
        ),
        (
            "6.2 HEADERS, then HEADERS of another stream",
            vec![open.clone(), get(3)],
            Close(&[PROTOCOL_ERROR]),
        ),
        ("6.2 HEADERS on no stream", vec![get(0)], Close(&[PROTOCOL_ERROR])),
        (
            "6.2 HEADERS with too much padding",
            vec![padded(HEADERS, WHOLE, 1, 255, &whole)],
            Close(&[PROTOCOL_ERROR]),
        ),
        ("6.3 PRIORITY on no stream", vec![priority(0, 1)], Close(&[PROTOCOL_ERROR])),
        (
            "6.3 PRIORITY of another length",
            vec![post(1), short(PRIORITY, 1)],
            Reset(&[FRAME_SIZE_ERROR]),
        ),
        ("6.4 RST_STREAM on no stream", vec![reset(0, CANCEL)], Close(&[PROTOCOL_ERROR])),
        ("6.4 RST_STREAM on an idle stream", vec![reset(1, CANCEL)], Close(&[PROTOCOL_ERROR])),
        (
            "6.4 RST_STREAM of another length",
            vec![post(1), short(RST_STREAM, 1)],
            Close(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.5 SETTINGS, acknowledged at length",
            vec![Frame::new(SETTINGS, ACK, 0, [0])],
            Close(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.5 SETTINGS on a stream",
            vec![Frame { stream: 1, ..settings(&[(3, 100)]) }],
            Close(&[PROTOCOL_ERROR]),
        ),
        ("6.5 SETTINGS of another length", vec![short(SETTINGS, 0)], Close(&[FRAME_SIZE_ERROR])),
        ("6.5.2 ENABLE_PUSH of 2", vec![settings(&[(2, 2)])], Close(&[PROTOCOL_ERROR])),
        (
            "6.5.2 INITIAL_WINDOW_SIZE too large",
            vec![settings(&[(4, 1 << 31)])],
            Close(&[FLOW_CONTROL_ERROR]),
        ),
        (
            "6.5.2 MAX_FRAME_SIZE too small",
            vec![settings(&[(5, 16_383)])],
            Close(&[PROTOCOL_ERROR]),
        ),
        (
            "6.5.2 MAX_FRAME_SIZE too large",
            vec![settings(&[(5, 1 << 24)])],
            Close(&[PROTOCOL_ERROR]),
        ),
        ("6.5.2 an unknown setting", vec![settings(&[(0xff, 1)]), get(1)], Answer(200)),
        ("6.7 PING acknowledged", vec![Frame::new(PING, ACK, 0, [1; 8]), get(1)], Answer(200)),
        ("6.7 PING on a stream", vec![Frame::new(PING, 0, 1, [0; 8])], Close(&[PROTOCOL_ERROR])),
        (
            "6.7 PING of another length",
            vec![Frame::new(PING, 0, 0, [0; 6])],
            Close(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.8 GOAWAY on a stream",
            vec![Frame { stream: 1, ..go_away(0, NO_ERROR) }],
            Close(&[PROTOCOL_ERROR]),
        ),
        (
            "6.9 WINDOW_UPDATE of the connection by 0",
            vec![window_update(0, 0)],
            Close(&[PROTOCOL_ERROR]),
        ),
        (
            "6.9 WINDOW_UPDATE of a stream by 0",
            vec![post(1), window_update(1, 0)],
            Reset(&[PROTOCOL_ERROR]),
        ),
        (
            "6.9 WINDOW_UPDATE of another length",
            vec![short(WINDOW_UPDATE, 0)],
            Close(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.9.1 the connection's window too large",
            vec![window_update(0, i32::MAX as u32), window_update(0, i32::MAX as u32)],
            Close(&[FLOW_CONTROL_ERROR]),
        ),
        (
            "6.9.1 a stream's window too large",
            vec![post(1), window_update(1, i32::MAX as u32), window_update(1, i32::MAX as u32)],
            Reset(&[FLOW_CONTROL_ERROR]),
        ),
        (
            "6.9.2 windows too large by settings",
            vec![settings(&[(4, 1 << 31)])],
            Close(&[FLOW_CONTROL_ERROR]),
        ),
        (
            "6.10 CONTINUATION, then DATA",
            vec![open.clone(), continuation(1, 0, &rest), data(1, 0, "test")],
            Close(&[PROTOCOL_ERROR]),
        ),
        (
            "6.10 CONTINUATION on no stream",
            vec![open.clone(), continuation(0, END_HEADERS, &rest)],
            Close(&[PROTOCOL_ERROR]),
        ),
        (
            "6.10 CONTINUATION behind a whole block",
            vec![get(1), continuation(1, END_HEADERS, &rest)],
            Close(&[PROTOCOL_ERROR, STREAM_CLOSED]),
        ),
        (
            "6.10 CONTINUATION behind the last one",
            vec![open, continuation(1, END_HEADERS, &rest), continuation(1, END_HEADERS, &rest)],
            Close(&[PROTOCOL_ERROR, STREAM_CLOSED]),
        ),
        (
            "6.10 CONTINUATION behind DATA",
            vec![post(1), data(1, 0, "test"), continuation(1, END_HEADERS, &rest)],
            Close(&[PROTOCOL_ERROR]),
        ),
    ]
}

fn messages() -> Vec<Case> {
    let malformed = Reset(&[PROTOCOL_ERROR]);
    let length =
        |length| headers(1, END_HEADERS, &[&POST[..], &[("content-length", length)]].concat());
    vec![
        (
            "8.1 HEADERS again without an end",
            vec![post(1), headers(1, END_HEADERS, &[("x-sum", "1")])],
            malformed,
        ),
        ("8.1.2 an upper-case name", vec![with(&[("X-TEST", "ok")])], malformed),
        ("8.1.2.1 an unknown pseudo-header", vec![with(&[(":test", "ok")])], malformed),
        ("8.1.2.1 a pseudo-header of responses", vec![with(&[(":status", "200")])], malformed),
        (
            "8.1.2.1 a pseudo-header in trailers",
            vec![post(1), data(1, 0, "test"), headers(1, WHOLE, &[(":method", "200")])],
            malformed,
        ),
        (
            "8.1.2.1 a pseudo-header behind a field",
            vec![headers(1, WHOLE, &[&[("x-test", "ok")][..], &GET].concat())],
            malformed,
        ),
        ("8.1.2.2 connection", vec![with(&[("connection", "keep-alive")])], malformed),
        ("8.1.2.2 transfer-encoding", vec![with(&[("transfer-encoding", "chunked")])], malformed),
        ("8.1.2.2 te", vec![with(&[("te", "trailers, deflate")])], malformed),
        (
            "8.1.2.3 :path, empty",
            vec![headers(1, WHOLE, &[GET[0], GET[1], (":path", ""), GET[3]])],
            malformed,
        ),
        ("8.1.2.3 no :method", vec![without(":method")], malformed),
        ("8.1.2.3 no :scheme", vec![without(":scheme")], malformed),
        ("8.1.2.3 no :path", vec![without(":path")], malformed),
        (
            "8.1.2.3 :method twice",
            vec![headers(1, WHOLE, &[&[GET[0]][..], &GET].concat())],
            malformed,
        ),
        (
            "8.1.2.3 :scheme twice",
            vec![headers(1, WHOLE, &[&[GET[1]][..], &GET].concat())],
            malformed,
        ),
        (
            "8.1.2.3 :path twice",
            vec![headers(1, WHOLE, &[&[GET[2]][..], &GET].concat())],
            malformed,
        ),
        (
            "8.1.2.6 less than the content-length",
            vec![length("5"), data(1, END_STREAM, "test")],
            malformed,
        ),
        (
            "8.1.2.6 more than the content-length",
            vec![length("3"), data(1, 0, "te"), data(1, END_STREAM, "st")],
            malformed,
        ),
        (
            "8.2 PUSH_PROMISE",
            vec![Frame::new(
                PUSH_PROMISE,
                END_HEADERS,
                1,
                [&[0, 0, 0, 3], block(&GET).as_slice()].concat(),
            )],
            Close(&[PROTOCOL_ERROR]),
        ),
        (
            "hpack 2.3.3 an index beyond the tables",
            vec![raw(&[0xff, 0x00])],
            Close(&[COMPRESSION_ERROR]),
        ),
        ("hpack 4.2 a table's size behind fields", vec![raw(&[0x20])], Close(&[COMPRESSION_ERROR])),
        (
            "hpack 5.2 more than 7 bits of padding",
            vec![raw(b"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff")],
            Close(&[COMPRESSION_ERROR]),
        ),
        (
            "hpack 5.2 padding of zeroes",
            vec![raw(b"\x00\x85\xf2\xb2\x4a\x84\xff\x83\x49\x50\x90")],
            Close(&[COMPRESSION_ERROR]),
        ),
        (
            "hpack 5.2 the end of string itself",
            vec![raw(b"\x00\x85\xf2\xb2\x4a\x84\xff\x87\x49\x51\xff\xff\xff\xfa\x7f")],
            Close(&[COMPRESSION_ERROR]),
        ),
        ("hpack 6.1 the index 0", vec![raw(&[0x80])], Close(&[COMPRESSION_ERROR])),
        (
            "hpack 6.3 a table larger than allowed",
            vec![Frame::new(HEADERS, WHOLE, 1, [&[0x3f, 0xe2, 0x1f][..], &block(&GET)].concat())],
            Close(&[COMPRESSION_ERROR]),
        ),
    ]
}

/// What happened to a connection after these frames; `None`: what had to.
fn fault(proxy: &Live, frames: &[Frame], must: Must) -> Option<String> {
    let mut peer = Peer::connect(proxy.address());
    peer.patience(PATIENCE);
    peer.frames(frames);
    let got = match must {
        Answer(status) | Last(status) => {
            let head = peer.find(|frame| matches!(frame.kind, HEADERS | RST_STREAM | GOAWAY));
            let answered =
                head.as_ref().is_some_and(|head| head.kind == HEADERS && head.status() == status);
            let well = answered && (matches!(must, Last(_)) || peer.is_alive());
            (!well).then_some(head)
        }
        Go => (!peer.is_alive()).then_some(None),
        Reset(codes) => {
            let end = peer.find(|frame| matches!(frame.kind, RST_STREAM | GOAWAY));
            (!end.as_ref().is_some_and(|end| codes.contains(&end.code()))).then_some(end)
        }
        Close(codes) => {
            let end = peer.find(|frame| frame.kind == GOAWAY);
            let closed = end.as_ref().is_some_and(|end| codes.contains(&end.code()));
            (!closed || peer.goodbye().is_some()).then_some(end)
        }
    };
    got.map(|got| format!("must {must:?}, but {got:?}"))
}

/// Cases that end otherwise than RFC 7540 wants, because the `h2` crate reads the frames, and how.
///
/// Nothing of what these rules keep out gets in: a connection is closed with the general error in
/// place of the particular one, a stream's fault ends the connection, and a pseudo-header among
/// trailers is dropped.
const OTHERWISE: [(&str, Must); 18] = [
    ("4.3 no header block", Close(&[PROTOCOL_ERROR])),
    ("5.1 reset: HEADERS", Close(&[PROTOCOL_ERROR])),
    ("6.3 PRIORITY of another length", Close(&[PROTOCOL_ERROR])),
    ("6.4 RST_STREAM of another length", Close(&[PROTOCOL_ERROR])),
    ("6.5 SETTINGS, acknowledged at length", Close(&[PROTOCOL_ERROR])),
    ("6.5 SETTINGS of another length", Close(&[PROTOCOL_ERROR])),
    ("6.5.2 INITIAL_WINDOW_SIZE too large", Close(&[PROTOCOL_ERROR])),
    ("6.7 PING of another length", Close(&[PROTOCOL_ERROR])),
    ("6.9 WINDOW_UPDATE of another length", Close(&[PROTOCOL_ERROR])),
    ("6.9.2 windows too large by settings", Close(&[PROTOCOL_ERROR])),
    ("8.1.2.1 a pseudo-header in trailers", Answer(200)),
    ("hpack 2.3.3 an index beyond the tables", Close(&[PROTOCOL_ERROR])),
    ("hpack 4.2 a table's size behind fields", Close(&[PROTOCOL_ERROR])),
    ("hpack 5.2 more than 7 bits of padding", Close(&[PROTOCOL_ERROR])),
    ("hpack 5.2 padding of zeroes", Close(&[PROTOCOL_ERROR])),
    ("hpack 5.2 the end of string itself", Close(&[PROTOCOL_ERROR])),
    ("hpack 6.1 the index 0", Close(&[PROTOCOL_ERROR])),
    ("hpack 6.3 a table larger than allowed", Close(&[PROTOCOL_ERROR])),
];

#[test]
fn every_case_ends_as_it_must() {
    let upstream = Upstream::script([reply("200 OK", "fine")]);
    let proxy = Live::start::<Plain>(1, &[("catalog", upstream.address)]);
    let cases = [generic(), frames_and_streams(), kinds_of_frames(), messages()].concat();
    for (name, _) in OTHERWISE {
        assert!(cases.iter().any(|case| case.0 == name), "{name} is no case");
    }
    let ends = |(name, frames, must): &Case| {
        let otherwise = OTHERWISE.iter().find(|(otherwise, _)| otherwise == name);
        let fault = fault(&proxy, frames, otherwise.map_or(*must, |(_, does)| *does));
        fault.map(|fault| format!("{name}: {fault}"))
    };
    let faults: Vec<_> = cases.iter().filter_map(ends).collect();
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
}
