//! HTTP/2 (RFC 9113), on the `h2` crate: frames, HPACK and windows are its business.
//!
//! A head fills the same block as one of HTTP/1.1, field lines included, so routing, filters and
//! HTTP/1.1 on the other side see no difference. A stream's window opens only as far as its bytes have
//! gone out on the other side: a slow reader holds the sender back, and nothing piles up here.

pub(crate) mod head;
mod outlet;
pub(crate) mod stream;
mod turn;

pub(crate) use outlet::Outlet;
pub(crate) use turn::Turn;

use std::time::Duration;

/// Calls that one connection carries at once, unless its peer allows fewer.
pub(crate) const STREAMS: u32 = 128;
/// What may be under way on one stream; the least that RFC 9113 §6.9.2 lets a peer assume.
pub(crate) const STREAM_WINDOW: u32 = 65_535;
/// What may be under way on a connection: so much that slow streams cannot hold up the others.
pub(crate) const CONNECTION_WINDOW: u32 = STREAMS * STREAM_WINDOW;
/// For so long, what still comes on a stream that we have reset is ignored, on so many streams at once. Later
/// it is answered with another reset.
pub(crate) const RESET_TIME: Duration = Duration::from_secs(5);
pub(crate) const RESET_STREAMS: usize = 2_000;
/// What `h2` allows small frames to cost while nobody reads them. It is never given back for those that come
/// after a reset, and its end would be the connection's: [`stream::Incoming::gather`] bounds it instead.
pub(crate) const SMALL_FRAMES: usize = usize::MAX;
/// Bytes of one stream that wait here for the connection to be writable.
pub(crate) const SEND_BUFFER: usize = 64 * 1024;
