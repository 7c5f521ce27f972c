//! CPU time per request when as much goes through as can, by the size of the answer.

use crate::figures::Figure;
use crate::load::wrk;
use crate::measure::Bench;
use crate::origin::{LARGE, MEDIUM, SMALL};
use crate::peers::Proxy;

pub(crate) fn small(bench: &Bench) -> Vec<Figure> {
    let Bench { extent, .. } = bench;
    measure(bench, "CPU, 100 B", SMALL, (extent.rounds, extent.seconds))
}

pub(crate) fn larger(bench: &Bench) -> Vec<Figure> {
    let rounds = bench.extent.fewer();
    let mut figures = measure(bench, "CPU, 16 KiB", MEDIUM, (rounds, 1));
    figures.extend(measure(bench, "CPU, 1 MiB", LARGE, (rounds, 1)));
    figures
}

fn measure(
    bench: &Bench,
    name: &'static str,
    path: &str,
    (rounds, seconds): (usize, u32),
) -> Vec<Figure> {
    let proxies = bench.proxies();
    for proxy in &proxies {
        per_request(proxy, path, 1);
    }
    let one = |proxy: &Proxy| (proxy.name, [per_request(proxy, path, seconds)]);
    bench.interleave(rounds, &proxies, [Figure::new(name, "µs/request")], one)
}

fn per_request(proxy: &Proxy, path: &str, seconds: u32) -> f64 {
    let before = proxy.process.cpu_micros();
    let requests = wrk(proxy.address, path, seconds);
    (proxy.process.cpu_micros() - before) as f64 / requests as f64
}
