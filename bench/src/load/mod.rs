//! Load from the other side of the machine.
//!
//! wrk for as much as goes; callers of our own for a fixed rate, for a fixed number of
//! calls, and for one caller alone, which wrk cannot do. They are a thread each, so that what a caller
//! waits for is the proxy, never another caller.

mod callers;
mod saturate;

pub(crate) use callers::Callers;
pub(crate) use saturate::wrk;
