//! What is known of a call when it has ended: the one source of metrics and log lines.

use std::time::Duration;

use crate::net::Ended;

/// A finished call.
#[derive(Clone, Debug)]
pub(crate) struct Report<'a> {
    /// Index into `Proxy::ROUTES`.
    pub(crate) route: usize,
    pub(crate) status: u16,
    pub(crate) source: Source,
    /// Tries that reached for the network.
    pub(crate) tries: u32,
    /// Why there was no further try; none if the call did not end in failure, or has no retry.
    pub(crate) refusal: Option<Refusal>,
    /// Why the last try failed, if it did: RFC 9209's error type where there is one.
    pub(crate) error: Option<&'static str>,
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
