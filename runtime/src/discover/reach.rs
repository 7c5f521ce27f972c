//! Which addresses of a name are of any use here.
//!
//! A name with addresses of both families is usual, and so is a network without IPv6: calls that go
//! there in turn would fail every other time. This is the first rule of RFC 6724 §6: avoid
//! unusable destinations.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use rustix::io::Errno;

/// The addresses that there is a route to; all of them if there is a route to none, so that the
/// attempt to connect can say what is wrong.
///
/// # Errors
/// That the proxy has nothing left to ask for a route with. It says nothing about the addresses.
pub(super) fn usable(addresses: &[IpAddr]) -> io::Result<Vec<IpAddr>> {
    usable_by(addresses, ask_for_route)
}

pub(super) fn usable_by(
    addresses: &[IpAddr],
    ask: impl Fn(IpAddr) -> io::Result<()>,
) -> io::Result<Vec<IpAddr>> {
    let both_loopbacks = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    // One machine under two addresses, not two endpoints; most servers listen on the first only.
    let same = both_loopbacks.iter().all(|loopback: &IpAddr| addresses.contains(loopback));
    let mut found = Vec::with_capacity(addresses.len());
    for &ip in addresses {
        if same && ip == IpAddr::V6(Ipv6Addr::LOCALHOST) {
            continue;
        }
        match ask(ip) {
            Ok(()) => found.push(ip),
            Err(error) if is_short(&error) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(if found.is_empty() { addresses.to_vec() } else { found })
}

/// Connecting a UDP socket sends nothing, but asks for a route.
fn ask_for_route(ip: IpAddr) -> io::Result<()> {
    let any: IpAddr = match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let discard = SocketAddr::new(ip, 9);
    UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(discard))
}

/// A connect has failed: is no descriptor, port or memory left? That says nothing about the address.
pub(crate) fn is_own_want(error: &io::Error, to: IpAddr) -> bool {
    // All ports are taken, or there is no address to speak from.
    let no_port = Errno::from_io_error(error) == Some(Errno::ADDRNOTAVAIL);
    is_short(error) || no_port && ask_for_route(to).is_ok()
}

/// What the proxy lacks to ask a name server with, if it lacks something: a look-up that fails for that says
/// only that nobody was asked.
pub(crate) fn shortage() -> Option<io::Error> {
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).err().filter(is_short)
}

/// No descriptor, port or memory is left, whatever it was for.
fn is_short(error: &io::Error) -> bool {
    let wants = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::ADDRINUSE];
    Errno::from_io_error(error).is_some_and(|errno| wants.contains(&errno))
}
