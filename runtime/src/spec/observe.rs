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

/// What log lines and metrics call a route.
#[derive(Clone, Copy, Debug)]
pub struct RouteSpec {
    /// Empty for `otherwise`.
    pub upstream: &'static str,
    /// The upstream's name again where no route matched.
    pub route: &'static str,
}
