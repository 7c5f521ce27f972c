//! Sections 4 and 5: frames, and the states of streams.

use amb_tests_wire::frames::*;

use crate::case::Must::{Answer, Close, Reset};
use crate::case::*;

/// Section 4: the form and the size of a frame, and header blocks.
pub(crate) fn frames() -> Vec<Case> {
    let (open, rest) = cut(1, END_STREAM);
    let large = vec![0; 16_385];
    let full = vec![b'x'; 16_384];
    let reserved = Frame { stream: 0x8000_0001, ..get(1) };
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
    ]
}

/// Section 5: which frames a stream takes in which state.
pub(crate) fn states() -> Vec<Case> {
    let (open, rest) = cut(1, END_STREAM);
    let itself = [&[0, 0, 0, 1, 255], block(&GET).as_slice()].concat();
    vec![
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
