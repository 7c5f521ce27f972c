//! How far a message has come on its way to somebody.

use std::io::Write as _;

use super::Block;

/// What of a message has gone out: of a request in one try, of a response to its caller. The message
/// itself stays as it is, so several can be on their way with the same one.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    /// The head as it goes out, later what tells a piece of the body from the next.
    pub(crate) head: Vec<u8>,
    /// How much of it is written.
    pub(crate) head_sent: usize,
    /// Up to where the block's bytes are written.
    pub(crate) sent: usize,
    /// Body bytes written in all.
    pub(crate) passed: u64,
    pieces: Pieces,
}

/// How pieces of a body go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pieces {
    /// As they came.
    #[default]
    Plain,
    /// Each becomes a chunk; there has been none.
    FirstChunk,
    NextChunk,
}

impl Outgoing {
    pub(super) fn reset(&mut self) {
        self.head.clear();
        (self.head_sent, self.sent, self.passed) = (0, 0, 0);
        self.pieces = Pieces::Plain;
    }

    /// What goes out next is the body, from its start.
    pub(crate) fn begin_body(&mut self, block: &Block) {
        self.sent = block.head_end;
    }

    /// From now on every piece of the body is made a chunk, also what is here already: its end came with
    /// that of a connection, and the other side has to tell an end from a cut.
    pub(crate) fn begin_chunks(&mut self, block: &Block) {
        self.pieces = Pieces::FirstChunk;
        self.chunk(self.ready(block).len());
    }

    /// So many bytes of the body go out next.
    pub(crate) fn chunk(&mut self, bytes: usize) {
        if bytes > 0 && self.pieces != Pieces::Plain {
            self.end_chunk();
            self.pieces = Pieces::NextChunk;
            // INVARIANT: memory takes every byte.
            drop(write!(self.head, "{bytes:x}\r\n"));
        }
    }

    /// The body is complete.
    pub(crate) fn end_chunks(&mut self) {
        if self.pieces != Pieces::Plain {
            self.end_chunk();
            self.pieces = Pieces::Plain;
            self.head.extend_from_slice(b"0\r\n\r\n");
        }
    }

    fn end_chunk(&mut self) {
        if self.head_sent == self.head.len() {
            self.head.clear();
            self.head_sent = 0;
        }
        if self.pieces == Pieces::NextChunk {
            self.head.extend_from_slice(b"\r\n");
        }
    }

    /// Body bytes that may go out.
    pub(crate) fn ready<'b>(&self, block: &'b Block) -> &'b [u8] {
        block.bytes.get(self.sent..block.decoded).unwrap_or_default()
    }

    /// All that may go out has gone.
    pub(crate) fn has_caught_up(&self, block: &Block) -> bool {
        self.sent == block.decoded && self.head_sent == self.head.len()
    }
}
