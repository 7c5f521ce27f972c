//! Section 6: the kinds of frames, one after another.

use amb_tests_wire::frames::*;

use crate::case::Must::{Answer, Close, Reset};
use crate::case::*;

/// DATA, HEADERS, PRIORITY and RST_STREAM.
pub(crate) fn of_streams() -> Vec<Case> {
    let (open, _) = cut(1, END_STREAM);
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
    ]
}

/// SETTINGS, PING and GOAWAY.
pub(crate) fn of_connections() -> Vec<Case> {
    let short = |kind, stream| Frame::new(kind, 0, stream, [0; 3]);
    vec![
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
    ]
}

/// WINDOW_UPDATE.
pub(crate) fn of_windows() -> Vec<Case> {
    let short = |kind, stream| Frame::new(kind, 0, stream, [0; 3]);
    vec![
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
    ]
}

/// CONTINUATION.
pub(crate) fn of_blocks() -> Vec<Case> {
    let (open, rest) = cut(1, END_STREAM);
    vec![
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
