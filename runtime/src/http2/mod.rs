//! The HTTP/2 engine (RFC 9113), on the `h2` crate: frames, HPACK and windows are its business.
//!
//! ```text
//! server      one connection of a caller: streams in, each of them a call
//!   inlet     its bytes, seen by
//!   gauge     which knows how much is too much
//!   head      heads out of frames into blocks, and back
//!   stream    bodies between frames and blocks; the two ends of a call
//! pool        connections to upstreams that carry many calls at once
//!   drive     such a connection's own task: pings, and when it has rested long enough
//! ```
//!
//! A head fills the same block as one of HTTP/1.1, field lines included, so routing, filters and
//! the other engine see no difference. A stream's window opens only as far as its bytes have gone
//! out on the other side: a slow reader holds the sender back, and nothing piles up here.

mod drive;
mod gauge;
mod head;
mod inlet;
mod pool;
mod server;
mod stream;

pub(crate) use head::read_response;
pub(crate) use pool::{Lease, Pool, attempt, attempt_alone, begin, failure};
pub(crate) use server::{is_preface, serve};
pub(crate) use stream::{Answer, Asking};

/// Calls that one connection carries at once, unless its peer allows fewer.
pub(crate) const STREAMS: u32 = 128;
/// What may be under way on one stream; the least that RFC 9113 §6.9.2 lets a peer assume.
const STREAM_WINDOW: u32 = 65_535;
/// What may be under way on a connection: so much that slow streams cannot hold up the others.
const CONNECTION_WINDOW: u32 = STREAMS * STREAM_WINDOW;
/// Bytes of one stream that wait here for the connection to be writable.
const SEND_BUFFER: usize = 64 * 1024;
