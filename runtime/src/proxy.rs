//! What a generated proxy is to the runtime: constants, one routing function, one pipeline a route.
//!
//! The generator writes a zero-sized type and implements [`Proxy`] for it. Everything that the
//! policy says is in its constants and types; nothing is looked up by name or read at run time.

use std::net::SocketAddr;

use crate::failure::Failure;
use crate::filter::{Call, Outcome};
use crate::intercept::Intercept;
use crate::message::RequestHead;
use crate::net::Net;
use crate::tunnel::Opening;
use crate::units::Percent;

/// A compiled policy.
pub trait Proxy: 'static {
    /// One variant per route, and per upstream for the calls that no route matches.
    type Route: Copy + 'static;

    const SERVICE: &'static str;
    const WORKERS: Workers;
    /// The shared port first, then the upstreams' own ones.
    const LISTENERS: &'static [Listener];
    /// Indexed by [`UpstreamId`].
    const UPSTREAMS: &'static [UpstreamSpec];
    /// Indexed by [`Proxy::index`]. What log lines and metrics call a route.
    const ROUTES: &'static [RouteSpec];
    /// What belongs to no upstream.
    const OTHERWISE: Self::Route;
    /// Indexed by [`BreakerId`]: the names that answers and metrics use.
    const BREAKERS: &'static [&'static str];
    const OBSERVE: Observe;
    /// The uid that calls are made under.
    const USER: Option<u32> = None;
    /// What is redirected to the shared port.
    const INTERCEPT: Option<Intercept> = None;
    /// Calls to hosts that the policy does not know go there: their names are looked up.
    const PASSES: bool = true;
    /// The policy's text, plan and hashes as JSON: `--describe`, `/policy`.
    const POLICY: &'static [u8];

    /// What a connection is, before a byte of it has been read.
    fn accept(inbound: Inbound, directory: &impl Directory) -> Incoming<Self::Route> {
        let _ = (inbound, directory);
        Incoming::Http
    }

    /// Whose a connection to that port is whose TLS caller names its server, in lower case.
    fn named(name: &[u8], port: u16) -> Self::Route {
        let _ = (name, port);
        Self::OTHERWISE
    }

    /// What `CONNECT host:port` asks for; the host in lower case.
    fn connect(host: &[u8], port: u16) -> Incoming<Self::Route> {
        let _ = (host, port);
        Incoming::Tunnel(Self::OTHERWISE)
    }

    /// Connects a tunnel to where its route leads.
    fn tunnel<N: Net>(
        route: Self::Route,
        opening: &mut Opening<'_, N>,
    ) -> impl Future<Output = Result<N::Up, Failure>>;

    /// The route that a request belongs to.
    fn route(head: &RequestHead<'_>, inbound: Inbound) -> Self::Route;

    /// Where [`Proxy::ROUTES`] describes a route.
    fn index(route: Self::Route) -> usize;

    /// Carries one call through its route's pipeline.
    fn call<N: Net>(route: Self::Route, call: &mut Call<'_, N>)
    -> impl Future<Output = Outcome<N>>;
}

/// How many threads carry traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// One per core that the process may use.
    Auto,
    Exactly(usize),
}

/// A port that calls reach us on.
#[derive(Clone, Copy, Debug)]
pub struct Listener {
    pub address: SocketAddr,
    pub inbound: Inbound,
    /// The machine may not have addresses of this family.
    pub optional: bool,
}

impl Listener {
    /// The port for all upstreams: the name dialled decides.
    pub const fn shared(address: SocketAddr) -> Self {
        Self { address, inbound: Inbound::Shared, optional: false }
    }

    /// The shared port for redirected connections of the other address family; port 0 means the
    /// number that the shared port got.
    pub const fn twin(address: SocketAddr) -> Self {
        Self { address, inbound: Inbound::Shared, optional: true }
    }

    /// The own port of one upstream.
    pub const fn own(address: SocketAddr, upstream: UpstreamId) -> Self {
        Self { address, inbound: Inbound::Own(upstream), optional: false }
    }
}

/// How a call reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inbound {
    Shared,
    Own(UpstreamId),
    /// Redirected to the shared port; it wanted to go there.
    Redirected(SocketAddr),
}

impl Inbound {
    /// Can a call be meant for one of these ports? A redirected one names its port by dialling it;
    /// any other is meant for whom its `Host` names.
    pub fn dialled(self, ports: &[u16]) -> bool {
        match self {
            Self::Redirected(original) => ports.contains(&original.port()),
            Self::Shared | Self::Own(_) => true,
        }
    }
}

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<R> {
    /// Requests; the head of each says where it goes.
    Http,
    /// Bytes that nobody looks at.
    Tunnel(R),
    /// Bytes that begin with the name of a server (RFC 6066 §3); without one they are this route's.
    Tls { unnamed: R },
}

/// The addresses that upstreams have at the moment.
pub trait Directory {
    fn lists(&self, upstream: UpstreamId, address: SocketAddr) -> bool;
}

/// Index into [`Proxy::UPSTREAMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpstreamId(pub usize);

/// Index into [`Proxy::BREAKERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BreakerId(pub usize);

/// An upstream, as far as it is data.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamSpec {
    pub name: &'static str,
    pub address: Address,
    pub protocol: Protocol,
}

impl UpstreamSpec {
    /// Does it get bytes that nobody looks at?
    pub(crate) const fn is_opaque(&self) -> bool {
        matches!(self.protocol, Protocol::Tcp | Protocol::TlsPassthrough)
    }
}

/// What is spoken with an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
    Grpc,
    /// HTTP, in the version that the caller speaks.
    Auto,
    /// Bytes that nobody looks at.
    Tcp,
    /// The same; the name that TLS asks for says whom they are for.
    TlsPassthrough,
}

impl Protocol {
    /// As a policy writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::Grpc => "grpc",
            Self::Auto => "auto",
            Self::Tcp => "tcp",
            Self::TlsPassthrough => "tls-passthrough",
        }
    }
}

/// Where an upstream lives.
#[derive(Clone, Copy, Debug)]
pub enum Address {
    /// Looked up, and again whenever the answer's TTL ends.
    Dns {
        host: &'static str,
        port: u16,
    },
    Fixed(&'static [SocketAddr]),
}

impl Address {
    /// `host:port`, as a `Host` field has it.
    pub(crate) fn authority(&self) -> Box<str> {
        match self {
            Self::Dns { host, port } => format!("{host}:{port}").into(),
            Self::Fixed(addresses) => {
                addresses.first().map(ToString::to_string).unwrap_or_default().into()
            }
        }
    }
}

/// What log lines and metrics call a route.
#[derive(Clone, Copy, Debug)]
pub struct RouteSpec {
    /// Empty for `otherwise`.
    pub upstream: &'static str,
    /// The upstream's name again where no route matched.
    pub route: &'static str,
    /// The policy line: `order.amb:43`.
    pub site: &'static str,
}

/// `observe { … }`.
#[derive(Clone, Copy, Debug)]
pub struct Observe {
    pub metrics: bool,
    pub access_log: Option<AccessLog>,
    pub admin: Option<SocketAddr>,
}

/// Which calls are logged, and what never is.
#[derive(Clone, Copy, Debug)]
pub struct AccessLog {
    pub sample: Percent,
    /// Calls answered with other statuses are not logged.
    pub when: fn(u16) -> bool,
    /// Request fields that are written, lower case.
    pub headers: &'static [&'static str],
    /// Fields and query parameters whose values are never written, lower case.
    pub redact: &'static [&'static str],
}
