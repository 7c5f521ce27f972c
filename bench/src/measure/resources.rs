//! What a proxy takes before anybody calls: time to start, memory, and a file.

use std::fs;
use std::time::Instant;

use crate::figures::Figure;
use crate::load::Callers;
use crate::measure::Bench;
use crate::peers::{Peer, RELAY};
use crate::protocol::Protocol;
use crate::request::SMALL;

const CONNECTIONS: usize = 1_000;

pub(crate) fn measure(bench: &Bench) -> Vec<Figure> {
    let figures = [
        Figure::new("start to the first answer", "ms"),
        Figure::new("PSS idle", "MiB"),
        Figure::new("RSS idle", "MiB"),
        Figure::new("PSS with 1,000 connections", "MiB"),
        Figure::new("RSS with 1,000 connections", "MiB"),
        Figure::new("program file", "MiB"),
    ];
    // The relay is a part of this program: its file and start say nothing.
    let turns: Vec<&Peer> =
        bench.peers.iter().filter(|it| it.name != RELAY && it.speaks(Protocol::Http1)).collect();
    bench.interleave(bench.extent.fewer(), &turns, figures, |peer| (peer.name, one(bench, peer)))
}

fn one(bench: &Bench, peer: &Peer) -> [f64; 6] {
    let before = Instant::now();
    let proxy = peer.ready(bench.setup());
    let start = before.elapsed().as_secs_f64() * 1e3;
    let idle = proxy.process.memory();
    // Each has been answered once, and is kept.
    let callers = Callers::connect(proxy.address, SMALL, CONNECTIONS);
    let busy = proxy.process.memory();
    drop(callers);
    let file = fs::metadata(&peer.program).expect("the program is there").len() / 1024;
    let [idle, idle_rss, busy, busy_rss, file] =
        [idle.proportional, idle.resident, busy.proportional, busy.resident, file]
            .map(|kib| kib as f64 / 1024.0);
    [start, idle, idle_rss, busy, busy_rss, file]
}
