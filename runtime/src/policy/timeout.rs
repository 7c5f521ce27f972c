//! `timeout`.

use std::time::Duration;

/// The bounds of a call.
pub trait TimeoutPolicy: 'static {
    /// From the complete request head to the end of the answer.
    const TOTAL: Total;
    /// One try, to the complete response head.
    const PER_TRY: Option<Duration> = None;
    /// Until a connection is there.
    const CONNECT: Duration;
    /// Without a byte in either direction while a body is on its way.
    const IDLE: Duration;
}

/// The bound of a whole call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// The same for every call.
    Fixed(Duration),
    /// The caller's `grpc-timeout` or `x-request-timeout` shortens it.
    Deadline {
        /// For callers that say nothing.
        max: Duration,
    },
    /// Streams have no end of their own.
    Off,
}
