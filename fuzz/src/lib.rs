//! Two things under fire: the proxy's reading of requests, and the compiler ([`policies`]).
//!
//! The first reads the same bytes twice, with the proxy's engine and with hyper's server, and compares.
//!
//! ```text
//! corpus ─► mutate ─► bytes ─┬─► amb_runtime::testing::parse_request ─┐
//!                            └─► hyper::server, over a pipe ──────────┴─► compare
//! ```
//!
//! A request that the proxy lets through must be, to hyper, the same request: same method, target,
//! fields and body, and the same bytes behind it. This is what makes smuggling impossible between
//! the two. The other direction is free: the proxy refuses much that hyper takes.

pub mod compare;
pub mod mutate;
pub mod oracle;
pub mod policies;

use std::fs;
use std::path::PathBuf;

/// Where seeds and former findings are.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Seeds and former findings, in the order of their names.
pub fn corpus() -> Vec<Vec<u8>> {
    let mut files: Vec<_> =
        fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}
