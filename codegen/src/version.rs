//! Which generator it is.

/// The version in headers and in the embedded document.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
