//! `intercept { … }`: what the kernel redirects to the proxy, as written and as the rules have it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Address, Place, Plan, Sourced};

/// Which connections of the application the kernel redirects to the shared port.
#[derive(Clone, Debug, PartialEq)]
pub struct Intercept {
    pub place: Place,
    pub ports: Sourced<Vec<PortRange>>,
    /// One per line, in file order.
    pub except: Vec<Sourced<Except>>,
    pub on_exit: Sourced<OnExit>,
}

/// Destination ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    pub first: u16,
    pub last: u16,
}

/// What is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Except {
    Ports(Vec<PortRange>),
    Cidrs(Vec<Cidr>),
    Uids(Vec<u32>),
}

/// Addresses that share their first bits; the others are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr {
    pub address: IpAddr,
    pub prefix: u8,
}

/// What becomes of redirected traffic when the proxy ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExit {
    /// It goes to its destinations directly.
    Open,
    /// It is refused until the proxy is back.
    Closed,
}

/// Calls of the application to itself are not redirected.
const LOOPBACK: [Cidr; 2] = [
    Cidr { address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), prefix: 8 },
    Cidr { address: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix: 128 },
];

impl Intercept {
    /// The ports that are left when the exceptions are taken away: ascending, none adjacent.
    pub fn redirected(&self) -> Vec<PortRange> {
        let mut ports = merged(self.ports.value.clone());
        for except in self.except.iter().filter_map(|except| except.value.ports()).flatten() {
            ports = ports.into_iter().flat_map(|range| range.without(*except)).collect();
        }
        ports
    }

    /// Destinations that are left alone, loopback among them: ascending, none inside another.
    pub fn left_alone(&self) -> Vec<Cidr> {
        let written = self.except.iter().filter_map(|except| except.value.cidrs()).flatten();
        let mut all: Vec<Cidr> = LOOPBACK.iter().chain(written).copied().collect();
        all.sort_unstable();
        all.dedup();
        let outer = all.clone();
        all.retain(|cidr| !outer.iter().any(|other| other != cidr && other.contains(*cidr)));
        all
    }

    /// Users whose connections are left alone, besides the proxy's own.
    pub fn left_alone_uids(&self) -> Vec<u32> {
        let uids = self.except.iter().filter_map(|except| except.value.uids()).flatten();
        let mut uids: Vec<u32> = uids.copied().collect();
        uids.sort_unstable();
        uids.dedup();
        uids
    }
}

impl Plan {
    /// Loopback destinations that are redirected on purpose: an upstream's `address` names them, and
    /// their port is redirected.
    pub fn redirected_loopback(&self) -> Vec<SocketAddr> {
        let Some(ports) = self.intercept.as_ref().map(Intercept::redirected) else {
            return Vec::new();
        };
        let fixed = self.upstreams.iter().flat_map(|upstream| match &upstream.address.value {
            Address::Fixed(addresses) => addresses.as_slice(),
            Address::Dns { .. } => &[],
        });
        let redirected = |port: u16| ports.iter().any(|range| range.contains(port));
        let mut all: Vec<SocketAddr> = fixed
            .filter(|address| address.ip().is_loopback() && redirected(address.port()))
            .copied()
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Except {
    fn ports(&self) -> Option<&[PortRange]> {
        match self {
            Self::Ports(ports) => Some(ports),
            Self::Cidrs(_) | Self::Uids(_) => None,
        }
    }

    fn cidrs(&self) -> Option<&[Cidr]> {
        match self {
            Self::Cidrs(cidrs) => Some(cidrs),
            Self::Ports(_) | Self::Uids(_) => None,
        }
    }

    fn uids(&self) -> Option<&[u32]> {
        match self {
            Self::Uids(uids) => Some(uids),
            Self::Ports(_) | Self::Cidrs(_) => None,
        }
    }
}

impl PortRange {
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }

    /// What is left of it, on either side.
    fn without(self, hole: Self) -> impl Iterator<Item = Self> {
        let before =
            hole.first.checked_sub(1).map(|last| Self { last: last.min(self.last), ..self });
        let after =
            hole.last.checked_add(1).map(|first| Self { first: first.max(self.first), ..self });
        // Where the hole is elsewhere, one of the sides is the whole and the other is empty.
        [before, after].into_iter().flatten().filter(|range| range.first <= range.last)
    }
}

impl Cidr {
    /// `10.0.0.0/8`; none if a bit behind the prefix is set.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let cidr = Self { address: address.parse().ok()?, prefix: prefix.parse().ok()? };
        let plain = prefix.chars().all(|c| c.is_ascii_digit());
        (plain
            && cidr.prefix <= cidr.width()
            && cidr.masked(cidr.address) == cidr.bits(cidr.address))
        .then_some(cidr)
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.width() == other.width()
            && self.prefix <= other.prefix
            && self.masked(other.address) == self.bits(self.address)
    }

    const fn width(self) -> u8 {
        match self.address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }

    /// The bits of an address of this family.
    fn bits(self, address: IpAddr) -> u128 {
        match address {
            IpAddr::V4(address) => address.to_bits().into(),
            IpAddr::V6(address) => address.to_bits(),
        }
    }

    fn masked(self, address: IpAddr) -> u128 {
        let host = u32::from(self.width().saturating_sub(self.prefix));
        let bits = self.bits(address);
        bits.checked_shr(host).and_then(|bits| bits.checked_shl(host)).unwrap_or_default()
    }
}

/// Ascending, and joined where they touch.
fn merged(mut ports: Vec<PortRange>) -> Vec<PortRange> {
    ports.sort_unstable();
    let mut all: Vec<PortRange> = Vec::new();
    for range in ports {
        match all.last_mut() {
            Some(last) if range.first <= last.last.saturating_add(1) => {
                last.last = last.last.max(range.last);
            }
            _ => all.push(range),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(text: &str) -> Vec<PortRange> {
        let number = |text: &str| text.parse().unwrap();
        text.split_whitespace()
            .map(|range| match range.split_once('-') {
                Some((first, last)) => PortRange { first: number(first), last: number(last) },
                None => PortRange { first: number(range), last: number(range) },
            })
            .collect()
    }

    fn intercept(with: &str, without: &str, cidrs: &[&str]) -> Intercept {
        let cidrs = cidrs.iter().map(|text| Cidr::parse(text).unwrap()).collect();
        Intercept {
            place: Place { file: 0, line: 1, column: 1 },
            ports: Sourced::language(ports(with)),
            except: vec![
                Sourced::language(Except::Ports(ports(without))),
                Sourced::language(Except::Cidrs(cidrs)),
                Sourced::language(Except::Uids(vec![3, 1, 3])),
            ],
            on_exit: Sourced::language(OnExit::Open),
        }
    }

    #[test]
    fn exceptions_are_taken_out_of_the_ports() {
        for (with, without, left) in [
            ("80", "", "80"),
            ("443 80", "", "80 443"),
            ("80 81 8000-8999 8500-9000", "", "80-81 8000-9000"),
            ("8000-8999", "8500", "8000-8499 8501-8999"),
            ("8000-8999", "8000 8999", "8001-8998"),
            ("8000-8999", "7000-8100", "8101-8999"),
            ("8000-8999", "8900-9999", "8000-8899"),
            ("8000-8999", "9000", "8000-8999"),
            ("8000-8999", "1-65535", ""),
            ("1-65535", "65535", "1-65534"),
            ("65535", "", "65535"),
        ] {
            assert_eq!(
                intercept(with, without, &[]).redirected(),
                ports(left),
                "{with} - {without}"
            );
        }
    }

    #[test]
    fn destinations_are_left_alone_once() {
        let shown = |cidrs: &[&str]| {
            let all = intercept("80", "", cidrs).left_alone();
            all.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(shown(&[]), ["127.0.0.0/8", "::1/128"]);
        assert_eq!(
            shown(&["10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8", "127.0.0.1/32", "::/0"]),
            ["10.0.0.0/8", "127.0.0.0/8", "::/0"]
        );
        assert_eq!(shown(&["0.0.0.0/0"]), ["0.0.0.0/0", "::1/128"]);
        assert_eq!(intercept("80", "", &[]).left_alone_uids(), [1, 3]);
    }

    #[test]
    fn cidrs_have_no_bits_behind_the_prefix() {
        for good in ["10.0.0.0/8", "0.0.0.0/0", "10.0.0.1/32", "fd00::/8", "::/0", "::1/128"] {
            assert_eq!(Cidr::parse(good).unwrap().to_string(), good);
        }
        for bad in ["10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "fd00::1/8", "::/129", "a/8", "::/+1"]
        {
            assert_eq!(Cidr::parse(bad), None, "{bad}");
        }
    }
}
