//! The proxy that generated ambassadors are linked with.
//!
//! A room imports only from rooms that stand below it:
//!
//! ```text
//! lifecycle                                   start, signals, stop
//! accept                                      one worker's loop
//! serve                                       the callers' side of a connection: http1, http2, opaque
//! proxy     filter                            what generated code does; one pipeline for each route
//! call                                        one call: its tries, the exchange, the delivery
//! relay     admin                             both directions of opaque bytes; pages for operators
//! worker                                      what a thread has; what all threads share
//! upstream                                    endpoints, and the connections that lead there
//! wire      observe                           heads and bodies of HTTP/1.1 and HTTP/2; counters, log, events
//! failure                                     what can go wrong
//! buffer    intercept   confine               blocks of bytes; the kernel's redirection; powers given up
//! net       policy                            sockets; what policies are written in
//! discover  state                             names to addresses; breakers and budgets
//! spec      grpc      timer                   constants of a policy; what gRPC adds; deadlines
//! message                                     heads as offsets
//! clock  random  sync  units  notices  exit
//! ```
//!
//! It reads no configuration: what the policy says is in the generated types.

mod accept;
mod admin;
mod buffer;
mod call;
pub mod clock;
mod confine;
mod discover;
mod exit;
mod failure;
mod filter;
mod grpc;
mod intercept;
mod lifecycle;
mod message;
mod net;
mod notices;
mod observe;
pub mod policy;
mod proxy;
pub mod random;
mod relay;
mod serve;
mod spec;
pub mod state;
mod sync;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod timer;
pub mod units;
mod upstream;
mod wire;
mod worker;

pub use lifecycle::run;

/// What generated code names.
pub mod prelude {
    pub use std::time::Duration;

    pub use crate::call::{Call, Opening, Outcome};
    pub use crate::failure::Failure;
    pub use crate::filter::{
        Breaker, CorrelationId, Fallback, Filter, Forward, Headers, Pass, Reject, Respond, Retry,
        Rewrite, Through, Timeout, Trace, Tunnel,
    };
    pub use crate::grpc::Grpc;
    pub use crate::message::{HeadEdit, Method, RequestHead};
    pub use crate::policy::{
        Backoff, BreakerPolicy, Cause, CorrelationPolicy, GrpcLanguage, Guard, HeaderPolicy,
        Language, ReplyPolicy, RetryAfter, RetryPolicy, RewritePolicy, TimeoutPolicy, Total,
        TunnelPolicy, Upstream,
    };
    pub use crate::proxy::{Incoming, Proxy};
    pub use crate::spec::{
        AccessLog, Address, BreakerId, Cidr, Directory, Inbound, Intercept, Observe, OnExit,
        Protocol, RouteSpec, Spec, UpstreamId, UpstreamSpec, Workers, cidr4, cidr6,
    };
    pub use crate::state::breaker::{OpenFor, Trip};
    pub use crate::state::budget;
    pub use crate::units::{
        bytes, hours, kib, mib, millis, mins, per_million, percent, secs, v4, v6,
    };
    pub use crate::worker::Net;
    pub use std::net::SocketAddr;
}
