//! Bytes of messages in flight: the blocks they lie in, and where their bodies end.
//!
//! ```text
//! block   a head and a window on its body, kept by the worker between messages
//! body    where a body ends
//! flow    bytes from a stream into a block and back
//! ```

mod block;
mod body;
mod flow;

pub(crate) use block::{Block, Blocks, Keep, LARGE_BODY};
pub(crate) use body::{Broken, Came, Decoder, Framing, Malformed};
pub(crate) use flow::{after_reads, poll_drain, poll_fill};
