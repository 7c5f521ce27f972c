//! Bytes of messages in flight: the blocks they lie in, and where their bodies end.
//!
//! ```text
//! block     a head and a window on its body, kept by the worker between messages
//! body      where a body ends
//! flow      bytes from a stream into a block and back
//! outgoing  how far a message has come on its way
//! ```

mod block;
mod body;
mod flow;
mod outgoing;

pub(crate) use block::{Block, Blocks, Keep, LARGE_BODY, WINDOW};
pub(crate) use body::{Broken, Came, Decoder, Framing};
pub(crate) use flow::{after_reads, poll_drain, poll_fill};
pub(crate) use outgoing::Outgoing;
