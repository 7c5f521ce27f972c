//! `live POLICY UPSTREAM-ADDRESS`: a policy of the harness on a free port, until it is killed.

use std::net::SocketAddr;

use amb_runtime::testing::Live;
use amb_tests_wire::policies::{full::Full, plain::Plain, versions::Versions};

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [policy, upstream] = &arguments[..] else { panic!("live POLICY UPSTREAM-ADDRESS") };
    let upstream: SocketAddr = upstream.parse().unwrap();
    let proxy = match policy.as_str() {
        "full" => Live::start::<Full>(1, &[("catalog", upstream)]),
        "plain" => Live::start::<Plain>(1, &[("catalog", upstream)]),
        "versions" => {
            let names = ["one", "two", "plain-two", "either"];
            Live::start::<Versions>(1, &names.map(|name| (name, upstream)))
        }
        _ => panic!("no policy `{policy}`"),
    };
    eprintln!("listening on {}", proxy.address());
    eprintln!("READY");
    loop {
        std::thread::park();
    }
}
