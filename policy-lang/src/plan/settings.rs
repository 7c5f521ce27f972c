//! The effective policy of one route, or of the calls of an upstream that no route matches.

use std::time::Duration;

use super::{GrpcCode, Method, Overlay, Percent, Place, Rate, Sourced};

/// Every policy in force. `None`: that filter is not there.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub timeout: Timeout,
    pub retry: Option<Retry>,
    pub breaker: Option<Breaker>,
    /// In the order in which they run; the baseline's come last.
    pub request_headers: Vec<Sourced<HeaderEdit>>,
    pub response_headers: Vec<Sourced<HeaderEdit>>,
    /// The field's name, lower case.
    pub correlation_id: Option<Sourced<String>>,
    pub trace: Option<Sourced<()>>,
    /// Given to the caller in place of the proxy's own 502, 503 or 504.
    pub fallback: Option<Sourced<Reply>>,
    /// The groups that the policy switches off, by the names that [`Setting::group`](super::Setting) has.
    pub off: Vec<Sourced<&'static str>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Timeout {
    /// From the outside in.
    pub overlays: Vec<Overlay>,
    /// From the complete request head to the end of the answer; covers back-offs.
    pub total: Sourced<Total>,
    /// One try, to the complete response head.
    pub per_try: Option<Sourced<Duration>>,
    pub connect: Sourced<Duration>,
    /// The longest time without a byte in either direction while a body is on its way.
    pub idle: Sourced<Duration>,
}

impl Timeout {
    /// What calls of no upstream have: the defaults of the language.
    pub const CONNECT: Duration = Duration::from_secs(3);
    pub const IDLE: Duration = Duration::from_secs(5 * 60);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    Fixed(Duration),
    /// `deadline max D`: the caller's `grpc-timeout` or `x-request-timeout` shortens it.
    Deadline {
        max: Duration,
    },
    /// `off`: calls that stream have no end of their own; `idle` bounds the silence in them.
    Off,
}

impl Total {
    /// The longest a call can take; the greatest of all durations if nothing bounds it.
    pub const fn limit(self) -> Duration {
        match self {
            Self::Fixed(limit) | Self::Deadline { max: limit } => limit,
            Self::Off => Duration::MAX,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    pub place: Place,
    pub docs: Vec<String>,
    /// From the outside in.
    pub overlays: Vec<Overlay>,
    /// Tries, the first included; 1 to 10.
    pub attempts: Sourced<u32>,
    pub on: Sourced<Vec<Cause>>,
    /// Methods of which a try may be repeated even if the upstream may have processed it.
    pub methods: Sourced<Vec<Method>>,
    pub non_idempotent: Sourced<NonIdempotent>,
    pub backoff: Sourced<Backoff>,
    pub retry_after: Sourced<RetryAfter>,
    pub budget: Sourced<Budget>,
    /// Bytes of request body kept for another try.
    pub buffer: Sourced<u64>,
}

/// Why a try failed, as far as policies can name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Refused, unreachable, timed out while connecting, TLS failed.
    ConnectFailure,
    /// The connection ended before a complete response head.
    Reset,
    /// The try took longer than `per-try` (or the whole call than `total`).
    Timeout,
    /// HTTP/2 REFUSED_STREAM, or a pooled connection closed before a byte was written.
    RefusedStream,
    Status(CodeRange),
    /// The status of gRPC itself.
    Grpc(GrpcCode),
}

/// Status codes, both ends included; `5xx` is 500..=599.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeRange {
    pub first: u16,
    pub last: u16,
}

impl CodeRange {
    pub const fn contains(self, status: u16) -> bool {
        self.first <= status && status <= self.last
    }
}

/// May a call be repeated whose method is not in `methods`?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NonIdempotent {
    Never,
    /// When the request carries this field; lower case.
    WhenHeader(String),
    Always {
        because: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    pub kind: BackoffKind,
    pub base: Duration,
    pub cap: Duration,
}

/// The window after the k-th failed try is w = min(cap, base · 2^k).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackoffKind {
    /// Uniform on [0, w].
    FullJitter,
    /// w/2 + uniform on [0, w/2].
    EqualJitter,
    /// Always `base`; the cap equals the base.
    Fixed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    Ignore,
    /// The drawn wait is added to what the upstream asks for; a longer demand ends the tries.
    Honour {
        up_to: Duration,
    },
}

/// Over a sliding 10 s: retries ≤ ratio · calls + floor · window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    pub ratio: Percent,
    pub floor: Rate,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    pub place: Place,
    pub docs: Vec<String>,
    /// From the outside in.
    pub overlays: Vec<Overlay>,
    /// The breaker trips when any of them holds. Never empty.
    pub rules: Vec<Sourced<TripRule>>,
    pub open_for: Sourced<OpenFor>,
    /// Calls in flight while half-open, and successes needed to close.
    pub probes: Sourced<u32>,
    pub scope: BreakerScope,
    /// What counts as a failure.
    pub counts: Sourced<Vec<Cause>>,
}

/// Who shares the state: routes that inherit a breaker share the upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerScope {
    Upstream,
    Route,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TripRule {
    Failures {
        count: u32,
        within: Duration,
    },
    ConsecutiveFailures {
        count: u32,
    },
    FailureRate {
        ratio: Percent,
        samples: u32,
        within: Duration,
    },
    /// Share of calls slower than `threshold`, on at least `samples` within `within`.
    Slow {
        threshold: Duration,
        ratio: Percent,
        samples: u32,
        within: Duration,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenFor {
    Fixed(Duration),
    /// Doubles with every failed probe, from `first` to `last`; ±10 % jitter.
    Doubling {
        first: Duration,
        last: Duration,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderEdit {
    pub op: HeaderOp,
    /// Lower case.
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderOp {
    /// Replaces every line of that name.
    Set(HeaderValue),
    /// One more line.
    Add(HeaderValue),
    /// Only if there is none.
    Default(HeaderValue),
    Remove,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderValue {
    Text(String),
    /// `request.id`: the correlation id of the call.
    RequestId,
    UpstreamName,
    ServiceName,
    /// `header("x")`: the request's field; without one, the edit does nothing.
    Header(String),
}

/// An answer of our own: `respond`, `fallback`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// Name (lower case) and value.
    pub headers: Vec<(String, String)>,
    pub body: String,
}
