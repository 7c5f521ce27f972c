//! What a server must do with frames that break the rules (RFC 9113, RFC 7541), case by case.
//!
//! The cases are those that h2spec lists for servers, in its order and under its section numbers,
//! which are RFC 7540's. Whatever cannot be wrong says so by a `PING` that is answered afterwards.

mod case;
mod generic;
mod kinds;
mod messages;
mod streams;

use std::time::Duration;

use amb_runtime::testing::Live;
use amb_tests_wire::frames::*;
use amb_tests_wire::policies::plain::Plain;
use amb_tests_wire::upstream::{Upstream, reply};

use case::Case;
use case::Must::{self, Answer, Close, Go, Last, Reset};

/// A case that ends otherwise may also not end at all.
const PATIENCE: Duration = Duration::from_secs(3);

/// All of them, section by section.
const SECTIONS: [fn() -> Vec<Case>; 12] = [
    generic::streams_and_requests,
    generic::connections_and_messages,
    generic::fields,
    streams::frames,
    streams::states,
    kinds::of_streams,
    kinds::of_connections,
    kinds::of_windows,
    kinds::of_blocks,
    messages::fields,
    messages::requests,
    messages::compression,
];

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
    let cases: Vec<_> = SECTIONS.iter().flat_map(|section| section()).collect();
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
