//! The ports: one socket per worker and listener, so that the kernel spreads the connections.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{
    set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl,
};
use socket2::{Domain, Protocol, Socket, Type};

use crate::exit::Exit;
use crate::net::tcp::spare_control;
use crate::spec::{Inbound, Listener};

/// Connections that wait to be accepted, per socket.
const BACKLOG: i32 = 1024;

/// A caller that has been silent for so long is probed (tcp(7)), …
const SILENCE: Duration = Duration::from_secs(60);
/// … so often …
const BETWEEN_PROBES: Duration = Duration::from_secs(15);
/// … until so many had no answer.
const PROBES: u32 = 4;

/// Sockets of one worker.
pub(crate) type Listeners = Vec<(TcpListener, Inbound)>;

/// Why a port cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    #[error(
        "{0} is taken: another process listens there; stop it, or write another port in the policy"
    )]
    Taken(SocketAddr),
    #[error("{0} is not an address of this machine; correct the policy")]
    Foreign(SocketAddr),
    #[error("cannot listen on {0}: {1}")]
    Os(SocketAddr, io::Error),
}

impl ListenError {
    fn new(address: SocketAddr, error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(Errno::ADDRINUSE) => Self::Taken(address),
            Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT) => Self::Foreign(address),
            _ => Self::Os(address, error),
        }
    }

    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::Taken(_) => Exit::Unavailable,
            Self::Foreign(_) => Exit::Configuration,
            Self::Os(..) => Exit::Os,
        }
    }
}

/// All listeners for all workers.
#[derive(Debug)]
pub(crate) struct Ports {
    /// What they are bound to, in the order of the policy; port 0 has become a real one.
    pub(crate) bound: Vec<(SocketAddr, Inbound)>,
    /// One set per worker.
    pub(crate) workers: Vec<Listeners>,
}

impl Ports {
    /// # Errors
    /// The first port that cannot be had.
    pub(crate) fn open(listeners: &[Listener], workers: usize) -> Result<Self, ListenError> {
        let mut ports =
            Self { bound: Vec::new(), workers: (0..workers).map(|_| Vec::new()).collect() };
        for listener in listeners {
            let mut address = ports.twin(listener);
            match probe(address) {
                Err(ListenError::Foreign(_)) if listener.optional => continue,
                probed => probed?,
            }
            for sockets in &mut ports.workers {
                let socket = shared(address)?;
                // The first socket of port 0 settles the port of the others.
                address = local(&socket, address)?;
                sockets.push((socket, listener.inbound));
            }
            ports.bound.push((address, listener.inbound));
        }
        Ok(ports)
    }

    /// The sockets that redirected connections arrive at.
    pub(crate) fn redirected(&self) -> impl Iterator<Item = &TcpListener> {
        let all = self.workers.iter().flatten();
        all.filter(|(_, inbound)| *inbound == Inbound::Shared).map(|(socket, _)| socket)
    }

    /// Both families of the shared port have one number.
    fn twin(&self, listener: &Listener) -> SocketAddr {
        let mut address = listener.address;
        if listener.optional && address.port() == 0 {
            address.set_port(self.bound.first().map_or(0, |(first, _)| first.port()));
        }
        address
    }
}

/// A socket that no other shares its port with.
///
/// # Errors
/// If the port cannot be had.
pub(super) fn alone(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let fail = |error| ListenError::new(address, error);
    let socket = bound(address, |_| Ok(())).map_err(fail)?;
    socket.listen(BACKLOG).map_err(fail)?;
    Ok(socket.into())
}

/// With SO_REUSEPORT two processes of one user share a port without a word, and each gets some of
/// the connections. A socket without it is refused if anybody is there.
fn probe(address: SocketAddr) -> Result<(), ListenError> {
    if address.port() == 0 {
        return Ok(());
    }
    alone(address).map(drop)
}

fn shared(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let fail = |error| ListenError::new(address, error);
    let socket = bound(address, |socket| socket.set_reuse_port(true)).map_err(fail)?;
    // Accepted connections inherit both.
    spare_control(&socket, address);
    probe_the_silent(&socket).map_err(fail)?;
    socket.listen(BACKLOG).map_err(fail)?;
    Ok(socket.into())
}

/// A caller that has vanished says nothing, and would be kept for ever: the kernel asks it.
fn probe_the_silent(socket: &Socket) -> io::Result<()> {
    set_socket_keepalive(socket, true)?;
    set_tcp_keepidle(socket, SILENCE)?;
    set_tcp_keepintvl(socket, BETWEEN_PROBES)?;
    Ok(set_tcp_keepcnt(socket, PROBES)?)
}

fn bound(address: SocketAddr, set_up: fn(&Socket) -> io::Result<()>) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of a former process that linger do not keep the port.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // `0.0.0.0` and `[::]` are two listeners of a policy, not one.
        socket.set_only_v6(true)?;
    }
    set_up(&socket)?;
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

pub(super) fn local(socket: &TcpListener, asked: SocketAddr) -> Result<SocketAddr, ListenError> {
    socket.local_addr().map_err(|error| ListenError::Os(asked, error))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use rustix::net::sockopt::{socket_keepalive, tcp_congestion, tcp_keepidle};

    use super::{ListenError, Ports};
    use crate::spec::{Listener, UpstreamId};
    use crate::units::v4;

    const ANY: std::net::SocketAddr = v4([127, 0, 0, 1], 0);

    #[test]
    fn every_worker_listens_on_every_port() {
        let listeners = [Listener::shared(ANY), Listener::own(ANY, UpstreamId(3))];
        let ports = Ports::open(&listeners, 3).unwrap();
        assert_eq!(ports.bound.len(), 2);
        assert_ne!(ports.bound[0].0, ports.bound[1].0);
        for worker in &ports.workers {
            for ((socket, inbound), bound) in worker.iter().zip(&ports.bound) {
                assert_eq!((socket.local_addr().unwrap(), *inbound), *bound);
                assert_eq!(tcp_congestion(socket).unwrap(), "reno");
            }
        }
    }

    #[test]
    fn callers_that_have_vanished_are_found_out() {
        let ports = Ports::open(&[Listener::shared(ANY)], 1).unwrap();
        let (listener, _) = &ports.workers[0][0];
        let _caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        listener.set_nonblocking(false).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        assert!(socket_keepalive(&accepted).unwrap());
        assert_eq!(tcp_keepidle(&accepted).unwrap(), super::SILENCE);
    }

    #[test]
    fn a_port_that_somebody_has_is_taken_even_if_they_would_share_it() {
        let ours = Ports::open(&[Listener::shared(ANY)], 2).unwrap();
        let theirs = TcpListener::bind(ANY).unwrap().local_addr();
        let plain = TcpListener::bind(ANY).unwrap();
        for taken in [ours.bound[0].0, plain.local_addr().unwrap()] {
            let error = Ports::open(&[Listener::shared(taken)], 1).unwrap_err();
            assert!(matches!(error, ListenError::Taken(address) if address == taken), "{error}");
        }
        drop(ours);
        Ports::open(&[Listener::shared(theirs.unwrap())], 2).unwrap();
    }

    #[test]
    fn addresses_of_other_machines_are_a_matter_of_the_policy() {
        let error = Ports::open(&[Listener::shared(v4([192, 0, 2, 1], 0))], 1).unwrap_err();
        assert_eq!(error.exit(), super::Exit::Configuration, "{error}");
    }
}
