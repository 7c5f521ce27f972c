//! What is known of a call when it has ended: the one source of metrics and log lines.

use std::net::SocketAddr;
use std::time::Duration;

use super::event::Ended;
use crate::failure::{Failure, Kind, ProxyError};
use crate::grpc::Grpc;

/// A finished call.
#[derive(Clone, Debug)]
pub(crate) struct Report<'a> {
    /// Index into `Spec::ROUTES`.
    pub(crate) route: usize,
    /// Of HTTP; behind it gRPC may say something else.
    pub(crate) status: u16,
    /// What gRPC says of the answer.
    pub(crate) grpc: Option<Grpc>,
    pub(crate) source: Source,
    /// Tries that were let begin, whether they came to the network or not.
    pub(crate) tries: u32,
    /// Why there was no further try; none if the call did not end in failure, or has no retry.
    pub(crate) refusal: Option<Refusal>,
    /// Why the last try failed, if it did: RFC 9209's error type where there is one.
    pub(crate) error: Option<ProxyError>,
    /// From the complete request head to the end of the answer.
    pub(crate) duration: Duration,
    /// Body bytes from the caller, as on the wire.
    pub(crate) received: u64,
    /// Body bytes to the caller, as on the wire.
    pub(crate) sent: u64,
    /// These bytes were counted while they flowed: it was a tunnel.
    pub(crate) counted: bool,
    pub(crate) caller: Caller<'a>,
}

impl Report<'_> {
    /// The part of it that networks may record.
    pub(crate) fn ended(&self) -> Ended {
        let (route, source) = (self.route, self.source.label());
        Ended { route, source, refusal: self.refusal.map(Refusal::label) }
    }
}

/// What the log says of the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) request: crate::message::RequestHead<'a>,
    /// Empty without `correlation-id`.
    pub(crate) correlation_id: &'a [u8],
    /// 32 hexadecimal digits; empty without `trace`.
    pub(crate) trace_id: &'a [u8],
}

/// Who wrote the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Upstream,
    /// An error answer of the proxy.
    Proxy,
    /// `fallback` or `respond`.
    Policy,
    /// Nobody: the caller left before.
    None,
}

/// Why a failed try was the last one; in the order in which the reasons are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotListed,
    Unsafe,
    Body,
    Pushback,
    Attempts,
    Deadline,
    Budget,
    Breaker,
}

impl Refusal {
    pub(crate) const ALL: [Self; 8] = [
        Self::NotListed,
        Self::Unsafe,
        Self::Body,
        Self::Pushback,
        Self::Attempts,
        Self::Deadline,
        Self::Budget,
        Self::Breaker,
    ];

    /// The label in metrics and logs.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::NotListed => "not-listed",
            Self::Unsafe => "unsafe",
            Self::Body => "body",
            Self::Pushback => "pushback",
            Self::Attempts => "attempts",
            Self::Deadline => "deadline",
            Self::Budget => "budget",
            Self::Breaker => "breaker",
        }
    }
}

impl Source {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Proxy => "proxy",
            Self::Policy => "policy",
            Self::None => "none",
        }
    }
}

/// A finished connection of bytes that nobody looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TunnelReport<'a> {
    /// Index into `Spec::ROUTES`.
    pub(crate) route: usize,
    /// As if it had been asked for by `CONNECT`.
    pub(crate) status: u16,
    /// Connects.
    pub(crate) tries: u32,
    pub(crate) error: Option<ProxyError>,
    /// From the accepted connection to its end.
    pub(crate) duration: Duration,
    pub(crate) received: u64,
    pub(crate) sent: u64,
    /// Where it wanted to go, if it was redirected.
    pub(crate) destination: Option<SocketAddr>,
    /// The server that its TLS caller named; may be empty.
    pub(crate) name: &'a [u8],
}

/// Why a tunnel is no more, or never was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Both sides have said that they are done.
    Done,
    /// Nobody said anything for too long.
    Idle,
    /// The caller's connection broke.
    Caller,
    /// The upstream's connection broke.
    Upstream,
    /// There was no connection to the upstream.
    Connect,
    Breaker,
    Limit,
    /// `otherwise reject`.
    Rejected,
    Loop,
    Malformed,
}

impl Ending {
    pub(crate) const ALL: [Self; 10] = [
        Self::Done,
        Self::Idle,
        Self::Caller,
        Self::Upstream,
        Self::Connect,
        Self::Breaker,
        Self::Limit,
        Self::Rejected,
        Self::Loop,
        Self::Malformed,
    ];

    /// Of a tunnel that never was.
    pub(crate) const fn of(failure: Failure) -> Self {
        match failure.kind {
            Kind::BreakerOpen { .. } => Self::Breaker,
            Kind::ConnectionLimit => Self::Limit,
            Kind::UnknownHost => Self::Rejected,
            Kind::Loop => Self::Loop,
            Kind::BadHello => Self::Malformed,
            Kind::Cancelled => Self::Caller,
            _ => Self::Connect,
        }
    }

    /// The label in metrics.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Idle => "idle",
            Self::Caller => "caller",
            Self::Upstream => "upstream",
            Self::Connect => "connect",
            Self::Breaker => "breaker",
            Self::Limit => "limit",
            Self::Rejected => "rejected",
            Self::Loop => "loop",
            Self::Malformed => "malformed",
        }
    }

    /// What went wrong with a tunnel that was open: RFC 9209 §2.3, or `client_closed`.
    pub(crate) const fn error(self) -> Option<ProxyError> {
        match self {
            Self::Idle => Some(ProxyError::ConnectionReadTimeout),
            Self::Caller => Some(ProxyError::ClientClosed),
            Self::Upstream => Some(ProxyError::ConnectionTerminated),
            _ => None,
        }
    }
}
