//! h2load and nghttp: callers that speak HTTP/2.

use std::net::SocketAddr;
use std::process::Command;

use crate::programs::find;
use crate::request::{GRPC, HOST};

/// Requests in two seconds, on four connections with sixteen streams each.
pub(crate) fn h2load(address: SocketAddr, path: &str) -> u64 {
    let report = run("h2load", &["-t1", "-c4", "-m16", "-D2"], address, path);
    succeeded(&report).unwrap_or_else(|| panic!("h2load of {address}{path}:\n{report}"))
}

/// Does one request succeed?
pub(crate) fn answers_http2(address: SocketAddr, path: &str) -> bool {
    succeeded(&run("h2load", &["-t1", "-c1", "-n1"], address, path)) == Some(1)
}

/// What nghttp says about an answer of gRPC.
pub(crate) fn trailers(address: SocketAddr) -> String {
    run("nghttp", &["-v"], address, GRPC[0])
}

fn run(program: &str, arguments: &[&str], address: SocketAddr, path: &str) -> String {
    // INVARIANT: nothing comes here without h2load, and nghttp is in the same package.
    let mut command = Command::new(find(program).unwrap());
    command.args(arguments).args(["-H", &format!(":authority: {HOST}")]);
    command.args(["-H", "x-internal-debug: 1"]);
    if GRPC.contains(&path) {
        command.args(["-H", "content-type: application/grpc", "-H", "te: trailers", "-d"]);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/peers/message.grpc"));
    }
    let output = command.arg(format!("http://{address}{path}")).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// From `requests: 19168 total, 19232 started, 19168 done, 19168 succeeded, 0 failed, …`, if all did.
fn succeeded(report: &str) -> Option<u64> {
    let line = report.lines().find(|line| line.starts_with("requests: "))?;
    let number = |what| {
        let part = line.split(", ").find_map(|part| part.strip_suffix(what))?;
        part.trim_start_matches("requests: ").trim().parse::<u64>().ok()
    };
    let (done, failed) = (number(" succeeded")?, number(" failed")?);
    (done > 0 && failed == 0).then_some(done)
}
