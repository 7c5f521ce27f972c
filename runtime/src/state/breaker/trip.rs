//! The rules that trip a breaker, and what they count.
//!
//! A worker counts a try first and judges the rules afterwards, with a fence in between. Of
//! several workers that count at once, the last one to pass the fence sees what all of them
//! counted: no rule can hold without somebody noticing.

use std::time::Duration;

use super::Verdict;
use crate::clock::Moment;
use crate::state::window::{SLOTS, Slot, Window};
use crate::sync::constructor;
use crate::units::Percent;

/// What trips a breaker. Counts are of at most 1,048,575 a slot, a tenth of `within`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trip {
    Failures {
        count: u32,
        within: Duration,
    },
    ConsecutiveFailures {
        count: u32,
    },
    FailureRate {
        ratio: Percent,
        samples: u32,
        within: Duration,
    },
    /// A share of tries that took `threshold` or longer.
    Slow {
        threshold: Duration,
        ratio: Percent,
        samples: u32,
        within: Duration,
    },
}

/// How a try ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) verdict: Verdict,
    pub(super) took: Duration,
    pub(super) at: Moment,
    pub(super) round: u16,
}

impl Ended {
    fn place(&self, within: Duration) -> Slot {
        Slot::at(self.at, within.as_millis() as u64 / SLOTS, u64::from(self.round))
    }
}

impl Trip {
    /// Counts a try; false if this rule has nothing to count.
    pub(super) fn count(&self, counter: &Counter, ended: &Ended) -> bool {
        match *self {
            Self::Failures { within, .. } if ended.verdict == Verdict::Failure => {
                counter.hits.add(ended.place(within), 1)
            }
            Self::Failures { .. } | Self::ConsecutiveFailures { .. } => false,
            Self::FailureRate { within, .. } => {
                counter.sample(ended.place(within), ended.verdict != Verdict::Success)
            }
            Self::Slow { threshold, within, .. } => {
                counter.sample(ended.place(within), ended.took >= threshold)
            }
        }
    }

    /// Does the rule hold, by what its window counts?
    pub(super) fn holds(&self, counter: &Counter, ended: &Ended) -> bool {
        match *self {
            Self::Failures { count, within } => {
                counter.total(ended.place(within)).hits >= u64::from(count)
            }
            Self::ConsecutiveFailures { .. } => false,
            Self::FailureRate { ratio, samples, within }
            | Self::Slow { ratio, samples, within, .. } => {
                counter.total(ended.place(within)).reaches(ratio, samples)
            }
        }
    }

    /// The failures in a row that trip, if that is the rule.
    pub(super) fn streak(&self) -> Option<u64> {
        match *self {
            Self::ConsecutiveFailures { count } => Some(u64::from(count)),
            _ => None,
        }
    }
}

/// What one rule counts.
#[derive(Debug)]
pub(super) struct Counter {
    hits: Window,
    samples: Window,
}

impl Counter {
    constructor! {
        pub(super) fn new() -> Self {
            Self { hits: Window::new(), samples: Window::new() }
        }
    }

    /// The sample before the hit, and read in the other order: no hit is seen without its sample,
    /// which would make a share look larger than it is.
    fn sample(&self, place: Slot, hit: bool) -> bool {
        self.samples.add(place, 1) && (!hit || self.hits.add(place, 1))
    }

    fn total(&self, mut place: Slot) -> Total {
        loop {
            match self.try_total(place) {
                Ok(total) => return total,
                Err(later) => place = later,
            }
        }
    }

    fn try_total(&self, place: Slot) -> Result<Total, Slot> {
        let hits = self.hits.sum(place)?;
        let samples = self.samples.sum(place)?;
        Ok(Total { hits, samples })
    }
}

struct Total {
    hits: u64,
    samples: u64,
}

impl Total {
    /// Never without a hit, nor on fewer samples than the rule asks for.
    fn reaches(&self, ratio: Percent, samples: u32) -> bool {
        let share = u64::from(ratio.parts_per_million()) * self.samples;
        self.hits > 0 && self.samples >= u64::from(samples) && self.hits * 1_000_000 >= share
    }
}
