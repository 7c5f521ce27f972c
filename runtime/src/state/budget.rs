//! The retry budget: of all that is sent to an upstream, only a share may be retries.
//!
//! A bound on tries per call is no bound on load: when every call fails, three tries each are
//! three times the load, at the worst moment. A share of the calls of the last ten seconds bounds
//! the sum, whatever fails. The idea and the 20 % are Finagle's (`RetryBudget`); Linkerd and Envoy
//! took them over. The floor lets an upstream with few calls be retried at all.
//!
//! A withdrawal counts itself first and looks afterwards, so that of two that come at once neither
//! can miss the other; when both see too much, both give up. It never overspends, and in a tight
//! race it may grant one less than it could.

use super::window::{Slot, Window};
use crate::clock::Moment;
use crate::sync::{Ordering, constructor, fence};
use crate::units::Percent;

/// Ten of them are the window.
const SLOT_MS: u64 = 1_000;

/// `budget 20% min 1/s`. Counts are per upstream; each route judges them by its own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    pub ratio: Percent,
    /// Retries in ten seconds that are granted however few the calls.
    pub floor_per_10s: u32,
}

impl Spec {
    /// That share of the calls, and no floor.
    pub const fn of(ratio: Percent) -> Self {
        Self { ratio, floor_per_10s: 0 }
    }

    #[must_use]
    pub const fn floor_per_10s(self, floor_per_10s: u32) -> Self {
        Self { floor_per_10s, ..self }
    }

    fn affords(&self, calls: u64, retries: u64) -> bool {
        let earned = u64::from(self.ratio.parts_per_million()) * calls;
        let floor = u64::from(self.floor_per_10s) * 1_000_000;
        retries * 1_000_000 <= earned + floor
    }
}

/// Counts of the last ten seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub calls: u64,
    /// In tokens: a retry after a timeout costs two.
    pub retries: u64,
}

/// What all workers have sent to one upstream.
#[derive(Debug)]
pub struct Budget {
    calls: Window,
    retries: Window,
}

impl Budget {
    constructor! {
        /// Nothing sent yet.
        pub fn new() -> Self {
            Self { calls: Window::new(), retries: Window::new() }
        }
    }

    /// Counts a call, when it starts.
    pub fn call(&self, now: Moment) {
        self.calls.add(place(now), 1);
    }

    /// Takes `cost` tokens for a retry; false if the share does not allow it.
    pub fn withdraw(&self, spec: &Spec, cost: u32, now: Moment) -> bool {
        let cost = u64::from(cost);
        let mut place = place(now);
        loop {
            let added = self.retries.add(place, cost);
            // Pairs with the same fence of other workers: the last one through sees them all.
            fence(Ordering::SeqCst);
            let usage = self.usage_at(place);
            let granted = added && usage.is_ok_and(|it| spec.affords(it.calls, it.retries));
            if added && !granted {
                self.retries.take(place, cost);
            }
            match usage {
                Err(later) => place = later,
                Ok(_) => return granted,
            }
        }
    }

    /// Gives back what was withdrawn at `now` and not used.
    ///
    /// If that slot of time is over for all workers, the tokens are not given back.
    pub fn refund(&self, cost: u32, now: Moment) {
        self.retries.take(place(now), u64::from(cost));
    }

    /// For `/upstreams` and metrics.
    pub fn usage(&self, now: Moment) -> Usage {
        let mut place = place(now);
        loop {
            match self.usage_at(place) {
                Ok(usage) => return usage,
                Err(later) => place = later,
            }
        }
    }

    /// Counts of the window that ends with `place`, or the later place that others have reached.
    fn usage_at(&self, place: Slot) -> Result<Usage, Slot> {
        let retries = self.retries.sum(place)?;
        let calls = self.calls.sum(place)?;
        Ok(Usage { calls, retries })
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

fn place(now: Moment) -> Slot {
    Slot::at(now, SLOT_MS, 0)
}
