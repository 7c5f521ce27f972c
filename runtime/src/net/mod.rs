//! How bytes get in and out: the only door between the pipeline and the network.
//!
//! Whoever carries calls is generic over [`Connect`]. In production that is [`tcp::Tcp`]; in tests it is
//! a script that plays the upstreams, under paused time.

mod own;
mod pipe;
mod race;
pub(crate) mod tcp;

pub(crate) use own::Own;
pub(crate) use pipe::{Pipe, Pipes};
pub(crate) use race::race;

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::spec::UpstreamId;

/// A byte stream in both directions.
pub trait Io: AsyncRead + AsyncWrite + Unpin + 'static {
    /// Ready when a read would give bytes, the end or an error. May be ready for no reason, never
    /// pending for none. Costs no system call while nothing has happened.
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Can the kernel move bytes between it and a pipe?
    fn splices(&self) -> bool {
        false
    }

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

    /// Has the other side ended, or broken, the connection, however much of it is unread? Costs a system
    /// call.
    fn has_ended(&self) -> bool {
        false
    }

    /// Has it broken it? Costs a system call.
    fn is_broken(&self) -> bool {
        false
    }

    /// When it is dropped, the other side shall see that it was cut: an end would look whole.
    fn reset(&mut self) {}
}

/// Where a connection is to lead.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// An address of an upstream.
    Upstream(UpstreamId, SocketAddr),
    /// Where a redirected connection wanted to go.
    Original(SocketAddr),
    /// What a caller dialled.
    Name(&'a Dialled<'a>),
}

/// A name that no policy knows, or an address in its place, and a port.
#[derive(Debug)]
pub struct Dialled<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    /// Its addresses are not known yet, and are waited for.
    pub(crate) unresolved: Cell<bool>,
}

impl<'a> Dialled<'a> {
    pub(crate) fn new(host: &'a str, port: u16) -> Self {
        Self { host, port, unresolved: Cell::new(false) }
    }
}

impl Target<'_> {
    /// Is it still unknown where that is?
    pub(crate) fn is_unresolved(&self) -> bool {
        matches!(self, Self::Name(dialled) if dialled.unresolved.get())
    }
}

/// The door: how connections to others come about.
pub trait Connect: 'static {
    /// Towards the caller.
    type Down: Io;
    /// Towards an upstream.
    type Up: Io;

    /// Calls that one connection may carry at once, if its version of HTTP allows as many.
    const CALLS: usize = usize::MAX;

    /// Connects. Whatever the target is called, nothing leads back to this proxy.
    ///
    /// # Errors
    /// That the name does not resolve, that it is ourselves, or what the system says.
    fn connect(&self, target: Target<'_>) -> impl Future<Output = Result<Self::Up, ConnectError>>;
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("the name does not resolve: {0}")]
    Unresolved(String),
    #[error("the destination is this proxy itself")]
    Loop,
    /// It says nothing about the destination.
    #[error("the proxy has nothing left to connect with: {0}")]
    Want(io::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads some bytes, waiting if there are none; 0 at the end of the stream.
pub(crate) fn poll_read<I: AsyncRead + Unpin>(
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
