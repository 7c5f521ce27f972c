//! Tries and calls that ended without an answer of the upstream.

mod error;

pub(crate) use error::ProxyError;

use std::io;
use std::time::Duration;

use crate::buffer::Broken;
use crate::grpc::Grpc;
use crate::net::{ConnectError, Target};
use crate::policy::Cause;

/// Why there is no answer, and whether the upstream may have acted on the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    pub(crate) kind: Kind,
    pub(crate) stage: Stage,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The upstream's name has no address yet.
    NoEndpoint,
    Refused,
    Unreachable,
    ConnectTimeout,
    /// The same, while the addresses of the name were waited for.
    LookupTimeout,
    /// The proxy has no descriptor, port or memory left to connect with.
    Want,
    /// A kept connection was closed before a byte was written.
    Stale,
    /// The upstream says that it has not looked at the request.
    RefusedStream,
    Reset,
    /// The upstream has reset the stream; what that means to a caller of gRPC.
    Aborted(Grpc),
    /// The response head is not HTTP.
    Malformed,
    TryTimeout,
    TotalTimeout,
    /// The same, but by the caller's own deadline, or most of the time was the caller's.
    OutOfTime,
    /// The caller has not sent the rest of its request, and the upstream has all that came.
    SlowCaller,
    BreakerOpen {
        breaker: &'static str,
        retry_in: Duration,
    },
    /// As many connections as the policy allows are open.
    ConnectionLimit,
    /// `otherwise reject`.
    UnknownHost,
    /// `otherwise pass`, and the name does not resolve.
    Unresolved,
    Loop,
    /// The caller's body breaks the rules of its framing.
    BadBody,
    /// The caller's head breaks the rules of the upstream's version.
    BadHead,
    /// What began as a ClientHello is none.
    BadHello,
    /// The caller has left.
    Cancelled,
}

/// How far the request had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The upstream has not seen it: safe to send again, whatever the method.
    Unsent,
    /// The upstream may have acted on it.
    Sent,
}

impl Failure {
    pub(crate) const fn unsent(kind: Kind) -> Self {
        Self { kind, stage: Stage::Unsent }
    }

    pub(crate) const fn sent(kind: Kind) -> Self {
        Self { kind, stage: Stage::Sent }
    }

    /// As policies name it; `None` if no try failed, or by the caller's own doing.
    pub(crate) const fn cause(self) -> Option<Cause> {
        match self.kind {
            Kind::NoEndpoint | Kind::Refused | Kind::Unreachable | Kind::ConnectTimeout => {
                Some(Cause::ConnectFailure)
            }
            Kind::Stale | Kind::RefusedStream => Some(Cause::RefusedStream),
            Kind::Reset | Kind::Aborted(_) | Kind::Malformed => Some(Cause::Reset),
            Kind::TryTimeout | Kind::TotalTimeout | Kind::OutOfTime => Some(Cause::Timeout),
            _ => None,
        }
    }

    /// What of it the upstream is to blame for.
    pub(crate) const fn blame(self) -> Option<Cause> {
        match self.kind {
            Kind::OutOfTime => None,
            _ => self.cause(),
        }
    }

    /// The status of the answer that we give instead.
    pub(crate) const fn status(self) -> u16 {
        match self.kind {
            Kind::BadBody | Kind::BadHead | Kind::BadHello => 400,
            Kind::UnknownHost => 404,
            Kind::SlowCaller => 408,
            Kind::Refused
            | Kind::Unreachable
            | Kind::ConnectTimeout
            | Kind::LookupTimeout
            | Kind::Stale
            | Kind::Reset
            | Kind::Aborted(_)
            | Kind::Malformed
            | Kind::Unresolved => 502,
            Kind::NoEndpoint
            | Kind::RefusedStream
            | Kind::BreakerOpen { .. }
            | Kind::Want
            | Kind::ConnectionLimit => 503,
            Kind::TryTimeout | Kind::TotalTimeout | Kind::OutOfTime => 504,
            Kind::Loop => 508,
            Kind::Cancelled => 499,
        }
    }

    /// What a caller of gRPC gets instead. To its library `unavailable` is a word to send the call again: it
    /// hears that only where the upstream cannot have acted on it.
    pub(crate) const fn grpc(self) -> Grpc {
        match (self.kind, self.stage) {
            (Kind::Aborted(code), _) => code,
            (Kind::Stale | Kind::Reset | Kind::Malformed, Stage::Sent) => Grpc::Internal,
            _ => Grpc::of_http(self.status()),
        }
    }

    /// The proxy error type of RFC 9209 §2.3.
    pub(crate) const fn error(self) -> ProxyError {
        match self.kind {
            Kind::NoEndpoint | Kind::Unresolved => ProxyError::Dns,
            Kind::Refused => ProxyError::ConnectionRefused,
            Kind::Unreachable => ProxyError::DestinationIpUnroutable,
            Kind::ConnectTimeout => ProxyError::ConnectionTimeout,
            Kind::LookupTimeout => ProxyError::DnsTimeout,
            Kind::Want => ProxyError::ProxyInternal,
            // The breaker's word is its own: who reads it shall not have to guess.
            Kind::Stale | Kind::Reset | Kind::Aborted(_) | Kind::RefusedStream => {
                ProxyError::ConnectionTerminated
            }
            Kind::Malformed => ProxyError::HttpProtocol,
            Kind::TryTimeout | Kind::TotalTimeout | Kind::OutOfTime => {
                ProxyError::HttpResponseTimeout
            }
            Kind::BreakerOpen { .. } => ProxyError::DestinationUnavailable,
            Kind::ConnectionLimit => ProxyError::ConnectionLimitReached,
            Kind::UnknownHost => ProxyError::DestinationNotFound,
            Kind::Loop => ProxyError::ProxyLoopDetected,
            Kind::BadBody | Kind::BadHead | Kind::SlowCaller => ProxyError::HttpRequest,
            Kind::BadHello => ProxyError::TlsProtocol,
            Kind::Cancelled => ProxyError::ClientClosed,
        }
    }

    /// Is there still somebody to answer?
    pub(crate) const fn has_answer(self) -> bool {
        !matches!(self.kind, Kind::Cancelled)
    }

    /// A status that `fallback` may stand in for.
    pub(crate) const fn is_ours(self) -> bool {
        matches!(self.status(), 502..=504)
    }
}

impl Kind {
    /// There was no connection in time.
    pub(crate) fn connect_timeout(to: Target<'_>) -> Self {
        if to.is_unresolved() { Self::LookupTimeout } else { Self::ConnectTimeout }
    }
}

impl From<ConnectError> for Kind {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Unresolved(_) => Self::Unresolved,
            ConnectError::Loop => Self::Loop,
            ConnectError::Want(_) => Self::Want,
            ConnectError::Io(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => Self::Refused,
                io::ErrorKind::TimedOut => Self::ConnectTimeout,
                _ => Self::Unreachable,
            },
        }
    }
}

impl From<Broken> for Kind {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Malformed => Self::BadBody,
            Broken::Gone => Self::Cancelled,
        }
    }
}
