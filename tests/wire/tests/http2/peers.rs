//! The proxy between two versions, and upstreams that speak the second.

use amb_runtime::testing::Live;
use amb_tests_wire::frames::*;
use amb_tests_wire::policies::versions::Versions;
use amb_tests_wire::upstream::Upstream;

pub(crate) const ONE: &str = "one.shop.svc";
pub(crate) const TWO: &str = "two.shop.svc";
pub(crate) const PLAIN_TWO: &str = "plain-two.shop.svc";
pub(crate) const TRACED: &str = "traced.shop.svc";
pub(crate) const EITHER: &str = "either.shop.svc";

/// All upstreams of the policy at one address.
pub(crate) fn proxy(upstream: &Upstream) -> Live {
    let names = ["one", "two", "plain-two", "traced", "either"];
    Live::start::<Versions>(1, &names.map(|name| (name, upstream.address)))
}

pub(crate) fn request<'a>(method: &'a str, host: &'a str) -> [(&'a str, &'a str); 4] {
    [(":method", method), (":scheme", "http"), (":path", "/a?b"), (":authority", host)]
}

pub(crate) fn get(stream: u32, host: &str) -> Frame {
    headers(stream, WHOLE, &request("GET", host))
}

/// Upstreams that speak HTTP/2: a thread per connection.
pub(crate) fn serving(serve: impl Fn(&mut Serving<'_>) + Send + Sync + 'static) -> Upstream {
    Upstream::with(move |connection| {
        if let Some(mut serving) = Serving::begin(connection, &[]) {
            serve(&mut serving);
        }
    })
}

/// Answers every request.
pub(crate) fn echo() -> Upstream {
    serving(|serving| {
        while let Some(stream) = serving.request() {
            serving.answer(stream, "fine");
        }
    })
}

pub(crate) fn http1(method: &str, host: &str) -> String {
    format!("{method} /a?b HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n")
}
