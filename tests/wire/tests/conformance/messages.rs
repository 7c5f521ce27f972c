//! Section 8, and RFC 7541: messages, and how their fields are compressed.

use amb_tests_wire::frames::*;

use crate::case::Must::{Close, Reset};
use crate::case::*;

/// Fields that no message has.
pub(crate) fn fields() -> Vec<Case> {
    let malformed = Reset(&[PROTOCOL_ERROR]);
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
    ]
}

/// What a request must have, and nothing twice.
pub(crate) fn requests() -> Vec<Case> {
    let malformed = Reset(&[PROTOCOL_ERROR]);
    let length =
        |length| headers(1, END_HEADERS, &[&POST[..], &[("content-length", length)]].concat());
    vec![
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
    ]
}

/// RFC 7541: what cannot be decompressed.
pub(crate) fn compression() -> Vec<Case> {
    vec![
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
