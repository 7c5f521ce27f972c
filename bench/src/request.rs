//! What is asked for, by whoever asks, through every proxy.

/// The host that policies and configurations know.
pub(crate) const HOST: &str = "bench.local";

/// The paths of answers with 100 bytes, 16 KiB and 1 MiB.
pub(crate) const SMALL: &str = "/v1/stock/100";
pub(crate) const MEDIUM: &str = "/v1/stock/16384";
pub(crate) const LARGE: &str = "/v1/stock/1048576";

/// A method of gRPC, at the origin.
pub(crate) const GRPC: &str = "/bench.Stock/Get";
