//! wrk against one contender: CPU time of the proxy per request.

use crate::HOST;
use crate::contenders::Contender;
use crate::programs::{Core, find, pinned};

const CONNECTIONS: &str = "64";

/// Microseconds of the proxy's CPU time per request.
pub(crate) fn run(contender: &Contender, seconds: u32) -> f64 {
    let before = contender.process.cpu_micros();
    // INVARIANT: `main` has looked for it.
    let output = pinned(find("wrk").unwrap(), Core::Rest)
        .args(["-t1", "-c", CONNECTIONS, "-d", &format!("{seconds}s")])
        .args(["-H", &format!("Host: {HOST}")])
        .arg(format!("http://{}/", contender.address))
        .output()
        .unwrap();
    let used = contender.process.cpu_micros() - before;
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = report.contains("Non-2xx") || report.contains("Socket errors");
    assert!(!failed, "{}: {report}", contender.name);
    used as f64 / requests(&report) as f64
}

/// From `  123456 requests in 2.00s, 20.12MB read`.
fn requests(report: &str) -> u64 {
    let line = report.lines().find(|line| line.contains(" requests in ")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
