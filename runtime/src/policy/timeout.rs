//! `timeout`.

use std::time::Duration;

/// The bounds of a call.
pub trait TimeoutPolicy: 'static {
    /// What holds where this policy says nothing.
    type Base: TimeoutPolicy;

    /// From the complete request head to the end of the answer.
    const TOTAL: Total = Self::Base::TOTAL;
    /// One try, to the complete response head.
    const PER_TRY: Option<Duration> = Self::Base::PER_TRY;
    /// Until a connection is there.
    const CONNECT: Duration = Self::Base::CONNECT;
    /// Without a byte in either direction while a body is on its way.
    const IDLE: Duration = Self::Base::IDLE;
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
