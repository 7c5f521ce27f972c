//! What a caller's frames cost, and when it is enough.
//!
//! It takes the place of bounds that `h2` has for the whole life of a connection. A connection has
//! credit: frames that bring calls forward give some, frames that only keep the proxy busy take some.
//! What we send gives some, too, for its readers answer it, and so does time. Whoever has used it all
//! up floods.

use std::time::Duration;

use crate::clock::Moment;
use crate::observe::metrics::Flood;

/// What a connection begins with, and the most that it can have.
const CREDIT: i64 = 1_000;
/// How long it takes to give one.
const REFILL: Duration = Duration::from_millis(10);
/// What a DATA frame that we send gives: its reader may open the stream's window and the connection's,
/// and measure the line with a PING (as gRPC for Go does).
const PER_DATA_SENT: i64 = 3;
/// So many bytes of it give one more: who reads it in pieces opens the window for each.
const BYTES_SENT: usize = 256;

/// A stream that ends before its time, by either side's reset, costs more than its beginning gives.
const RESET: i64 = 2;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PREFACE: usize = 24;
const FRAME_HEADER: usize = 9;
const END_STREAM: u8 = 0x1;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// One connection's frames, read along.
#[derive(Debug)]
pub(super) struct Gauge {
    incoming: Frames,
    outgoing: Frames,
    /// A head has begun, and not ended.
    head_open: bool,
    credit: i64,
    refilled: Moment,
}

/// The headers of the frames in one direction.
#[derive(Debug)]
struct Frames {
    /// Bytes up to the next frame's header.
    skip: usize,
    header: [u8; FRAME_HEADER],
    /// Bytes of the header that are here.
    known: usize,
}

/// What the header of a frame says.
#[derive(Clone, Copy, Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    length: usize,
}

impl Frames {
    fn behind(bytes: usize) -> Self {
        Self { skip: bytes, header: [0; FRAME_HEADER], known: 0 }
    }

    /// The next frame whose header ends in these bytes, which go on behind it.
    fn next(&mut self, bytes: &mut &[u8]) -> Option<Frame> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        let part = (FRAME_HEADER - self.known).min(bytes.len() - skipped);
        let slot = self.header.get_mut(self.known..self.known + part);
        if let (Some(slot), Some(part)) = (slot, bytes.get(skipped..skipped + part)) {
            slot.copy_from_slice(part);
        }
        self.known += part;
        *bytes = bytes.get(skipped + part..).unwrap_or_default();
        if self.known < FRAME_HEADER {
            return None;
        }
        let [a, b, c, kind, flags, ..] = self.header;
        (self.known, self.skip) = (0, u32::from_be_bytes([0, a, b, c]) as usize);
        Some(Frame { kind, flags, length: self.skip })
    }
}

impl Gauge {
    pub(super) fn new(now: Moment) -> Self {
        Self {
            incoming: Frames::behind(PREFACE),
            outgoing: Frames::behind(0),
            head_open: false,
            credit: CREDIT,
            refilled: now,
        }
    }

    pub(super) fn is_head_open(&self) -> bool {
        self.head_open
    }

    /// These bytes have come; what do they flood us with, if it is too much? `now` is asked for only
    /// when the credit has run out.
    pub(super) fn received(&mut self, mut bytes: &[u8], now: impl Fn() -> Moment) -> Option<Flood> {
        let mut flood = None;
        while let Some(frame) = self.incoming.next(&mut bytes) {
            flood = self.came(frame, &now).or(flood);
        }
        flood
    }

    /// These bytes have been sent. An answer to a PING or to settings pays for none. An answer that
    /// breaks off costs its caller nothing, but streams that we refuse or find in error do.
    pub(super) fn sent(&mut self, mut bytes: &[u8]) {
        while let Some(frame) = self.outgoing.next(&mut bytes) {
            match frame.kind {
                DATA => self.earn(PER_DATA_SENT + (frame.length / BYTES_SENT) as i64),
                HEADERS => self.earn(1),
                RST_STREAM => self.credit -= RESET,
                _ => {}
            }
        }
    }

    fn earn(&mut self, credit: i64) {
        self.credit = self.credit.saturating_add(credit).min(CREDIT);
    }

    fn came(&mut self, frame: Frame, now: impl Fn() -> Moment) -> Option<Flood> {
        let Frame { kind, flags, length } = frame;
        let (flood, cost) = match kind {
            // What there is too much of is what we answer it with.
            DATA if length > 0 => (Flood::Reset, -1),
            DATA if flags & END_STREAM != 0 => return None,
            DATA => (Flood::EmptyData, 1),
            HEADERS => {
                self.head_open = flags & END_HEADERS == 0;
                (Flood::Reset, -1)
            }
            RST_STREAM => (Flood::Reset, RESET),
            4 if flags & ACK != 0 => return None,
            4 => (Flood::Settings, 5),
            6 => (Flood::Ping, 1),
            8 => (Flood::WindowUpdate, 1),
            9 => {
                self.head_open &= flags & END_HEADERS == 0;
                (Flood::Continuation, 1)
            }
            _ => (Flood::Other, 1),
        };
        self.earn(-cost);
        if self.credit < 0 {
            self.refill(now());
        }
        (self.credit < 0).then_some(flood)
    }

    /// What is less than a credit's time goes on to run.
    fn refill(&mut self, now: Moment) {
        let credit = ((now - self.refilled).as_millis() / REFILL.as_millis()) as u32;
        self.refilled = self.refilled + REFILL * credit;
        self.earn(i64::from(credit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: usize) -> Vec<u8> {
        let mut frame = vec![0, (payload >> 8) as u8, payload as u8, kind, flags, 0, 0, 0, 1];
        frame.resize(9 + payload, 0);
        frame
    }

    /// After how many repetitions of these frames it is too much, if it ever is; everything in
    /// pieces of `size` bytes.
    fn too_much(frames: &[Vec<u8>], size: usize) -> Option<(usize, Flood)> {
        let mut gauge = Gauge::new(Moment::START);
        gauge.received(&[0; PREFACE], || Moment::START);
        let bytes = frames.concat();
        (1..10_000).find_map(|turn| {
            let mut pieces = bytes.chunks(size);
            let flood = pieces.find_map(|piece| gauge.received(piece, || Moment::START));
            flood.map(|flood| (turn, flood))
        })
    }

    #[test]
    fn frames_that_bring_nothing_forward_use_up_the_credit() {
        let (headers, data) = (frame(1, END_HEADERS, 20), frame(0, 0, 300));
        let rows = [
            (vec![frame(6, 0, 8)], Some((1_001, Flood::Ping))),
            (vec![frame(4, 0, 6)], Some((201, Flood::Settings))),
            (vec![frame(4, ACK, 0)], None),
            (vec![frame(2, 0, 5)], Some((1_001, Flood::Other))),
            (vec![frame(8, 0, 4)], Some((1_001, Flood::WindowUpdate))),
            (vec![frame(0, 0, 0)], Some((1_001, Flood::EmptyData))),
            (vec![frame(0, END_STREAM, 0)], None),
            (vec![frame(9, 0, 1)], Some((1_001, Flood::Continuation))),
            // Rapid reset.
            (vec![headers.clone(), frame(3, 0, 4)], Some((1_000, Flood::Reset))),
            (vec![headers.clone(), headers.clone(), frame(3, 0, 4)], None),
            (vec![headers.clone(), data.clone(), frame(8, 0, 4), frame(8, 0, 4)], None),
            (vec![data, frame(6, 0, 8)], None),
        ];
        for (frames, expected) in rows {
            for size in [1, 5, 9, 10, 4096] {
                assert_eq!(too_much(&frames, size), expected, "{frames:?} by {size}");
            }
        }
    }

    /// The gauge of a connection whose credit is used up at its start.
    fn spent() -> Gauge {
        let mut gauge = Gauge::new(Moment::START);
        gauge.received(&[0; PREFACE], || Moment::START);
        for _ in 0..CREDIT {
            assert_eq!(gauge.received(&frame(6, 0, 8), || Moment::START), None);
        }
        gauge
    }

    #[test]
    fn time_and_what_is_sent_give_credit() {
        let window = frame(8, 0, 4);
        let data = |length, times| frame(DATA, 0, length).repeat(times);
        let heads = |times| frame(HEADERS, END_HEADERS, 300).repeat(times);
        let broken_off = [heads(20), frame(RST_STREAM, 0, 4).repeat(5)].concat();
        let answers = [frame(4, ACK, 0), frame(6, ACK, 8).repeat(100)].concat();
        for (sent, millis, pays_for) in [
            (data(10, 10), 0, 30),
            (data(1_000, 10), 0, 60),
            (data(0, 0), 1_000, 100),
            (data(10, 3), 1_000, 109),
            (heads(10), 0, 10),
            (broken_off, 0, 10),
            (answers, 0, 0),
        ] {
            for size in [1, 5, 9, 10, 4096] {
                let (mut gauge, now) = (spent(), Moment::from_millis(millis));
                sent.chunks(size).for_each(|piece| gauge.sent(piece));
                for _ in 0..pays_for {
                    assert_eq!(gauge.received(&window, || now), None);
                }
                let flood = gauge.received(&window, || now);
                assert_eq!(flood, Some(Flood::WindowUpdate), "{pays_for} by {size}");
            }
        }
    }

    /// A hundred each second are allowed, however they are spread.
    #[test]
    fn time_that_is_less_than_a_credit_is_not_lost() {
        let mut gauge = spent();
        for millis in (30..30_000).step_by(30).flat_map(|at| [at - 15, at, at]) {
            let now = Moment::from_millis(millis);
            assert_eq!(gauge.received(&frame(6, 0, 8), || now), None);
        }
    }

    /// So are streams that we refuse or find in error, one after another.
    #[test]
    fn what_we_reset_is_too_much_at_last() {
        let mut gauge = Gauge::new(Moment::START);
        gauge.received(&[0; PREFACE], || Moment::START);
        let floods = (0..2_000).map(|_| {
            gauge.sent(&frame(RST_STREAM, 0, 4));
            gauge.received(&frame(HEADERS, END_HEADERS, 20), || Moment::START)
        });
        assert_eq!(floods.take_while(Option::is_none).count(), 1_000);
    }

    #[test]
    fn a_head_is_open_until_its_last_frame() {
        let mut gauge = Gauge::new(Moment::START);
        gauge.received(&[0; PREFACE], || Moment::START);
        for (frame, open) in [
            (frame(1, END_HEADERS, 3), false),
            (frame(1, 0, 3), true),
            (frame(9, 0, 3), true),
            (frame(9, END_HEADERS, 3), false),
        ] {
            gauge.received(&frame, || Moment::START);
            assert_eq!(gauge.is_head_open(), open);
        }
    }
}
