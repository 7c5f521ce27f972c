//! How bytes get in and out: the only door between the pipeline and the network.
//!
//! The engine is generic over [`Net`]. In production it is [`crate::tcp::Tcp`]; in tests it is a
//! script that plays the upstreams, under paused time.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http2;
use crate::policy::Cause;
use crate::spec::{BreakerId, UpstreamId};
use crate::state::breaker::Transition;
use crate::tunnel::Pipe;

/// A byte stream in both directions.
pub trait Io: AsyncRead + AsyncWrite + Unpin + 'static {
    /// Ready when a read would give bytes, the end or an error. May be ready for no reason, never
    /// pending for none. Costs no system call while nothing has happened.
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Can the kernel move bytes between it and a pipe?
    const SPLICES: bool = false;

    /// Moves what has arrived into an empty pipe, so many bytes at most; 0 at the end of the stream.
    fn poll_into(
        &mut self,
        pipe: &mut Pipe,
        most: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let _ = (pipe, most, cx);
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// Moves bytes out of a pipe that has some.
    fn poll_out_of(&mut self, pipe: &mut Pipe, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let _ = (pipe, cx);
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// When it is dropped, the other side shall see that it was cut: an end would look whole.
    fn reset(&mut self) {}
}

/// The network as the pipeline sees it.
pub trait Net: 'static {
    /// Towards the caller.
    type Down: Io;
    /// Towards an upstream.
    type Up: Io;

    /// Calls that one HTTP/2 connection to an upstream carries at once.
    const STREAMS: usize = http2::STREAMS as usize;

    /// Connects to an endpoint of an upstream.
    ///
    /// # Errors
    /// What the system says: refused, unreachable, no more ports.
    fn connect(
        &self,
        upstream: UpstreamId,
        endpoint: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::Up>>;

    /// Connects to a name that no policy knows: `otherwise pass`.
    ///
    /// # Errors
    /// That it does not resolve, that it is ourselves, or what the system says.
    fn dial(&self, host: &str, port: u16) -> impl Future<Output = Result<Self::Up, DialError>>;

    /// Connects to where a redirected connection wanted to go: `otherwise pass`.
    ///
    /// # Errors
    /// That it is ourselves, or what the system says.
    fn reach(&self, original: SocketAddr) -> impl Future<Output = Result<Self::Up, DialError>>;

    /// Something has happened to the call under way: for networks that keep a record. Those that
    /// do not pay nothing for it.
    fn record(&self, event: Event) {
        let _ = event;
    }
}

/// A step of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Index into the proxy's routes.
    Routed(usize),
    /// A try has ended: with an answer's status or without an answer.
    Tried(Cause),
    Breaker(BreakerId, Transition),
    /// Until the next try.
    Waits(Duration),
    Ended(Ended),
}

/// What a call came to, in the words of metrics and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Index into the proxy's routes.
    pub route: usize,
    /// Who wrote the answer.
    pub source: &'static str,
    /// Why there was no further try.
    pub refusal: Option<&'static str>,
}

/// Why a caller's own destination could not be reached.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    #[error("the name does not resolve: {0}")]
    Unresolved(String),
    #[error("the destination is this proxy itself")]
    Loop,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads some bytes, waiting if there are none; 0 at the end of the stream.
pub(crate) fn poll_read<I: Io>(
    io: &mut I,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    let mut buffer = ReadBuf::new(buffer);
    match Pin::new(io).poll_read(cx, &mut buffer) {
        Poll::Ready(Ok(())) => Poll::Ready(Ok(buffer.filled().len())),
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => Poll::Pending,
    }
}

/// Has nothing arrived on a connection that should be silent? Bytes, the end and errors all make
/// it unfit for another request.
pub(crate) fn is_silent<I: Io>(io: &mut I) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    if io.poll_readable(&mut cx).is_pending() {
        return true;
    }
    // Readiness may be left over from a read that filled its buffer exactly: look.
    poll_read(io, &mut cx, &mut [0; 1]).is_pending()
}
