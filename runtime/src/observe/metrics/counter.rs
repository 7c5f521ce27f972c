//! A number with one writer and any reader.

use std::sync::atomic::{AtomicU64, Ordering};

/// Never shrinks; wraps after 2⁶⁴.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// For the one writer only: two would lose each other's additions.
    pub(super) fn add(&self, n: u64) {
        self.0.store(self.get().wrapping_add(n), Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
