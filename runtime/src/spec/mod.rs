//! What a policy says that is data: constants of the generated proxy.
//!
//! Nothing here does anything. Whoever carries calls reads it, and so does whoever tells of them.

mod breaker;
pub(crate) mod embedded;
mod intercept;
mod listen;
mod observe;
mod upstream;

pub use breaker::BreakerId;
pub(crate) use breaker::breakers;
pub use intercept::{Cidr, Intercept, OnExit, cidr4, cidr6};
pub use listen::{Inbound, Workers};
pub(crate) use listen::{Listener, listeners};
pub use observe::{AccessLog, Observe, RouteSpec};
pub use upstream::{Address, Directory, Protocol, UpstreamId, UpstreamSpec};

use std::net::SocketAddr;

/// A compiled policy, as far as it is data.
pub trait Spec: 'static {
    /// The service that the proxy stands beside.
    const SERVICE: &'static str;
    /// How many threads carry traffic.
    const WORKERS: Workers = Workers::Auto;
    /// The port for all upstreams.
    const LISTEN: SocketAddr;
    /// The same port for redirected connections of the other address family.
    const TWIN: Option<SocketAddr> = None;
    /// Indexed by [`UpstreamId`].
    const UPSTREAMS: &'static [UpstreamSpec];
    /// Indexed by `Proxy::index`; those of an upstream stand together.
    const ROUTES: &'static [RouteSpec];
    /// The lines of the policy that the routes stand on, in the same order: `order.amb:43`. They move with
    /// every edit, so they are no part of the code that is reviewed.
    const SITES: &'static [&'static str] = &[];
    /// What is told of calls.
    const OBSERVE: Observe;
    /// The uid that calls are made under.
    const USER: Option<u32> = None;
    /// What is redirected to the shared port.
    const INTERCEPT: Option<Intercept> = None;
    /// Calls to hosts that the policy does not know go there: their names are looked up.
    const PASSES: bool = true;
    /// The policy's text, plan and hashes as JSON: `--describe`, `/policy`.
    const POLICY: &'static [u8];
}
