//! Buffers: one block per message in flight, kept by the worker between messages.
//!
//! ```text
//! 0 ······ head_end ······ decoded ······ filled ······ len
//!   head     may go out      not looked at     free
//! ```
//!
//! A block holds a head and, behind it, a window on the body. In the request's block the head
//! stays until the call has ended, for another try needs it, and as long as the body fits it stays
//! too: the window is the replay buffer.

use super::Outgoing;
use super::body::{Decoder, Malformed, Step};
use super::kept::Kept;
use super::trim::{Ebb, trim};
use crate::message::lines::close_up;
use crate::message::{Edits, Field};

/// For heads and small bodies: a head and 16 KiB, which many servers write at once, in one read.
const SMALL: usize = 18 * 1024;
/// For large bodies: half as many system calls per byte cost more than the memory.
const LARGE: usize = 256 * 1024;
/// From this many bytes on that are still to come, a body moves through a large block, or past all
/// blocks.
pub(crate) const LARGE_BODY: u64 = 64 * 1024;
/// The room that a body window has at least: less would be read, and written, in crumbs.
const LEAST_ROOM: usize = 4 * 1024;
/// The room that it gets where it has less.
pub(crate) const WINDOW: usize = 16 * 1024;
/// Blocks kept for reuse per worker: a connection of HTTP/2 carries 128 calls, of two blocks each.
const KEPT: usize = 256;
/// Those that stay when nobody needs them: for calls that come now and then.
const KEPT_AT_REST: usize = 8;
/// The same of large pieces of memory; none of them stays.
const LARGE_KEPT: usize = 16;

/// Bytes of one message, and how far they have come.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) bytes: Vec<u8>,
    pub(crate) head_end: usize,
    pub(crate) decoded: usize,
    pub(crate) filled: usize,
    /// Field lines of the head.
    pub(crate) fields: Vec<Field>,
    /// Lines to append to the head.
    pub(crate) edits: Edits,
    /// The path that a rewrite made.
    pub(crate) path: Vec<u8>,
    /// Field lines behind the body, where they are kept apart from it.
    pub(crate) trailers: Vec<u8>,
    /// Where they begin if they lie behind it; 0 while they are not here.
    trailers_at: usize,
}

/// One worker's unused blocks.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    free: Kept<Box<Block>, KEPT>,
    large: Kept<Vec<u8>, LARGE_KEPT>,
    outgoing: Kept<Box<Outgoing>, KEPT>,
    ebb: Ebb,
}

impl Blocks {
    pub(crate) fn take(&self) -> Box<Block> {
        self.free.take().unwrap_or_else(|| Box::new(Block::new()))
    }

    pub(crate) fn give(&self, mut block: Box<Block>) {
        self.shrink(&mut block);
        block.reset();
        self.free.give(block);
    }

    pub(crate) fn take_outgoing(&self) -> Box<Outgoing> {
        self.outgoing.take().unwrap_or_default()
    }

    pub(crate) fn give_outgoing(&self, mut out: Box<Outgoing>) {
        out.reset();
        self.outgoing.give(out);
    }

    /// Lets go, bit by bit, of what nobody needs. Once that was much, the system gets it back.
    pub(crate) fn sweep(&self) {
        let bytes = self.free.sweep(KEPT_AT_REST) * SMALL + self.large.sweep(0) * LARGE;
        self.outgoing.sweep(KEPT_AT_REST);
        if self.ebb.is_over(bytes) {
            trim();
        }
    }

    /// Exchanges the block's bytes for a large piece of memory, contents kept.
    pub(crate) fn enlarge(&self, block: &mut Block) {
        if block.bytes.len() >= LARGE {
            return;
        }
        let mut bytes = self.large.take().unwrap_or_else(|| vec![0; LARGE]);
        if let (Some(to), Some(from)) =
            (bytes.get_mut(..block.filled), block.bytes.get(..block.filled))
        {
            to.copy_from_slice(from);
            block.bytes = bytes;
        }
    }

    fn shrink(&self, block: &mut Block) {
        if block.bytes.len() > SMALL {
            let bytes = std::mem::replace(&mut block.bytes, vec![0; SMALL]);
            if bytes.len() == LARGE {
                self.large.give(bytes);
            }
        }
    }
}

impl Block {
    fn new() -> Self {
        Self {
            bytes: vec![0; SMALL],
            head_end: 0,
            decoded: 0,
            filled: 0,
            fields: Vec::with_capacity(32),
            edits: Edits::default(),
            path: Vec::new(),
            trailers: Vec::new(),
            trailers_at: 0,
        }
    }

    fn reset(&mut self) {
        (self.head_end, self.decoded, self.filled) = (0, 0, 0);
        self.fields.clear();
        self.edits.clear();
        self.path.clear();
        self.trailers.clear();
        self.trailers_at = 0;
    }

    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.is_named(&self.bytes, name))
    }

    /// What has been read.
    pub(crate) fn filled(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// Body bytes that may go out, as far as they are here.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn body(&self) -> &[u8] {
        self.bytes.get(self.head_end..self.decoded).unwrap_or_default()
    }

    /// Bytes behind those that were decoded: more body, or the next message.
    pub(crate) fn raw(&self) -> &[u8] {
        self.bytes.get(self.decoded..self.filled).unwrap_or_default()
    }

    /// Where the next read goes.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.filled..).unwrap_or_default()
    }

    pub(crate) fn has_space(&self) -> bool {
        self.filled < self.bytes.len()
    }

    /// Doubles the room, up to `limit` bytes; false if it is reached.
    pub(crate) fn grow(&mut self, limit: usize) -> bool {
        let len = self.bytes.len();
        if len < limit {
            self.bytes.resize((len * 2).min(limit), 0);
        }
        len < limit
    }

    /// Makes room for more of a body, however much of the block its head takes.
    pub(crate) fn ensure_room(&mut self) {
        if self.bytes.len() - self.filled < LEAST_ROOM {
            self.grow(self.filled + WINDOW);
        }
    }

    /// Adds bytes of our own, making room for them.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        let end = self.filled + bytes.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        if let Some(space) = self.bytes.get_mut(self.filled..end) {
            space.copy_from_slice(bytes);
            self.filled = end;
        }
    }

    /// The head is complete: what follows it is body.
    pub(crate) fn begin_body(&mut self, head_end: usize) {
        (self.head_end, self.decoded) = (head_end, head_end);
    }

    /// Moves the boundary of what may go out as far as the bytes reach. True once the body is
    /// complete.
    pub(crate) fn decode(&mut self, decoder: &mut Decoder, keep: Keep) -> Result<bool, Malformed> {
        let mut at = self.decoded;
        let complete = self.decode_from(&mut at, decoder, keep);
        self.cut(at);
        complete
    }

    /// The same of an answer: white space before a trailer's colon is taken out (RFC 9112 §5.1).
    pub(crate) fn decode_answer(
        &mut self,
        decoder: &mut Decoder,
        keep: Keep,
    ) -> Result<bool, Malformed> {
        let decoded = self.decode(decoder, keep);
        if decoded.is_err()
            && decoder.is_at_trailers()
            && let Some(trailers) = self.bytes.get_mut(self.decoded..self.filled)
            && close_up(trailers, false).is_some()
        {
            return self.decode(decoder, keep);
        }
        decoded
    }

    /// Every byte is moved once at most, however often something is left out before it.
    fn decode_from(
        &mut self,
        at: &mut usize,
        decoder: &mut Decoder,
        keep: Keep,
    ) -> Result<bool, Malformed> {
        loop {
            let at_trailers = decoder.is_at_trailers();
            let raw = self.bytes.get(*at..self.filled).unwrap_or_default();
            let n = match decoder.step(raw)? {
                Step::Data(n) => self.keep(*at, n),
                Step::Framing(n) if keep == Keep::Framing && at_trailers => {
                    self.trailers_at = self.decoded;
                    let n = self.keep(*at, n);
                    self.withhold_kept();
                    n
                }
                Step::Framing(n) if keep == Keep::Framing => self.keep(*at, n),
                Step::Framing(n) if at_trailers => self.set_trailers_apart(*at, n),
                Step::Framing(n) | Step::Skip(n) => n,
                Step::More => return Ok(false),
                Step::End => return Ok(true),
            };
            *at += n;
        }
    }

    /// `n` bytes from there go out.
    fn keep(&mut self, at: usize, n: usize) -> usize {
        if at > self.decoded {
            self.bytes.copy_within(at..at + n, self.decoded);
        }
        self.decoded += n;
        n
    }

    /// The trailer section goes on by itself, without the empty line that ends it.
    fn set_trailers_apart(&mut self, at: usize, n: usize) -> usize {
        let lines = self.bytes.get(at..at + n.saturating_sub(2));
        self.trailers.extend_from_slice(lines.unwrap_or_default());
        let length = self.edits.withhold(&mut self.trailers);
        self.trailers.truncate(length);
        n
    }

    /// Adds the end of a body in chunks, behind which its trailers are kept, too.
    pub(crate) fn append_end(&mut self) {
        self.append(b"0\r\n");
        self.trailers_at = self.filled;
        let trailers = std::mem::take(&mut self.trailers);
        self.append(&trailers);
        self.append(b"\r\n");
        self.trailers = trailers;
    }

    /// Takes out the trailers that edits of the head have named, if they came before those.
    #[inline]
    pub(crate) fn withhold_trailers(&mut self) {
        if self.edits.withholds_any() {
            self.withhold_named();
        }
    }

    fn withhold_named(&mut self) {
        let length = self.edits.withhold(&mut self.trailers);
        self.trailers.truncate(length);
        let end = self.decoded;
        self.withhold_kept();
        self.cut(end);
    }

    /// The same of those that lie behind the body, and end there.
    fn withhold_kept(&mut self) {
        let (start, end) = (self.trailers_at, self.decoded);
        if start > 0
            && let Some(lines) = self.bytes.get_mut(start..end)
        {
            self.decoded = start + self.edits.withhold(lines);
        }
    }

    /// Removes what is not forwarded, up to there.
    fn cut(&mut self, at: usize) {
        if at > self.decoded {
            self.bytes.copy_within(at..self.filled, self.decoded);
            self.filled -= at - self.decoded;
        }
    }

    /// Forgets body bytes once they have gone out, to make room.
    pub(crate) fn recycle(&mut self, out: &mut Outgoing) {
        if out.sent == self.decoded && out.sent > self.head_end {
            self.bytes.copy_within(self.decoded..self.filled, self.head_end);
            self.filled -= self.decoded - self.head_end;
            (out.sent, self.decoded) = (self.head_end, self.head_end);
            self.trailers_at = 0;
        }
    }

    /// Drops a head that has been dealt with.
    pub(crate) fn consume(&mut self, length: usize) {
        self.bytes.copy_within(length..self.filled, 0);
        self.filled -= length;
    }

    /// The message has ended; what was read behind it is the beginning of the next.
    pub(crate) fn next_message(&mut self) {
        self.bytes.copy_within(self.decoded..self.filled, 0);
        let left = self.filled - self.decoded;
        self.reset();
        self.filled = left;
    }
}

/// Does the chunked framing travel along?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Framing,
    PayloadOnly,
}
