//! Stands in for the runtime's `sync`: the same names, watched by loom.

pub(crate) use loom::sync::atomic::{AtomicU64, Ordering, fence};

/// Not `const`: loom's atomics register themselves when they are made.
macro_rules! constructor {
    ($(#[$meta:meta])* $vis:vis fn new() -> Self $body:block) => {
        $(#[$meta])*
        $vis fn new() -> Self $body
    };
}

pub(crate) use constructor;
