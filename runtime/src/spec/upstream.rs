//! Upstreams, as far as they are data.

use std::net::SocketAddr;

use super::Spec;

/// Index into [`Spec::UPSTREAMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpstreamId(pub usize);

impl UpstreamId {
    /// The upstream of that name, for constants.
    pub const fn of<S: Spec>(name: &str) -> Self {
        let mut left = S::UPSTREAMS;
        while let [first, rest @ ..] = left {
            if is_same(first.name, name) {
                return Self(S::UPSTREAMS.len() - left.len());
            }
            left = rest;
        }
        unknown()
    }
}

/// `==` of `str`, which constants cannot use yet.
pub(super) const fn is_same(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while let ([first, rest @ ..], [second, others @ ..]) = (one, other) {
        if *first != *second {
            return false;
        }
        (one, other) = (rest, others);
    }
    one.is_empty() && other.is_empty()
}

#[expect(clippy::panic, reason = "it is an error of the build: names become numbers in constants")]
pub(super) const fn unknown() -> ! {
    panic!("the policy lists nothing of that name")
}

/// An upstream, as far as it is data.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamSpec {
    /// As the policy calls it; log lines and metrics do as well.
    pub name: &'static str,
    /// Where it lives.
    pub address: Address,
    /// What is spoken with it.
    pub protocol: Protocol,
    /// A port of its own: whatever comes in there is for it.
    pub listen: Option<SocketAddr>,
}

impl UpstreamSpec {
    /// An upstream that speaks HTTP/1.1 and has no port of its own.
    pub const fn new(name: &'static str, address: Address) -> Self {
        Self { name, address, protocol: Protocol::Http1, listen: None }
    }

    /// The same with another protocol.
    pub const fn speaking(self, protocol: Protocol) -> Self {
        Self { protocol, ..self }
    }

    /// The same with a port of its own.
    pub const fn listening(self, address: SocketAddr) -> Self {
        Self { listen: Some(address), ..self }
    }

    /// Does it get bytes that nobody looks at?
    pub(crate) const fn is_opaque(&self) -> bool {
        matches!(self.protocol, Protocol::Tcp | Protocol::TlsPassthrough)
    }
}

/// What is spoken with an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS, from its first byte on.
    Http2,
    /// gRPC, which is HTTP/2 with rules of its own.
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
    Dns { host: &'static str, port: u16 },
    /// Addresses that the policy has; nothing is looked up.
    Fixed(&'static [SocketAddr]),
}

impl Address {
    /// A name, and the port there.
    pub const fn dns(host: &'static str, port: u16) -> Self {
        Self::Dns { host, port }
    }

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

/// The addresses that upstreams have at the moment.
pub trait Directory {
    /// Is that address one of the upstream's?
    fn lists(&self, upstream: UpstreamId, address: SocketAddr) -> bool;
}
