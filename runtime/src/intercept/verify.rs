//! Does a redirected connection really arrive? Rules can be in place and yet not be in force: other
//! tables may decide before them.
//!
//! The destinations tried belong to documentation (RFC 5737, RFC 3849): if the redirect fails,
//! nobody is bothered. Where no route leads there, an upstream's address is tried.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Refusal;
use super::original::original;
use super::redirect::Trial;
use crate::spec::Intercept;

/// A connection to ourselves takes microseconds.
const PATIENCE: Duration = Duration::from_secs(1);

const NOWHERE: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)),
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
    IpAddr::V6(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 1)),
];

/// Tries one destination of each address family. None is tried that no route leads to: no
/// application gets there either.
pub(super) fn all(
    intercept: &Intercept,
    trial: &mut Trial<'_>,
) -> Result<Vec<SocketAddr>, Refusal> {
    let mut tried = Vec::new();
    for family in [SocketAddr::is_ipv4, SocketAddr::is_ipv6] {
        let Some(destination) = destination(intercept, trial, family) else { continue };
        one(destination, trial)
            .map_err(|why| Refusal::Unverified { destination, why: why.to_string() })?;
        tried.push(destination);
    }
    Ok(tried)
}

fn destination(
    intercept: &Intercept,
    trial: &Trial<'_>,
    family: fn(&SocketAddr) -> bool,
) -> Option<SocketAddr> {
    let listens = |listener: &&TcpListener| listener.local_addr().is_ok_and(|it| family(&it));
    trial.listeners.iter().copied().find(listens)?;
    let port = *intercept.ports.first()?.start();
    let nowhere = NOWHERE.into_iter().map(|ip| SocketAddr::new(ip, port));
    nowhere
        .chain(trial.upstreams.iter().copied())
        .find(|it| family(it) && intercept.redirects(*it) && is_routed(*it))
}

/// Connecting a datagram socket sends nothing, but asks for the route.
fn is_routed(destination: SocketAddr) -> bool {
    let any: IpAddr = match destination {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(destination)).is_ok()
}

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("it went somewhere else, or lost its destination")]
    Lost,
}

fn one(destination: SocketAddr, trial: &mut Trial<'_>) -> Result<(), Why> {
    let connection = TcpStream::connect_timeout(&destination, PATIENCE)?;
    let from = connection.local_addr()?;
    let end = trial.clock.now() + PATIENCE;
    while trial.clock.now() < end {
        wait(&trial.listeners)?;
        for listener in &trial.listeners {
            while let Ok((stream, peer)) = listener.accept() {
                let arrived = original(&stream, stream.local_addr()?) == Some(destination);
                // On a busy machine the kernel gives our connection another source port, and an
                // application's may have the one that we know. So the destination is what proves
                // it, and only both together say that it is ours.
                if !arrived || peer != from {
                    trial.early.push(stream);
                }
                if arrived {
                    return Ok(());
                }
            }
        }
    }
    Err(Why::Lost)
}

/// Waits until somebody is there to be accepted.
fn wait(listeners: &[&TcpListener]) -> Result<(), Why> {
    let mut all: Vec<_> =
        listeners.iter().map(|listener| PollFd::new(listener, PollFlags::IN)).collect();
    let patience = Timespec::try_from(PATIENCE).map_err(|_| Why::Lost)?;
    match poll(&mut all, Some(&patience)) {
        Ok(0) => Err(Why::Lost),
        Ok(_) => Ok(()),
        Err(error) => Err(Why::Io(error.into())),
    }
}
