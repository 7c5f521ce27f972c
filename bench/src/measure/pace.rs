//! Calls that come at a pace: 4,000 a second, or one after the other.

use std::net::SocketAddr;
use std::time::Duration;

use crate::figures::{Figure, Values};
use crate::load::Callers;
use crate::measure::Bench;
use crate::peers::Proxy;
use crate::protocol::Protocol;
use crate::request::SMALL;

const RATE: u32 = 4_000;
const CALLERS: usize = 64;

pub(crate) fn fixed_rate(bench: &Bench) -> Vec<Figure> {
    let figures = [
        Figure::new("CPU at 4,000/s", "µs/request"),
        Figure::new("p50 at 4,000/s", "µs"),
        Figure::new("p99 at 4,000/s", "µs"),
    ];
    let time = Duration::from_secs(u64::from(bench.extent.seconds));
    let one = |proxy: &Proxy| {
        let mut callers = Callers::connect(proxy.address, SMALL, CALLERS);
        let before = proxy.process.cpu();
        let times = micros(&callers.paced(RATE, time));
        let cpu = proxy.process.cpu().since(before).total() / times.0.len() as f64;
        (proxy.name, [cpu, times.median(), times.quantile(0.99)])
    };
    bench.interleave(bench.extent.fewer(), &bench.proxies(), figures, one)
}

/// What a proxy adds for a single caller, who waits for wake-ups more than for work.
pub(crate) fn alone(bench: &Bench) -> Vec<Figure> {
    let origin: SocketAddr = Protocol::Http1.origin().parse().unwrap();
    let p50 = |address| micros(&Callers::connect(address, SMALL, 1).in_turn(HALF)).median();
    let one = |proxy: &Proxy| (proxy.name, [p50(proxy.address) - p50(origin)]);
    let figure = Figure::new("p50 added, one caller", "µs");
    bench.interleave(bench.extent.rounds, &bench.proxies(), [figure], one)
}

const HALF: Duration = Duration::from_millis(500);

fn micros(times: &[Duration]) -> Values {
    Values(times.iter().map(|time| time.as_secs_f64() * 1e6).collect())
}
