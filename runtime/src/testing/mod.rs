//! Compiled policies under test: on scripted upstreams and virtual time ([`Scenario`]), or on real
//! sockets in this process ([`Live`]).
//!
//! Both run the pipeline that the deployed proxy runs; only the network, the clock and the seed of
//! the randomness are others. Nothing of this is linked into a proxy.

mod calls;
mod http2;
mod live;
#[cfg(test)]
pub(crate) mod name_server;
mod observed;
mod parse;
#[cfg(test)]
pub(crate) mod pieces;
#[cfg(test)]
pub(crate) mod sample;
mod scenario;
mod script;
mod siege;
mod steady;
mod trace;

pub use calls::{CallRecord, TryRecord};
pub use live::Live;
pub use observed::Observed;
pub use parse::{
    ClientHello, ParsedChunks, ParsedRequest, ParsedResponse, parse_chunks, parse_hello,
    parse_request, parse_response,
};
pub use scenario::{Request, Scenario, Version};
pub use script::{Step, grpc, refused, reset, status, timeout};
pub use siege::{Besieged, Blow, Happened, Raid, Raided, Siege, Then};
pub use steady::{Steady, Unreached, Written};

#[expect(clippy::panic, reason = "a test that cannot start has failed")]
fn fail(error: &std::io::Error) -> ! {
    panic!("the proxy under test cannot start: {error}")
}
