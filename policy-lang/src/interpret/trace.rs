//! What happened, as data and as lines (the format is in the module above).

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

use crate::plan::GrpcCode;

/// Everything that happened in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// In order.
    pub events: Vec<Event>,
    /// In the order of the scenario's requests.
    pub calls: Vec<CallRecord>,
    /// By name: the upstream's, or `UPSTREAM/ROUTE` for a route's own.
    pub breakers: BTreeMap<String, State>,
    /// Requests that each upstream read.
    pub requests: BTreeMap<String, u64>,
}

/// How one call went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallRecord {
    pub upstream: String,
    /// `None`: no route matched.
    pub route: Option<String>,
    /// Of HTTP.
    pub status: u16,
    pub grpc: Option<GrpcCode>,
    pub source: Option<Source>,
    /// Tries that reached for the network.
    pub attempts: u32,
    pub elapsed: Duration,
    /// Why there was no other try.
    pub refusal: Option<Refusal>,
    /// Of the last try, as the upstream got it; names in lower case.
    pub request: Vec<(String, String)>,
    /// As the caller got it; names in lower case.
    pub response: Vec<(String, String)>,
}

impl CallRecord {
    /// What the answer says of itself.
    pub fn said(&self) -> Status {
        self.grpc.map_or(Status::Http(self.status), Status::Grpc)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub at: Duration,
    pub what: What,
}

/// Calls and tries are numbered from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Started { call: usize, method: String, host: String, target: String },
    Routed { call: usize, upstream: String, route: Option<String> },
    TryStarted { call: usize, attempt: u32, upstream: String },
    Field { call: usize, attempt: u32, name: String, value: String },
    TryEnded { call: usize, attempt: u32, upstream: String, outcome: Outcome },
    Waits { call: usize, wait: Duration },
    Refused { call: usize, refusal: Refusal },
    Breaker { name: String, transition: Transition },
    Ended { call: usize, status: Status, source: Source, elapsed: Duration },
}

/// The status that an answer states: gRPC's own, or else that of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Http(u16),
    Grpc(GrpcCode),
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Status(u16),
    Grpc(GrpcCode),
    ConnectFailure,
    Reset,
    Timeout,
    /// No outcome of the upstream's: the caller did not complete its request.
    SlowCaller,
    /// No more than that one: the proxy had nothing left to connect with.
    Want,
}

/// Why a try is not followed by another, or not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    NotListed,
    Unsafe,
    Body,
    Pushback,
    Attempts,
    Deadline,
    Budget,
    Breaker,
}

/// Whose answer the caller got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Upstream,
    /// Ours, because there was none.
    Proxy,
    /// `respond` or `fallback`.
    Policy,
    /// Nobody's: the caller had left.
    None,
}

/// A change of a breaker's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    Open(Duration),
    HalfOpen,
    Closed,
}

/// A breaker's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Closed,
    Open,
    HalfOpen,
}

impl Outcome {
    /// Is it a response that no policy would repeat?
    pub(super) const fn is_fine(self) -> bool {
        match self {
            Self::Status(status) => status < 400,
            Self::Grpc(code) => matches!(code, GrpcCode::Ok),
            _ => false,
        }
    }

    /// Is there a response that the caller could have?
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Status(_) | Self::Grpc(_))
    }
}

impl Display for Trace {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.events.iter().try_for_each(|event| writeln!(f, "{event}"))
    }
}

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}ms {}", self.at.as_millis(), self.what)
    }
}

impl Display for What {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Started { call, method, host, target } => {
                write!(f, "call {call} starts {method} {host} {target}")
            }
            Self::Routed { call, upstream, route: Some(route) } => {
                write!(f, "call {call} route {upstream}/{route}")
            }
            Self::Routed { call, upstream, route: None } => {
                write!(f, "call {call} route {upstream}")
            }
            Self::TryStarted { call, attempt, upstream } => {
                write!(f, "call {call} try {attempt} {upstream}")
            }
            Self::Field { call, attempt, name, value } => {
                write!(f, "call {call} try {attempt} field {name}: {value}")
            }
            Self::TryEnded { call, attempt, upstream, outcome } => {
                write!(f, "call {call} try {attempt} {upstream} -> {outcome}")
            }
            Self::Waits { call, wait } => write!(f, "call {call} wait {}ms", wait.as_millis()),
            Self::Refused { call, refusal } => write!(f, "call {call} refused {refusal}"),
            Self::Breaker { name, transition } => write!(f, "breaker {name} {transition}"),
            Self::Ended { call, status, source, elapsed } => {
                write!(f, "call {call} ends {status} {source} elapsed {}ms", elapsed.as_millis())
            }
        }
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Grpc(code) => code.fmt(f),
            Self::ConnectFailure => f.write_str("connect-failure"),
            Self::Reset => f.write_str("reset"),
            Self::Timeout => f.write_str("timeout"),
            Self::SlowCaller => f.write_str("slow-caller"),
            Self::Want => f.write_str("want"),
        }
    }
}

impl Display for Status {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Http(status) => write!(f, "{status}"),
            Self::Grpc(code) => code.fmt(f),
        }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::NotListed => "not-listed",
            Self::Unsafe => "unsafe",
            Self::Body => "body",
            Self::Pushback => "pushback",
            Self::Attempts => "attempts",
            Self::Deadline => "deadline",
            Self::Budget => "budget",
            Self::Breaker => "breaker",
        })
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Upstream => "upstream",
            Self::Proxy => "proxy",
            Self::Policy => "policy",
            Self::None => "none",
        })
    }
}

impl Display for Transition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Open(time) => write!(f, "open {}ms", time.as_millis()),
            Self::HalfOpen => f.write_str("half-open"),
            Self::Closed => f.write_str("closed"),
        }
    }
}

impl Display for State {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        })
    }
}
