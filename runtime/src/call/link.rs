//! An upstream's end of a call.

use std::io;
use std::task::{Context, Poll};

use crate::buffer::{Block, poll_drain};
use crate::upstream::Lease;
use crate::upstream::http2::Seat;
use crate::wire::http2::stream::Asking;
use crate::worker::Net;

/// Where a request goes and its answer comes from.
pub(crate) enum Link<N: Net> {
    /// A connection, which this try has to itself.
    Http1 {
        io: N::Up,
        /// Where it goes back to.
        home: Option<Lease<N>>,
    },
    /// One stream of a connection. The stream goes first: then its seat is free, then its endpoint.
    Http2 { stream: Box<Asking>, _seat: Seat, _lease: Lease<N> },
}

impl<N: Net> Link<N> {
    /// Writes what the block has for the upstream; the end, too, once the message is `complete`.
    pub(crate) fn poll_drain(
        &mut self,
        block: &mut Block,
        complete: bool,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Http1 { io, .. } => poll_drain(io, block, cx),
            Self::Http2 { stream, .. } => stream.poll_drain(block, complete, cx),
        }
    }
}
