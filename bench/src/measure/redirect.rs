//! What interception costs: the same process is called at its own port, and by calls that the kernel
//! redirects to it. Beside it stands the proxy without `intercept`.
//!
//! The rules are in a network namespace of their own, where the kernel tracks all connections. Nobody
//! listens there at the address that is dialled, so what is answered has gone through the proxy.

use std::net::{SocketAddr, TcpStream};

use crate::figures::Figure;
use crate::measure::bodies::per_request;
use crate::measure::{Bench, left_out};
use crate::network::Network;
use crate::origin;
use crate::ours;
use crate::peers::{OURS, Proxy, built};
use crate::protocol::Protocol;
use crate::request::SMALL;

const DIRECTLY: &str = "called directly";
const REDIRECTED: &str = "redirected";
const WITHOUT: &str = "without `intercept`";

/// An address of nobody: the upstream lives on loopback.
const DIALLED: &str = "10.1.0.1";

/// A proxy, and how it is called.
struct Way<'a> {
    name: &'static str,
    from: &'a Network,
    address: SocketAddr,
    proxy: &'a Proxy,
}

pub(crate) fn measure(bench: &Bench) -> Vec<Figure> {
    let here = Network::here();
    let Some(apart) = Network::apart(DIALLED) else {
        return left_out("no network namespace can be made: redirection is not measured");
    };
    let origin: SocketAddr = Protocol::Http1.origin().parse().unwrap();
    let dialled = SocketAddr::new(DIALLED.parse().unwrap(), origin.port());
    let peer = built(REDIRECTED, ours::build_text(&policy(origin.port()), "bench-redirect"));
    // INVARIANT: this proxy is always among them.
    let plain = bench.peers.iter().find(|it| it.name == OURS).unwrap().ready(bench.setup());
    apart.enter();
    let _origin = origin::start(&bench.folder);
    assert!(TcpStream::connect(dialled).is_err(), "somebody else answers at {dialled}");
    // Its first answer comes when the rules are in force.
    let proxy = peer.ready(bench.setup());
    here.enter();
    let ways = [
        Way { name: DIRECTLY, from: &apart, address: proxy.address, proxy: &proxy },
        Way { name: REDIRECTED, from: &apart, address: dialled, proxy: &proxy },
        Way { name: WITHOUT, from: &here, address: plain.address, proxy: &plain },
    ];
    let cost = |way: &Way, seconds| {
        way.from.enter();
        let [cpu, _] = per_request(way.proxy, way.address, SMALL, seconds);
        here.enter();
        (way.name, [cpu])
    };
    for way in &ways {
        cost(way, 1);
    }
    let figure = Figure::new("CPU, redirected, 100 B", "µs/request");
    let one = |way: &Way| cost(way, bench.extent.seconds);
    bench.interleave(bench.extent.rounds, &ways, [figure], one)
}

fn policy(port: u16) -> String {
    let service = "    workers  1\n}\n";
    let redirected = format!(
        "    workers  1\n    user     15001\n}}\n\nintercept {{\n    ports   {port}\n    \
         on-exit open\n}}\n"
    );
    ours::policy_with(service, &redirected)
}
