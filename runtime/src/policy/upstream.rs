//! Whom a pipeline calls.

use crate::spec::UpstreamId;

/// An upstream that a pipeline ends at.
pub trait Upstream: 'static {
    /// Where the proxy describes it.
    const ID: UpstreamId;
    /// Its answers have statuses of gRPC.
    const GRPC: bool = false;
}
