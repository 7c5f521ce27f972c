//! What is told of calls, and what never is.

use std::net::SocketAddr;

use crate::units::Percent;

/// `observe { … }`.
#[derive(Clone, Copy, Debug)]
pub struct Observe {
    /// Whether calls are counted, and `/metrics` tells of them.
    pub metrics: bool,
    /// Which calls have a log line; `None`: none.
    pub access_log: Option<AccessLog>,
    /// Where `/metrics`, `/policy` and the like are served; `None`: nowhere.
    pub admin: Option<SocketAddr>,
}

/// Which calls are logged, and what never is.
#[derive(Clone, Copy, Debug)]
pub struct AccessLog {
    /// How many of the calls are logged, in parts per million.
    pub sample: Percent,
    /// Calls answered with other statuses are not logged.
    pub when: fn(u16) -> bool,
    /// Request fields that are written, lower case.
    pub headers: &'static [&'static str],
    /// Fields and query parameters whose values are never written, lower case.
    pub redact: &'static [&'static str],
}

/// A route, as far as it is data. Log lines and metrics use its names.
#[derive(Clone, Copy, Debug)]
pub struct RouteSpec {
    /// Empty for `otherwise`.
    pub upstream: &'static str,
    /// The upstream's name again where no route matched.
    pub route: &'static str,
    /// The breaker that its calls go by: its own, or that of its upstream.
    pub breaker: Option<&'static str>,
}

impl RouteSpec {
    /// A route whose calls no breaker holds back.
    pub const fn new(upstream: &'static str, route: &'static str) -> Self {
        Self { upstream, route, breaker: None }
    }

    /// The same with a breaker.
    pub const fn guarded_by(self, breaker: &'static str) -> Self {
        Self { breaker: Some(breaker), ..self }
    }
}
