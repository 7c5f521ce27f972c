//! Bytes of messages in flight: the blocks they lie in, and where their bodies end.
//!
//! ```text
//! block     a head and a window on its body
//! kept      what the worker keeps between messages
//! trim      memory for the system once a burst is over
//! body      where a body ends
//! flow      bytes from a stream into a block and back
//! outgoing  how far a message has come on its way
//! ```

mod block;
mod body;
mod flow;
mod kept;
mod outgoing;
mod trim;

pub(crate) use block::{Block, Blocks, Keep, LARGE_BODY, WINDOW};
pub(crate) use body::{Broken, Came, Decoder, Framing};
pub(crate) use flow::{after_reads, poll_drain, poll_fill};
pub(crate) use outgoing::Outgoing;
