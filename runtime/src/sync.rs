//! Atomics, named in one place.
//!
//! What several workers write goes through here, so that the model checker (`tests/loom`) can
//! compile the same files against a `sync` of its own, which tries out every interleaving.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering, fence};

/// Writes a constructor as `const fn`: generated proxies keep shared state in statics.
///
/// The model checker's atomics are made at run time; its `sync` writes a plain `fn`.
macro_rules! constructor {
    ($(#[$meta:meta])* $vis:vis fn new() -> Self $body:block) => {
        $(#[$meta])*
        $vis const fn new() -> Self $body
    };
}

pub(crate) use constructor;
