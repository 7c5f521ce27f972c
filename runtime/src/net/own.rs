//! Our own ports, by whatever address they are dialled: no call may end up there again.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// What the listeners of this proxy are bound to, the admin port among them.
#[derive(Clone, Debug)]
pub(crate) struct Own(Vec<SocketAddr>);

impl Own {
    pub(crate) fn new(bound: Vec<SocketAddr>) -> Self {
        Self(bound)
    }

    /// Would a connection to that address arrive at one of them?
    pub(super) fn has(&self, address: SocketAddr) -> bool {
        let ip = dialled(address.ip());
        let is_here = || ip.is_loopback() || is_local(ip);
        self.any(address.port(), |own| own == ip || (own.is_unspecified() && is_here()))
    }

    /// Does one of them listen on that port of all addresses? Then only who answers tells.
    pub(super) fn is_anywhere(&self, port: u16) -> bool {
        self.any(port, |own| own.is_unspecified())
    }

    /// Has a connection arrived at one of them? Whoever dials an address of his own machine has it at
    /// both ends; a listener of all addresses may be behind any of them.
    pub(super) fn answers(&self, peer: SocketAddr, local: SocketAddr) -> bool {
        let (ip, us) = (peer.ip().to_canonical(), local.ip().to_canonical());
        self.any(peer.port(), |own| own == ip || (own.is_unspecified() && ip == us))
    }

    fn any(&self, port: u16, fits: impl Fn(IpAddr) -> bool) -> bool {
        self.0.iter().any(|own| own.port() == port && fits(own.ip()))
    }
}

/// Where the system connects to: version 4 by whichever spelling, and this machine for no address at all.
fn dialled(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// Addresses of documentation (RFC 5737, RFC 3849): no machine has them.
const NOBODYS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// Is it an address of this machine, assigned or by a route of type `local`? The kernel lends no other; where
/// it lends whatever it is asked for (`ip_nonlocal_bind`), that says nothing.
fn is_local(ip: IpAddr) -> bool {
    let lent = |ip: IpAddr| UdpSocket::bind((ip, 0)).is_ok();
    let nobodys = NOBODYS.iter().find(|nobody| nobody.is_ipv4() == ip.is_ipv4());
    lent(ip) && nobodys.is_some_and(|nobody| !lent(*nobody))
}

#[cfg(test)]
mod tests {
    use super::Own;

    fn own(bound: &str) -> Own {
        Own::new(vec![bound.parse().unwrap()])
    }

    #[test]
    fn a_port_of_ours_is_known_by_every_spelling() {
        for (bound, dialled, ours) in [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("127.0.0.1:80", "0.0.0.0:80", true),
            ("127.0.0.1:80", "[::ffff:127.0.0.1]:80", true),
            ("127.0.0.1:80", "[::ffff:0.0.0.0]:80", true),
            ("127.0.0.1:80", "[::1]:80", false),
            ("[::1]:80", "[::]:80", true),
            ("0.0.0.0:80", "127.0.0.2:80", true),
            ("0.0.0.0:80", "[::ffff:127.9.9.9]:80", true),
            ("0.0.0.0:80", "192.0.2.1:80", false),
            ("192.0.2.1:80", "192.0.2.1:80", true),
        ] {
            assert_eq!(own(bound).has(dialled.parse().unwrap()), ours, "{dialled} at {bound}");
        }
    }

    #[test]
    fn an_address_of_this_machine_is_known_once_it_answers() {
        for (bound, peer, local, ours) in [
            ("0.0.0.0:80", "192.0.2.1:80", "192.0.2.1:5000", true),
            ("0.0.0.0:80", "192.0.2.7:80", "192.0.2.1:5000", false),
            ("0.0.0.0:80", "192.0.2.1:81", "192.0.2.1:5000", false),
            ("192.0.2.1:80", "192.0.2.1:80", "192.0.2.1:5000", true),
            ("127.0.0.1:80", "192.0.2.1:80", "192.0.2.1:5000", false),
        ] {
            let (peer, local) = (peer.parse().unwrap(), local.parse().unwrap());
            assert_eq!(own(bound).answers(peer, local), ours, "{peer} at {bound}");
        }
    }
}
