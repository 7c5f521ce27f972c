//! The application's end of a call.

use std::io;
use std::task::{Context, Poll};

use crate::buffer::{Block, Keep, Outgoing, poll_drain};
use crate::message::RequestParts;
use crate::wire::http2::stream::CallerStream;
use crate::worker::Net;

/// Where a request comes from and its answer goes to.
pub(crate) enum Caller<'a, N: Net> {
    /// The connection, which this call has to itself.
    Http1(&'a mut N::Down),
    /// One stream of a connection.
    Http2(&'a mut CallerStream),
}

impl<N: Net> Caller<'_, N> {
    /// The same, for as long as somebody else looks after it.
    pub(crate) fn lend(&mut self) -> Caller<'_, N> {
        match self {
            Self::Http1(io) => Caller::<N>::Http1(io),
            Self::Http2(answer) => Caller::<N>::Http2(answer),
        }
    }

    /// Writes what the block has for the caller; the end, too, once the message is `complete`.
    pub(crate) fn poll_drain(
        &mut self,
        (block, out): (&Block, &mut Outgoing),
        complete: bool,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Http1(io) => poll_drain(*io, block, out, cx),
            Self::Http2(answer) => answer.poll_drain((block, out), complete, cx),
        }
    }

    /// Does the framing of HTTP/1.1 travel along to this caller?
    pub(crate) fn keep(&self, request: &RequestParts) -> Keep {
        match self {
            Self::Http1(_) if request.modern => Keep::Framing,
            // HTTP/1.0 does not know chunks, and HTTP/2 has frames.
            _ => Keep::PayloadOnly,
        }
    }
}
