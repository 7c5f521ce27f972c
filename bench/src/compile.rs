//! How long a policy takes to be checked, and how that grows: `amb-bench check`.

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use amb_policy_lang::{MemoryLoader, compile};
use amb_tests_policies::{Dice, Shape, policy};

const RUNS: usize = 21;

struct Checked {
    routes: usize,
    bytes: usize,
    median: Duration,
}

/// Prints a table.
pub(crate) fn run() -> ExitCode {
    println!("| routes | text | check, median of {RUNS} | peak memory of the process |");
    println!("|---:|---:|---:|---:|");
    let small = line(10);
    let large = line(100);
    let growth = large.median.as_secs_f64() / small.median.as_secs_f64();
    let more = large.routes as f64 / small.routes as f64;
    println!("\n{more:.1} times the routes take {growth:.1} times as long.");
    ExitCode::SUCCESS
}

fn line(upstreams: u64) -> Checked {
    let checked = check(upstreams);
    let Checked { routes, bytes, median } = checked;
    println!(
        "| {routes} | {} KiB | {:.1} ms | {:.1} MiB |",
        bytes / 1024,
        median.as_secs_f64() * 1e3,
        peak_kib() / 1024.0
    );
    checked
}

fn check(upstreams: u64) -> Checked {
    let text = policy(&mut Dice::new(1), Shape { upstreams, routes: 10 });
    let loader = MemoryLoader::new([("chance.amb", text.clone())]);
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let outcome = compile("chance.amb", &loader);
        times.push(start.elapsed());
        assert!(outcome.diagnostics.is_empty() && outcome.plan.is_some());
    }
    times.sort();
    let routes = text.lines().filter(|line| line.starts_with("route ")).count();
    Checked { routes, bytes: text.len(), median: times[RUNS / 2] }
}

/// `VmHWM` of `/proc/self/status`.
fn peak_kib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
