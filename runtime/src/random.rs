//! The one source of randomness.
//!
//! Two independent streams: one for the waits, which tests seed and replay draw by draw, and one
//! for identifiers and sampling, so that a trace id never shifts a back-off.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Random numbers of one worker. Not for secrets.
#[derive(Clone, Debug)]
pub struct Random {
    jitter: Pcg64Mcg,
    ids: Pcg64Mcg,
}

impl Random {
    /// Reproducible: the same seed gives the same draws.
    pub fn from_seed(seed: u64) -> Self {
        Self { jitter: Pcg64Mcg::seed_from_u64(seed), ids: Pcg64Mcg::seed_from_u64(!seed) }
    }

    /// Seeded by the operating system.
    ///
    /// # Errors
    /// If the system has no entropy to give.
    pub fn from_system() -> Result<Self, getrandom::Error> {
        Ok(Self::from_seed(getrandom::u64()?))
    }

    /// For back-off and for the breaker's open time.
    pub fn jitter(&mut self) -> u64 {
        self.jitter.next_u64()
    }

    /// For identifiers and sampling.
    pub fn id(&mut self) -> u64 {
        self.ids.next_u64()
    }
}

/// Maps a draw to a whole number in `0..=max`, uniformly (Lemire's multiplication).
pub const fn up_to(draw: u64, max: u64) -> u64 {
    ((draw as u128 * (max as u128 + 1)) >> 64) as u64
}
