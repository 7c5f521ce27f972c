//! HTTP/1.1 (RFC 9112): bytes to offsets, and heads to bytes.

mod literal;
pub(crate) mod parse;
pub(crate) mod write;
