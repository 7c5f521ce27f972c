//! Heads and bodies as they stand on the wire, in either version of HTTP.

pub(crate) mod http1;
pub(crate) mod http2;
