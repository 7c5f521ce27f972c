//! Which connections the kernel redirects to the proxy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;

/// `intercept { … }`: which connections of other users are redirected to the shared port.
#[derive(Clone, Copy, Debug)]
pub struct Intercept {
    /// Destination ports, ascending, none twice.
    pub ports: &'static [RangeInclusive<u16>],
    /// Destinations that are left alone, loopback among them; none inside another.
    pub except: &'static [Cidr],
    /// Loopback destinations that are redirected all the same, since an upstream is there.
    pub loopback: &'static [SocketAddr],
    /// Users that are left alone, besides the proxy's own.
    pub except_uids: &'static [u32],
    /// `on-exit`.
    pub on_exit: OnExit,
}

/// What becomes of redirected traffic when the proxy ends, in whatever way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExit {
    /// The rules go: connections reach their destinations directly.
    Open,
    /// The rules stay: connections are refused until the proxy is back.
    Closed,
}

/// A range of addresses that share their first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    pub(crate) address: IpAddr,
    prefix: u8,
}

/// `10.0.0.0/8` as `cidr4([10, 0, 0, 0], 8)`.
pub const fn cidr4([a, b, c, d]: [u8; 4], prefix: u8) -> Cidr {
    Cidr { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
}

/// `fd00::/8` as `cidr6([0xfd00, 0, 0, 0, 0, 0, 0, 0], 8)`.
pub const fn cidr6([a, b, c, d, e, f, g, h]: [u16; 8], prefix: u8) -> Cidr {
    Cidr { address: IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), prefix }
}

impl Cidr {
    /// The first and the last address, left-aligned in 128 bits.
    pub(crate) fn ends(&self) -> (u128, u128) {
        let first = aligned(self.address);
        (first, first | u128::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0))
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let (first, last) = self.ends();
        self.address.is_ipv4() == address.is_ipv4() && (first..=last).contains(&aligned(address))
    }
}

/// The bits of an address, the highest first, so that ranges of both families are alike.
pub(crate) fn aligned(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Intercept {
    /// Is a connection of another user to there redirected?
    pub(crate) fn redirects(&self, destination: SocketAddr) -> bool {
        let port = self.ports.iter().any(|range| range.contains(&destination.port()));
        let left_alone = self.except.iter().any(|cidr| cidr.contains(destination.ip()));
        self.loopback.contains(&destination) || (port && !left_alone)
    }
}

#[cfg(test)]
mod tests {
    use super::{Intercept, OnExit, cidr4, cidr6};

    const SOME: Intercept = Intercept {
        ports: &[80..=80, 8000..=8999],
        except: &[
            cidr4([127, 0, 0, 0], 8),
            cidr4([10, 1, 0, 0], 16),
            cidr6([0, 0, 0, 0, 0, 0, 0, 1], 128),
        ],
        loopback: &[crate::units::v4([127, 0, 0, 1], 7070)],
        except_uids: &[],
        on_exit: OnExit::Open,
    };

    #[test]
    fn ports_count_unless_the_destination_is_left_alone() {
        for (destination, redirected) in [
            ("10.2.0.1:80", true),
            ("10.2.0.1:81", false),
            ("10.2.0.1:8999", true),
            ("10.1.255.255:80", false),
            ("127.0.0.1:80", false),
            ("127.0.0.1:7070", true),
            ("127.0.0.2:7070", false),
            ("[::1]:80", false),
            ("[::2]:80", true),
            ("[a01::]:80", true),
        ] {
            assert_eq!(SOME.redirects(destination.parse().unwrap()), redirected, "{destination}");
        }
    }
}
