//! Refuses calls for a while after so many failures in a row.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub(crate) struct Breaker {
    limit: u32,
    open_for: Duration,
    start: Instant,
    failures: AtomicU32,
    /// Milliseconds after `start`.
    open_until: AtomicU64,
}

impl Breaker {
    pub(crate) fn new(limit: u32, open_for: Duration) -> Self {
        Self {
            limit,
            open_for,
            start: Instant::now(),
            failures: AtomicU32::new(0),
            open_until: AtomicU64::new(0),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        let until = self.open_until.load(Ordering::Relaxed);
        until > 0 && self.start.elapsed() < Duration::from_millis(until)
    }

    pub(crate) fn report(&self, success: bool) {
        if success {
            // Read first: the line stays shared while all is well.
            if self.failures.load(Ordering::Relaxed) > 0 {
                self.failures.store(0, Ordering::Relaxed);
            }
        } else if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= self.limit {
            self.failures.store(0, Ordering::Relaxed);
            let until = self.start.elapsed() + self.open_for;
            self.open_until.store(until.as_millis() as u64, Ordering::Relaxed);
        }
    }
}
