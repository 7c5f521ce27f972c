//! An upstream's end of a call.

use std::io;
use std::task::{Context, Poll};

use crate::buffer::{Block, Outgoing, poll_drain};
use crate::upstream::Lease;
use crate::upstream::http2::Seat;
use crate::wire::http2::stream::UpstreamStream;
use crate::worker::{Net, Worker};

/// Where a request goes and its answer comes from, and what of the request has gone there.
pub(crate) struct Link<N: Net> {
    pub(crate) end: End<N>,
    pub(crate) out: Box<Outgoing>,
}

/// The connection, or a part of one.
pub(crate) enum End<N: Net> {
    /// A connection, which this try has to itself.
    Http1 {
        io: N::Up,
        /// Where it goes back to.
        home: Option<Lease<N>>,
    },
    /// One stream of a connection. The stream goes first: then its seat is free, then its endpoint.
    Http2 { stream: Box<UpstreamStream>, seat: Seat, _lease: Lease<N> },
}

impl<N: Net> Link<N> {
    /// Writes what the block has for the upstream; the end, too, once the message is `complete`.
    pub(crate) fn poll_drain(
        &mut self,
        block: &Block,
        complete: bool,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.end {
            End::Http1 { io, .. } => poll_drain(io, block, &mut self.out, cx),
            End::Http2 { stream, .. } => stream.poll_drain((block, &mut self.out), complete, cx),
        }
    }

    /// Nothing more is to go out there.
    pub(crate) fn into_end(self, worker: &Worker<N>) -> End<N> {
        worker.blocks.give_outgoing(self.out);
        self.end
    }
}
