//! The checked policy: complete and typed, with every default filled in.
//!
//! Everything after the checker works on a [`Plan`] alone: the generator, the
//! reference interpreter, `amb plan`, `amb explain` and `amb diff`. A field that
//! a policy may omit has its default here; an `Option` means
//! that the filter does not exist on that route. Every value says where it came
//! from ([`Origin`]).

mod block;
pub mod derived;
pub mod display;
mod fields;
mod grpc;
mod intercept;
mod origin;
mod settings;
mod test;

pub use block::{Block, Mark, Whose};
pub use fields::{Setting, SettingValue, setting_path};
pub use grpc::{GRPC_CODES, GrpcCode};
pub use intercept::{Cidr, Except, Intercept, OnExit, PortRange};
pub use origin::{Layer, Origin, Overlay, Place, SourceFile, Sourced};
pub use settings::{
    Backoff, BackoffKind, Breaker, BreakerScope, Budget, Cause, CodeRange, HeaderEdit, HeaderOp,
    HeaderValue, NonIdempotent, OpenFor, Reply, Retry, RetryAfter, Settings, Timeout, Total,
    TripRule,
};
pub use test::{
    Expect, ExpectValue, Given, Operator, ScriptedReply, ScriptedStep, Subject, Test, TestRequest,
};

use std::net::SocketAddr;
use std::time::Duration;

/// A whole deployment: who we are, whom we call, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Every file read, the deployment's own first, then imports in order.
    pub sources: Vec<SourceFile>,
    pub service: Service,
    /// The shared port for explicit and redirected traffic.
    pub listen: Sourced<SocketAddr>,
    /// `None`: nothing is redirected, callers dial the proxy.
    pub intercept: Option<Intercept>,
    pub observe: Observe,
    /// In file order, imported upstreams first.
    pub upstreams: Vec<Upstream>,
    pub otherwise: Sourced<Otherwise>,
    /// All blocks with settings of calls: the language's, then from the outside in.
    pub blocks: Vec<Block>,
    /// The demands that the plan meets; kept so that plans can be compared.
    pub guardrails: Guardrails,
    pub tests: Vec<Test>,
}

/// The demands that the plan was compared with, and the exemptions from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guardrails {
    pub requires: Vec<Sourced<Require>>,
    pub exemptions: Vec<Sourced<Exemption>>,
}

/// `exempt PATH for NAME at "HOST:PORT", … until "YYYY-MM-DD"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    pub path: String,
    pub freed: Vec<Freed>,
    /// The last day, as written.
    pub until: String,
}

/// An upstream at one of its addresses: what a service calls so elsewhere is another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Freed {
    pub upstream: String,
    /// As [`Address::places`] has it.
    pub place: String,
}

/// `require PATH OPERATOR VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Require {
    pub path: String,
    pub operator: String,
    /// As written; empty for `exists`.
    pub value: String,
    /// The limit that `value` is, in the smallest unit of its kind.
    pub bound: Option<u128>,
    /// The words in `value`.
    pub words: Vec<String>,
}

impl Require {
    /// Do both compare the same thing in the same way?
    pub fn is_about(&self, other: &Self) -> bool {
        (&self.path, &self.operator) == (&other.path, &other.operator)
    }
}

/// `service NAME`.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Kebab-case, a DNS label.
    pub name: String,
    pub docs: Vec<String>,
    pub place: Place,
    pub workers: Sourced<Workers>,
    /// The uid that calls are made under; `None`: the one that the proxy is started with.
    pub user: Option<Sourced<u32>>,
    /// The baseline that applies, with the place of its block.
    pub baseline: Option<Sourced<String>>,
}

/// How many threads carry traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// One per core the process may run on.
    Auto,
    Exactly(u32),
}

/// `observe { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Observe {
    pub metrics: Option<Sourced<()>>,
    pub access_log: Option<AccessLog>,
    /// Present if it is written, or if `metrics` is, which are served there.
    pub admin: Option<Sourced<SocketAddr>>,
}

/// `access-log json { … }`: one JSON object a line on standard output.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessLog {
    pub place: Place,
    /// Share of the matching calls that are written.
    pub sample: Sourced<Percent>,
    /// Only calls answered with one of these statuses; empty: all.
    pub when_status: Option<Sourced<Vec<CodeRange>>>,
    /// Request header fields to write, lower case.
    pub headers: Sourced<Vec<String>>,
    /// Header fields and query parameters whose values are never written, lower case.
    pub redact: Sourced<Vec<String>>,
}

/// What happens to a call that belongs to no upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    Pass,
    Reject,
}

/// `upstream NAME { … }`: one service that we call.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    pub name: String,
    pub docs: Vec<String>,
    pub place: Place,
    pub address: Sourced<Address>,
    /// The names the application may dial it by; the address's own host is always the first.
    pub hosts: Vec<Sourced<HostPattern>>,
    /// An own local port.
    pub listen: Option<Sourced<SocketAddr>>,
    pub protocol: Sourced<Protocol>,
    pub balance: Sourced<Balance>,
    /// Connections open at once, of all workers.
    pub connections: Option<Sourced<u32>>,
    /// For the calls that no route matches.
    pub settings: Settings,
    pub routes: Vec<Route>,
}

/// Where an upstream lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Looked up at run time, again whenever the answer's TTL ends.
    Dns { host: String, port: u16 },
    /// `addresses`, or an `address` that is an IP literal.
    Fixed(Vec<SocketAddr>),
}

/// A name as it may stand in `Host`, lower case, without a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostPattern {
    Exact(String),
    /// `*.example.com` is kept as `.example.com`; matches one or more labels in front.
    Suffix(String),
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
    /// The same; the server name in the TLS ClientHello says which upstream gets them.
    TlsPassthrough,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    RoundRobin,
}

/// `route NAME { … }`: some of the calls of one upstream.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    pub name: String,
    pub docs: Vec<String>,
    pub place: Place,
    /// The lines are alternatives. Never empty.
    pub matches: Vec<Match>,
    pub action: Action,
    pub settings: Settings,
}

/// One `match` line: all its terms must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    pub place: Place,
    /// Empty: any method.
    pub methods: Vec<Method>,
    /// `None`: any path.
    pub path: Option<PathPattern>,
    pub headers: Vec<HeaderTerm>,
    /// Written `match grpc "pkg.Service/Method"`: method and path are those of that call.
    pub grpc: bool,
}

/// `header("x-cohort") == "beta"`: any one field line of that name has exactly this value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeaderTerm {
    /// Lower case.
    pub name: String,
    pub value: String,
}

/// `/v1/stock/{sku}`, `/static/**`. Compared with the path of the request target,
/// without the query, segment by segment, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPattern {
    pub segments: Vec<Segment>,
    /// The pattern ends in `**`: any number of further segments, none included.
    pub rest: bool,
}

/// One part of a path between slashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    Literal(String),
    /// Exactly one segment, not empty.
    Capture(String),
}

/// A method as written: the registered ones of RFC 9110 §9.3 and PATCH, or another token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    Get,
    Head,
    Options,
    Trace,
    Put,
    Delete,
    Post,
    Patch,
    Connect,
    Other(String),
}

impl Method {
    /// It asks for nothing but an answer (RFC 9110 §9.2.1).
    pub(crate) const fn is_safe(&self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options | Self::Trace)
    }
}

/// What a route does with a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Forward to the enclosing upstream.
    Forward { rewrite: Option<Sourced<Rewrite>> },
    /// Answer without touching the network.
    Respond(Sourced<Reply>),
}

/// `rewrite path /v2/stock/{sku}` and `rewrite host "x"`: what the upstream sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// Captures are those of every `match` line of the route. The query is kept.
    pub path: Option<PathPattern>,
    pub host: Option<String>,
}

/// Parts per million, so that `0.1%` is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub u32);

/// A count per time: `200/s`, `6000/m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub count: u32,
    pub per: Duration,
}

impl Protocol {
    /// Does the proxy carry its bytes without looking at them? Then settings about requests do not
    /// apply.
    pub const fn is_opaque(self) -> bool {
        matches!(self, Self::Tcp | Self::TlsPassthrough)
    }
}

impl Address {
    /// Each place that it stands for, `host:port`: equal texts are one place.
    pub fn places(&self) -> Vec<String> {
        match self {
            Self::Dns { host, port } => vec![format!("{host}:{port}")],
            Self::Fixed(addresses) => addresses.iter().map(SocketAddr::to_string).collect(),
        }
    }

    /// The ports that it is dialled at: ascending, none twice.
    pub fn ports(&self) -> Vec<u16> {
        let mut ports: Vec<u16> = match self {
            Self::Dns { port, .. } => vec![*port],
            Self::Fixed(addresses) => addresses.iter().map(SocketAddr::port).collect(),
        };
        ports.sort_unstable();
        ports.dedup();
        ports
    }
}

impl Percent {
    pub const fn parts_per_million(self) -> u32 {
        self.0
    }
}
