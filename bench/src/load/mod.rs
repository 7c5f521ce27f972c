//! Load from the other side of the machine.
//!
//! wrk and h2load for as much as goes; callers of our own for a fixed rate, for a fixed number of
//! calls, and for one caller alone, which they cannot do. They are a thread each, so that what a caller
//! waits for is the proxy, never another caller.

mod callers;
mod http2;
mod saturate;

pub(crate) use callers::Callers;
pub(crate) use http2::{answers_http2, h2load, trailers};
pub(crate) use saturate::wrk;
