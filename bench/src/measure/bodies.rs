//! CPU time per request when as much goes through as can, by the size of the answer.

use std::net::SocketAddr;

use crate::figures::Figure;
use crate::load::wrk;
use crate::measure::Bench;
use crate::peers::Proxy;
use crate::request::{LARGE, MEDIUM, SMALL};

pub(crate) fn small(bench: &Bench) -> Vec<Figure> {
    small_of(bench, &bench.proxies(), ["CPU, 100 B", "CPU in user mode, 100 B"])
}

/// The same of other proxies than the peers.
pub(super) fn small_of(bench: &Bench, proxies: &[Proxy], names: [&'static str; 2]) -> Vec<Figure> {
    let extent = (bench.extent.rounds, bench.extent.seconds);
    measure(bench, proxies, names, SMALL, extent)
}

pub(crate) fn larger(bench: &Bench) -> Vec<Figure> {
    let extent = (bench.extent.fewer(), 1);
    let of = |names, path| measure(bench, &bench.proxies(), names, path, extent);
    let medium = of(["CPU, 16 KiB", "CPU in user mode, 16 KiB"], MEDIUM);
    let large = of(["CPU, 1 MiB", "CPU in user mode, 1 MiB"], LARGE);
    medium.into_iter().chain(large).collect()
}

fn measure(
    bench: &Bench,
    proxies: &[Proxy],
    names: [&'static str; 2],
    path: &str,
    (rounds, seconds): (usize, u32),
) -> Vec<Figure> {
    for proxy in proxies {
        per_request(proxy, proxy.address, path, 1);
    }
    let figures = names.map(|name| Figure::new(name, "µs/request"));
    let one = |proxy: &Proxy| (proxy.name, per_request(proxy, proxy.address, path, seconds));
    bench.interleave(rounds, proxies, figures, one)
}

/// In all, and in user mode, when the proxy is called at that address.
pub(super) fn per_request(
    proxy: &Proxy,
    address: SocketAddr,
    path: &str,
    seconds: u32,
) -> [f64; 2] {
    let before = proxy.process.cpu();
    let requests = wrk(address, path, seconds) as f64;
    let cpu = proxy.process.cpu().since(before);
    [cpu.total() / requests, cpu.user() / requests]
}
