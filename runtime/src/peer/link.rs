//! An upstream's end of a call.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use crate::http1::block::Block;
use crate::http1::flow;
use crate::http2;
use crate::spec::UpstreamId;
use crate::worker::Net;

/// Where a request goes and its answer comes from.
pub(crate) enum Link<N: Net> {
    /// A connection, which this try has to itself.
    Http1 {
        io: N::Up,
        /// Whose pool it goes back to.
        home: Option<(UpstreamId, SocketAddr)>,
    },
    /// One stream of a connection.
    Http2(Box<http2::Asking>),
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
            Self::Http1 { io, .. } => flow::poll_drain(io, block, cx),
            Self::Http2(asking) => asking.poll_drain(block, complete, cx),
        }
    }
}
