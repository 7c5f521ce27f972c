//! CPU time per request when as much goes through as can, by the size of the answer.

use crate::figures::Figure;
use crate::load::wrk;
use crate::measure::Bench;
use crate::origin::{LARGE, MEDIUM, SMALL};
use crate::peers::Proxy;

pub(crate) fn small(bench: &Bench) -> Vec<Figure> {
    let extent = (bench.extent.rounds, bench.extent.seconds);
    measure(bench, ["CPU, 100 B", "CPU in user mode, 100 B"], SMALL, extent)
}

pub(crate) fn larger(bench: &Bench) -> Vec<Figure> {
    let extent = (bench.extent.fewer(), 1);
    let medium = measure(bench, ["CPU, 16 KiB", "CPU in user mode, 16 KiB"], MEDIUM, extent);
    let large = measure(bench, ["CPU, 1 MiB", "CPU in user mode, 1 MiB"], LARGE, extent);
    medium.into_iter().chain(large).collect()
}

fn measure(
    bench: &Bench,
    names: [&'static str; 2],
    path: &str,
    (rounds, seconds): (usize, u32),
) -> Vec<Figure> {
    let proxies = bench.proxies();
    for proxy in &proxies {
        per_request(proxy, path, 1);
    }
    let figures = names.map(|name| Figure::new(name, "µs/request"));
    let one = |proxy: &Proxy| (proxy.name, per_request(proxy, path, seconds));
    bench.interleave(rounds, &proxies, figures, one)
}

/// In all, and in user mode.
fn per_request(proxy: &Proxy, path: &str, seconds: u32) -> [f64; 2] {
    let before = proxy.process.cpu();
    let requests = wrk(proxy.address, path, seconds) as f64;
    let cpu = proxy.process.cpu().since(before);
    [cpu.total() / requests, cpu.user() / requests]
}
