//! The proxy that generated ambassadors are linked with.
//!
//! ```text
//! lifecycle   start, signals, stop          proxy     what a policy is to the runtime
//!    │                                        │
//! worker ──▶ http1 ──▶ filter (one pipeline a route) ──▶ http1 ──▶ net ──▶ upstream
//!    │       http2                                       http2
//!    │         └────────▶ message (heads as offsets)      peer: either of them, on either side
//!    │         └────────▶ tunnel (bytes that nobody looks at: behind a `101`, or a whole connection)
//! observe     metrics, access log, admin
//! ```
//!
//! It reads no configuration: what the policy says is in the generated types.

pub mod clock;
mod confine;
mod discover;
mod exit;
mod failure;
pub mod filter;
mod grpc;
mod handover;
mod http1;
mod http2;
mod intercept;
mod lifecycle;
mod message;
mod net;
mod notices;
mod observe;
mod peer;
pub mod policy;
mod proxy;
pub mod random;
mod shared;
mod spec;
pub mod state;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod timer;
mod tunnel;
pub mod units;
mod upstream;
mod worker;

pub use lifecycle::run;

/// What generated code names.
pub mod prelude {
    pub use std::time::Duration;

    pub use crate::failure::Failure;
    pub use crate::filter::{
        Breaker, Call, CorrelationId, Fallback, Filter, Forward, Headers, Outcome, Pass, Reject,
        Respond, Retry, Rewrite, Timeout, Trace,
    };
    pub use crate::grpc::Grpc;
    pub use crate::message::{HeadEdit, Method, RequestHead};
    pub use crate::policy::{
        Backoff, BreakerPolicy, Cause, CorrelationPolicy, Guard, HeaderPolicy, ReplyPolicy,
        RetryAfter, RetryPolicy, RewritePolicy, TimeoutPolicy, Total, TunnelPolicy, Upstream,
    };
    pub use crate::proxy::{Directory, Incoming, Proxy};
    pub use crate::spec::{
        AccessLog, Address, BreakerId, Cidr, Inbound, Intercept, Listener, Observe, OnExit,
        Protocol, RouteSpec, Spec, UpstreamId, UpstreamSpec, Workers, cidr4, cidr6,
    };
    pub use crate::state::{breaker, budget};
    pub use crate::tunnel::{Opening, Through, Tunnel};
    pub use crate::units::{
        bytes, hours, kib, mib, millis, mins, per_million, percent, secs, v4, v6,
    };
    pub use crate::worker::Net;
}
