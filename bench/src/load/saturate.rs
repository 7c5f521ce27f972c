//! wrk: as many requests as go through.

use std::net::SocketAddr;
use std::process::Command;

use crate::programs::find;
use crate::request::HOST;

const CONNECTIONS: &str = "64";

/// The number of requests in so many seconds.
pub(crate) fn wrk(address: SocketAddr, path: &str, seconds: u32) -> u64 {
    // INVARIANT: `main` has looked for it.
    let output = Command::new(find("wrk").unwrap())
        .args(["-t1", "-c", CONNECTIONS, "-d", &format!("{seconds}s")])
        .args(["-H", &format!("Host: {HOST}"), "-H", "X-Internal-Debug: 1"])
        .arg(format!("http://{address}{path}"))
        .output()
        .expect("wrk runs");
    let report = String::from_utf8_lossy(&output.stdout);
    let fine = !report.contains("Non-2xx") && !report.contains("Socket errors");
    assert!(output.status.success() && fine, "wrk of {address}{path}:\n{report}");
    requests(&report)
}

/// From `  123456 requests in 2.00s, 20.12MB read`.
fn requests(report: &str) -> u64 {
    let line = report.lines().find(|line| line.contains(" requests in ")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
