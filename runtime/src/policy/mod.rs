//! The traits that generated code implements: one zero-sized type per policy of the author.

mod backoff;

use std::time::Duration;

pub use self::backoff::Backoff;
use crate::grpc::Grpc;
use crate::message::{HeadEdit, RequestHead};
use crate::proxy::{BreakerId, UpstreamId};
use crate::state::{breaker, budget};

/// Why a try failed, as far as policies can name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Refused, unreachable, or not connected in time.
    ConnectFailure,
    /// The connection ended before a complete response head.
    Reset,
    /// `per-try` or `total` ran out.
    Timeout,
    /// A kept connection was closed before a byte was written, or the upstream says that it has not
    /// looked at the request (HTTP/2).
    RefusedStream,
    /// The upstream's answer.
    Status(u16),
    /// The upstream's answer to a call of gRPC.
    Grpc(Grpc),
}

/// `timeout`.
pub trait TimeoutPolicy: 'static {
    /// From the complete request head to the end of the answer.
    const TOTAL: Total;
    /// One try, to the complete response head.
    const PER_TRY: Option<Duration> = None;
    const CONNECT: Duration;
    /// Without a byte in either direction while a body is on its way.
    const IDLE: Duration;
}

/// The bound of a whole call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    Fixed(Duration),
    /// The caller's `grpc-timeout` or `x-request-timeout` shortens it.
    Deadline {
        max: Duration,
    },
    /// Streams have no end of their own.
    Off,
}

/// `retry`.
pub trait RetryPolicy: 'static {
    /// Tries, the first included.
    const ATTEMPTS: u32;
    const BACKOFF: Backoff;
    const RETRY_AFTER: RetryAfter;
    const BUDGET: budget::Spec;
    /// Bytes of request body kept for another try.
    const BUFFER: usize;

    /// `on`: is this a cause to try again for?
    fn listed(cause: Cause) -> bool;

    /// May this call be sent again although the upstream may have processed it?
    fn repeatable(head: &RequestHead<'_>) -> bool;
}

/// What an upstream's `retry-after` is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    Ignore,
    /// Waited for, with the back-off on top; a longer demand ends the tries.
    Honour {
        up_to: Duration,
    },
}

/// `breaker`.
pub trait BreakerPolicy: 'static {
    const ID: BreakerId;
    const SPEC: breaker::Spec;

    /// `counts`: is this a failure?
    fn counts(cause: Cause) -> bool;
}

/// `headers`.
pub trait HeaderPolicy: 'static {
    fn request(edit: &mut HeadEdit<'_, '_>) {
        let _ = edit;
    }

    fn response(edit: &mut HeadEdit<'_, '_>) {
        let _ = edit;
    }
}

/// `correlation-id`.
pub trait CorrelationPolicy: 'static {
    /// Lower case.
    const FIELD: &'static str;
}

/// `rewrite`.
pub trait RewritePolicy: 'static {
    /// What the upstream sees as host.
    const HOST: Option<&'static str> = None;

    /// Writes the new path, without the query; false: the path stays as it is.
    fn path(head: &RequestHead<'_>, to: &mut Vec<u8>) -> bool {
        let _ = (head, to);
        false
    }
}

/// `respond` and `fallback`.
pub trait ReplyPolicy: 'static {
    const STATUS: u16;
    /// Names in lower case, and values.
    const HEADERS: &'static [(&'static str, &'static str)] = &[];
    const BODY: &'static str = "";
}

/// An upstream that a pipeline ends at.
pub trait Upstream: 'static {
    const ID: UpstreamId;
    /// Its answers have statuses of gRPC.
    const GRPC: bool = false;
}
