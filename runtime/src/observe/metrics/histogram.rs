//! Durations in fixed buckets.

use std::time::Duration;

use super::counter::Counter;

/// Upper bounds in microseconds and as Prometheus writes them, in seconds. A sidecar's calls lie
/// between less than a millisecond and the longest time-out that is sensible.
pub(super) const BOUNDS: [(u64, &str); 16] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
    (30_000_000, "30"),
    (60_000_000, "60"),
];

/// Counts per bucket, each without the smaller ones, and the sum.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    buckets: [Counter; BOUNDS.len()],
    beyond: Counter,
    nanos: Counter,
}

impl Histogram {
    pub(super) fn observe(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let fits = |&(bound, _): &(u64, &str)| nanos <= bound * 1_000;
        let bucket = BOUNDS.iter().position(fits).and_then(|at| self.buckets.get(at));
        bucket.unwrap_or(&self.beyond).add(1);
        self.nanos.add(nanos);
    }

    /// Adds this histogram to a sum of several.
    pub(super) fn add_to(&self, total: &mut Total) {
        for (sum, bucket) in total.buckets.iter_mut().zip(&self.buckets) {
            *sum += bucket.get();
        }
        total.beyond += self.beyond.get();
        total.nanos += u128::from(self.nanos.get());
    }
}

/// The sum of several workers' histograms.
#[derive(Debug, Default)]
pub(super) struct Total {
    pub(super) buckets: [u64; BOUNDS.len()],
    pub(super) beyond: u64,
    pub(super) nanos: u128,
}

impl Total {
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().sum::<u64>() + self.beyond
    }
}
