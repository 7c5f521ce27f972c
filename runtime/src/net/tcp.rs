//! The real network.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
use rustix::net::sockopt::set_tcp_congestion;
use rustix::pipe::{SpliceFlags, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::pipe::{PIPE_SIZE, Pipe};
use super::{Connect, ConnectError, Io, Own, Target};
use crate::discover::Lookup;

impl Io for TcpStream {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(cx)
    }

    fn splices(&self) -> bool {
        true
    }

    fn poll_into(
        &mut self,
        pipe: &mut Pipe,
        most: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let most = usize::try_from(most).map_or(PIPE_SIZE, |most| most.min(PIPE_SIZE));
        loop {
            ready!(self.poll_read_ready(cx))?;
            let moved = self.try_io(Interest::READABLE, || {
                let (from, to) = (self.as_fd(), pipe.into.as_fd());
                Ok(splice(from, None, to, None, most, SpliceFlags::NONBLOCK)?)
            });
            match moved {
                // The pipe is empty, so it is the socket that has nothing.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(moved) => {
                    pipe.held += moved;
                    return Poll::Ready(Ok(moved));
                }
                error => return Poll::Ready(error),
            }
        }
    }

    fn poll_out_of(&mut self, pipe: &mut Pipe, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_write_ready(cx))?;
            let moved = self.try_io(Interest::WRITABLE, || {
                let (from, to) = (pipe.out.as_fd(), self.as_fd());
                Ok(splice(from, None, to, None, pipe.held, SpliceFlags::NONBLOCK)?)
            });
            match moved {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(moved) => {
                    pipe.held = pipe.held.saturating_sub(moved);
                    return Poll::Ready(Ok(moved));
                }
                error => return Poll::Ready(error),
            }
        }
    }

    fn has_ended(&self) -> bool {
        has(self, PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR)
    }

    fn is_broken(&self) -> bool {
        has(self, PollFlags::ERR)
    }

    fn reset(&mut self) {
        // Otherwise it is closed the ordinary way, which is the best that is left.
        drop(self.set_zero_linger());
    }
}

/// Is one of these true of a socket? Whoever waits for it is told of bytes only, not of an end behind them.
fn has(socket: &TcpStream, signs: PollFlags) -> bool {
    let mut asked = [PollFd::new(socket, signs)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    // The kernel may tell more than it is asked for.
    poll(&mut asked, Some(&at_once)).is_ok()
        && asked.iter().any(|socket| socket.revents().intersects(signs))
}

/// The congestion control (RFC 5681) that every Linux has, and that every user may choose.
const RENO: &str = "reno";

/// Within a machine nothing is congested: there the cheapest way to control it will do, where the
/// system's own may be one that measures and paces (BBR).
pub(crate) fn spare_control(socket: impl AsFd, address: SocketAddr) {
    if address.ip().is_loopback() {
        // Where that is refused, it costs a little more.
        let _refused = set_tcp_congestion(socket, RENO);
    }
}

/// TCP without encryption.
#[derive(Debug)]
pub(crate) struct Tcp {
    pub(crate) lookup: Lookup,
    pub(crate) own: Own,
}

impl Connect for Tcp {
    type Down = TcpStream;
    type Up = TcpStream;

    async fn connect(&self, target: Target<'_>) -> Result<TcpStream, ConnectError> {
        match target {
            Target::Upstream(_, address) | Target::Original(address) => self.reach(address).await,
            Target::Name(host, port) => self.dial(host, port).await,
        }
    }
}

impl Tcp {
    /// To one of the addresses that a name has.
    async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        let found = self.lookup.resolve(host, port).await.map_err(ConnectError::Unresolved)?;
        let mut failure = io::Error::from(io::ErrorKind::NotFound).into();
        for address in found {
            match self.reach(address).await {
                Err(ConnectError::Io(error)) => failure = ConnectError::Io(error),
                done => return done,
            }
        }
        Err(failure)
    }

    /// The one place where a connection to somebody else begins.
    async fn reach(&self, address: SocketAddr) -> Result<TcpStream, ConnectError> {
        if self.own.has(address) {
            return Err(ConnectError::Loop);
        }
        let stream = TcpStream::connect(address).await?;
        if self.own.is_anywhere(address.port())
            && self.own.answers(stream.peer_addr()?, stream.local_addr()?)
        {
            return Err(ConnectError::Loop);
        }
        stream.set_nodelay(true)?;
        spare_control(&stream, address);
        Ok(stream)
    }
}
