//! What a proxy holds, seen from outside.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::ADMIN;

/// Gauges of `/metrics` that go back to where they began.
const GAUGES: [&str; 5] = [
    "amb_connections",
    "amb_tunnels",
    "amb_retry_budget_calls",
    "amb_retry_budget_spent",
    "amb_upstream_endpoints",
];

/// Each of two workers keeps 16 pipes at most, of two descriptors each.
const KEPT_PIPES: usize = 2 * 16 * 2;

#[derive(Clone, Debug)]
pub(super) struct Rest {
    sockets: usize,
    /// Pipes of tunnels are kept for others.
    other_descriptors: usize,
    threads: usize,
    /// The sum over all labels, in the order of [`GAUGES`].
    gauges: Vec<f64>,
    /// Resident, in KiB.
    pub(super) memory: u64,
}

impl Rest {
    /// As soon as the proxy is ready.
    pub(super) fn await_start(process: u32) -> Self {
        let end = Instant::now() + Duration::from_secs(20);
        while !page("/ready").is_some_and(|page| page.contains("200 OK")) {
            assert!(Instant::now() < end, "the proxy is not ready; is one of the ports taken?");
            thread::sleep(Duration::from_millis(5));
        }
        Self::look(process)
    }

    /// As soon as it holds what it held before, or what it holds once the patience is over.
    pub(super) fn await_quiet(process: u32, before: &Self, patience: Duration) -> Self {
        let end = Instant::now() + patience;
        loop {
            let now = Self::look(process);
            if now.is_where(before) || Instant::now() > end {
                return now;
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    pub(super) fn is_where(&self, before: &Self) -> bool {
        self.sockets == before.sockets
            && self.other_descriptors <= before.other_descriptors + KEPT_PIPES
            && self.threads == before.threads
            && self.gauges == before.gauges
    }

    fn look(process: u32) -> Self {
        let entries = |folder: &str| {
            let entries = fs::read_dir(format!("/proc/{process}/{folder}"));
            entries.expect("the proxy has ended").flatten().map(|entry| entry.path())
        };
        // The page is asked for first: the connection that brings it is then gone.
        let metrics = page("/metrics").expect("the proxy's admin page answers");
        let sum = |gauge: &&str| {
            let lines = metrics.lines().filter(|line| {
                line.strip_prefix(gauge).is_some_and(|rest| rest.starts_with([' ', '{']))
            });
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        };
        let status = fs::read_to_string(format!("/proc/{process}/status"));
        let status = status.expect("the proxy has ended");
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let memory = memory.and_then(|line| line.split_whitespace().next()?.parse().ok());
        let kinds = entries("fd").filter_map(|descriptor| fs::read_link(descriptor).ok());
        let (sockets, others): (Vec<_>, Vec<_>) =
            kinds.partition(|kind| kind.to_string_lossy().starts_with("socket:"));
        Self {
            sockets: sockets.len(),
            other_descriptors: others.len(),
            threads: entries("task").count(),
            gauges: GAUGES.iter().map(sum).collect(),
            memory: memory.expect("the kernel says how much memory is resident"),
        }
    }
}

/// For people: what it held at the start, warm, and at the end.
pub(super) fn table(began: &Rest, warm: &Rest, ended: &Rest) -> String {
    let mut text = "| | start | warm | end |\n|---|---:|---:|---:|\n".to_owned();
    let mut row = |name: &str, of: &dyn Fn(&Rest) -> String| {
        text += &format!("| {name} | {} | {} | {} |\n", of(began), of(warm), of(ended));
    };
    row("sockets", &|rest| rest.sockets.to_string());
    row("other descriptors", &|rest| rest.other_descriptors.to_string());
    row("threads", &|rest| rest.threads.to_string());
    for (at, gauge) in GAUGES.iter().enumerate() {
        row(gauge, &|rest| rest.gauges[at].to_string());
    }
    row("RSS, KiB", &|rest| rest.memory.to_string());
    text
}

fn page(path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", ADMIN)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}
