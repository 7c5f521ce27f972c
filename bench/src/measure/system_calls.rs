//! How often a proxy asks the kernel for something, per request on connections that are there already.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::figures::Figure;
use crate::load::Callers;
use crate::measure::{Bench, left_out};
use crate::peers::Proxy;
use crate::programs::find;
use crate::request::SMALL;

const REQUESTS: usize = 4_000;

pub(crate) fn measure(bench: &Bench) -> Vec<Figure> {
    let Some(strace) = find("strace") else {
        return left_out("strace is missing: system calls are not counted");
    };
    let requests = if bench.extent.is_smoke() { 320 } else { REQUESTS };
    let figures = [
        Figure::new("system calls, 1 connection", "per request"),
        Figure::new("system calls, 32 connections", "per request"),
    ];
    let report = bench.folder.path().join("strace");
    let one = |proxy: &Proxy| {
        let counted = [1, 32].map(|callers| {
            let mut callers = Callers::connect(proxy.address, SMALL, callers);
            let mut command = Command::new(&strace);
            command.args(["-c", "-f", "-p", &proxy.process.id().to_string(), "-o"]).arg(&report);
            let strace = command.stderr(Stdio::null()).spawn();
            let mut strace = strace.expect("strace runs");
            await_tracer(proxy.process.id());
            callers.burst(requests);
            kill_process(Pid::from_child(&strace), Signal::INT).expect("strace runs");
            strace.wait().expect("strace ends");
            total(&fs::read_to_string(&report).expect("strace reports")) / requests as f64
        });
        (proxy.name, counted)
    };
    bench.interleave(1, &bench.proxies(), figures, one)
}

/// Waits until every thread is traced.
fn await_tracer(process: u32) {
    let end = Instant::now() + Duration::from_secs(10);
    let traced = || {
        let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("the proxy runs");
        tasks.map(|task| task.unwrap().path().join("status")).all(|status| {
            fs::read_to_string(status).is_ok_and(|status| !status.contains("TracerPid:\t0\n"))
        })
    };
    while !traced() {
        assert!(Instant::now() < end, "strace may not trace: is there a ptrace restriction?");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// From the line `100.00    0.012345           1      8600        12 total`.
fn total(report: &str) -> f64 {
    let line = report.lines().find(|line| line.trim_end().ends_with(" total"));
    let number = line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    number.unwrap_or_else(|| panic!("not a report of strace:\n{report}"))
}
