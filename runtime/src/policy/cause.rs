//! Why tries fail.

use crate::grpc::Grpc;

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
