//! What is asked for, by whoever asks, through every proxy.

/// The host that policies and configurations know.
pub(crate) const HOST: &str = "bench.local";

/// The paths of answers with 100 bytes, 16 KiB and 1 MiB.
pub(crate) const SMALL: &str = "/v1/stock/100";
pub(crate) const MEDIUM: &str = "/v1/stock/16384";
pub(crate) const LARGE: &str = "/v1/stock/1048576";

/// Those of answers with 100 bytes, 1 KiB and 8 KiB over HTTP/2.
pub(crate) const OVER_HTTP2: [&str; 3] = [SMALL, "/v1/stock/1024", "/v1/stock/8192"];

/// Methods of gRPC, at the origin, whose answers are as large.
pub(crate) const GRPC: [&str; 3] =
    ["/bench.Stock/Get100", "/bench.Stock/Get1024", "/bench.Stock/Get8192"];
