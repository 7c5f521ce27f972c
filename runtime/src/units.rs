//! Units in which generated code repeats what the author wrote.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

pub const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub const fn mins(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

pub const fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3600)
}

pub const fn bytes(n: usize) -> usize {
    n
}

pub const fn kib(n: usize) -> usize {
    n * 1024
}

pub const fn mib(n: usize) -> usize {
    n * 1024 * 1024
}

/// A share, in parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

impl Percent {
    pub const fn parts_per_million(self) -> u32 {
        self.0
    }
}

pub const fn percent(n: u32) -> Percent {
    Percent(n * 10_000)
}

/// For shares that are not a whole number of percent.
pub const fn per_million(n: u32) -> Percent {
    Percent(n)
}

pub const fn v4(ip: [u8; 4], port: u16) -> SocketAddr {
    let [a, b, c, d] = ip;
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), port)
}

pub const fn v6(ip: [u16; 8], port: u16) -> SocketAddr {
    let [a, b, c, d, e, f, g, h] = ip;
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), port)
}
