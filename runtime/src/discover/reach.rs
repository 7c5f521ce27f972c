//! Which addresses of a name are of any use here.
//!
//! A name with addresses of both families is usual, and so is a network without IPv6: calls that go
//! there in turn would fail every other time. This is the first rule of RFC 6724 §6: avoid
//! unusable destinations.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The addresses that there is a route to; all of them if there is a route to none, so that the
/// attempt to connect can say what is wrong.
pub(super) fn usable(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let both_loopbacks = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    // One machine under two addresses, not two endpoints; most servers listen on the first only.
    let same = both_loopbacks.iter().all(|loopback: &IpAddr| addresses.contains(loopback));
    let usable = |&ip: &IpAddr| !(same && ip == IpAddr::V6(Ipv6Addr::LOCALHOST)) && has_route(ip);
    let found: Vec<_> = addresses.iter().copied().filter(usable).collect();
    if found.is_empty() { addresses.to_vec() } else { found }
}

/// Connecting a UDP socket sends nothing, but asks for a route.
fn has_route(ip: IpAddr) -> bool {
    let any: IpAddr = match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let discard = SocketAddr::new(ip, 9);
    UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(discard)).is_ok()
}
