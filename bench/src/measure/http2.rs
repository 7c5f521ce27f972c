//! CPU time per request over HTTP/2 by the size of the answer, plain and in the shape of gRPC: a message is
//! posted, the answer has its status in the trailers. nginx speaks HTTP/1.1 to the origin of the plain ones.

use crate::figures::Figure;
use crate::load::{answers_http2, h2load, trailers};
use crate::measure::{Bench, left_out};
use crate::origin;
use crate::ours;
use crate::peers::{Proxy, Setup};
use crate::programs::find;
use crate::protocol::Protocol;
use crate::request::{GRPC, OVER_HTTP2};

pub(crate) fn measure(bench: &Bench) -> Vec<Figure> {
    if let Some(missing) = ["h2load", "nghttpd"].into_iter().find(|it| find(it).is_none()) {
        return left_out(&format!("{missing} is missing: HTTP/2 is not measured"));
    }
    ours::build_http2();
    let _origin = origin::start_http2(&bench.folder);
    let setup = Setup { protocol: Protocol::Http2, ..bench.setup() };
    let proxies = bench.ready(setup);
    for proxy in &proxies {
        let Proxy { name, address, .. } = proxy;
        for path in GRPC.into_iter().chain(OVER_HTTP2) {
            assert!(answers_http2(*address, path), "{name} does not answer {path}");
        }
        assert!(trailers(*address).contains("grpc-status: 0"), "{name} loses trailers");
    }
    let measured = |names: [&'static str; 3], paths: [&'static str; 3]| {
        let figures = names.map(|name| Figure::new(name, "µs/request"));
        let one = |proxy: &Proxy| (proxy.name, paths.map(|path| per_request(proxy, path)));
        bench.interleave(bench.extent.fewer(), &proxies, figures, one)
    };
    let plain = ["CPU, HTTP/2, 100 B", "CPU, HTTP/2, 1 KiB", "CPU, HTTP/2, 8 KiB"];
    let grpc = ["CPU, gRPC, 100 B", "CPU, gRPC, 1 KiB", "CPU, gRPC, 8 KiB"];
    let plain = measured(plain, OVER_HTTP2);
    plain.into_iter().chain(measured(grpc, GRPC)).collect()
}

fn per_request(proxy: &Proxy, path: &str) -> f64 {
    let before = proxy.process.cpu();
    let requests = h2load(proxy.address, path);
    proxy.process.cpu().since(before).total() / requests as f64
}
