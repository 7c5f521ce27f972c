//! What no server may stumble over.

use amb_tests_wire::frames::*;

use crate::case::Must::{Answer, Go, Last};
use crate::case::*;

/// Streams in every state, and the frames of a request.
pub(crate) fn streams_and_requests() -> Vec<Case> {
    let prioritised = [&[0, 0, 0, 0, 255], block(&GET).as_slice()].concat();
    let both = [&[3, 0, 0, 0, 0, 255], block(&GET).as_slice(), &[0; 3]].concat();
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
    ]
}

/// Frames about the connection, and whole messages.
pub(crate) fn connections_and_messages() -> Vec<Case> {
    let (first, rest) = cut(1, END_STREAM);
    let trailers = headers(1, WHOLE, &[("x-sum", "1")]);
    vec![
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
    ]
}

/// How fields are written.
pub(crate) fn fields() -> Vec<Case> {
    vec![
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
