//! What the sources of every crate must look like, read from the sources themselves.
//!
//! ```text
//! cargo metadata ─► workspace ─┬─► tree (modules of a crate) ─► imports ─► graph ─► shortest circle
//!                              └─► files ─► sizes, docs
//! ```
//!
//! `#[cfg(test)]` and what stands behind the feature `testing` are left out of the graph: a test may
//! look at everything.

pub mod aside;
pub mod docs;
pub mod graph;
pub mod imports;
pub mod sizes;
pub mod tree;
pub mod workspace;
