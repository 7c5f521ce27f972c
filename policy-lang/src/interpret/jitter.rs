//! The random stream that waits and openings are drawn from, and nothing else.
//!
//! A second stream makes identifiers: generating one must not shift the waits.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::Millis;
use crate::plan::{Backoff, BackoffKind, derived::backoff_window};

pub(super) struct Jitter(Pcg64Mcg);

impl Jitter {
    pub(super) fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::seed_from_u64(seed))
    }

    /// Uniform on `[0, most]`.
    pub(super) fn up_to(&mut self, most: Millis) -> Millis {
        let scaled = u128::from(self.0.next_u64()) * (u128::from(most) + 1);
        (scaled >> 64) as Millis
    }

    /// The wait after the k-th failed try.
    pub(super) fn backoff(&mut self, backoff: &Backoff, k: u32) -> Millis {
        let window = super::millis(backoff_window(backoff, k));
        match backoff.kind {
            BackoffKind::FullJitter => self.up_to(window),
            BackoffKind::EqualJitter => window / 2 + self.up_to(window - window / 2),
            BackoffKind::Fixed => window,
        }
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }
}
