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
use super::{Connect, ConnectError, Dialled, Io, Own, Target, race};
use crate::discover::{Lookup, is_own_want, shortage};

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
            Target::Name(dialled) => self.dial(dialled).await,
        }
    }
}

impl Tcp {
    /// To one of the addresses that a name has; a dead one shall not keep the others from being tried.
    async fn dial(&self, dialled: &Dialled<'_>) -> Result<TcpStream, ConnectError> {
        dialled.unresolved.set(true);
        let found = self.lookup.resolve(dialled.host, dialled.port).await;
        dialled.unresolved.set(false);
        // Who could not ask has not been told anything about the name.
        let why = |why| shortage().map_or(ConnectError::Unresolved(why), ConnectError::Want);
        let connects = found.map_err(why)?.into_iter().map(|address| self.reach(address));
        let none = io::Error::from(io::ErrorKind::NotFound).into();
        race(connects, none, |error| !matches!(error, ConnectError::Io(_))).await
    }

    /// The one place where a connection to somebody else begins.
    async fn reach(&self, address: SocketAddr) -> Result<TcpStream, ConnectError> {
        if self.own.has(address) {
            return Err(ConnectError::Loop);
        }
        let connected = TcpStream::connect(address).await;
        let stream = connected.map_err(|error| match is_own_want(&error, address.ip()) {
            true => ConnectError::Want(error),
            false => ConnectError::Io(error),
        })?;
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

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::net::{TcpListener, TcpSocket};
    use tokio::time::timeout;

    use super::*;
    use crate::clock::Clock;
    use crate::discover::{Answer, Resolve};
    use crate::units::v4;

    /// The dead address first.
    const ADDRESSES: [[u8; 4]; 2] = [[127, 0, 0, 2], [127, 0, 0, 1]];

    struct Two;

    impl Resolve for Two {
        async fn resolve(&self, _: &str) -> Result<Answer, String> {
            let addresses = ADDRESSES.map(IpAddr::from).to_vec();
            Ok(Answer { addresses, ttl: Duration::ZERO })
        }
    }

    #[tokio::test]
    async fn a_name_with_a_silent_address_is_reached_at_its_other() {
        let fine = TcpListener::bind(v4(ADDRESSES[1], 0)).await.unwrap();
        let port = fine.local_addr().unwrap().port();
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(v4(ADDRESSES[0], port)).unwrap();
        let silent = socket.listen(1).unwrap();
        let mut queue = Vec::new();
        let full = Duration::from_millis(100);
        while let Ok(queued) = timeout(full, TcpStream::connect(v4(ADDRESSES[0], port))).await {
            queue.push(queued.unwrap());
        }
        let lookup = Lookup::start(Arc::new(Two), Clock::start());
        let tcp = Tcp { lookup, own: Own::new(Vec::new()) };
        let two = Dialled::new("two", port);
        let connected = timeout(Duration::from_millis(900), tcp.connect(Target::Name(&two)));
        let peer = connected.await.unwrap().unwrap().peer_addr().unwrap();
        assert_eq!(peer, fine.local_addr().unwrap());
        drop((silent, queue));
    }
}
