//! How far a message has come on its way to somebody.

use super::Block;

/// What of a message has gone out: of a request in one try, of a response to its caller. The message
/// itself stays as it is, so several can be on their way with the same one.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    /// The head as it goes out.
    pub(crate) head: Vec<u8>,
    /// How much of it is written.
    pub(crate) head_sent: usize,
    /// Up to where the block's bytes are written.
    pub(crate) sent: usize,
    /// Body bytes written in all.
    pub(crate) passed: u64,
}

impl Outgoing {
    pub(super) fn reset(&mut self) {
        self.head.clear();
        (self.head_sent, self.sent, self.passed) = (0, 0, 0);
    }

    /// What goes out next is the body, from its start.
    pub(crate) fn begin_body(&mut self, block: &Block) {
        self.sent = block.head_end;
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
