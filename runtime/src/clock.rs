//! The one source of time.
//!
//! Filters and engines work with [`Moment`]s that a [`Clock`] hands out. The clock reads tokio's
//! time, so a runtime whose time is paused gives a proxy whose time is virtual; nothing else in
//! this crate asks the system what time it is.

use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A point in time: nanoseconds since the clock started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    pub const START: Self = Self(0);
    /// Later than anything that happens.
    pub const NEVER: Self = Self(u64::MAX);

    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the clock started, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, wait: Duration) -> Self {
        let nanos = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

/// The time from an earlier moment to this one; zero if it is not earlier.
impl Sub for Moment {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Monotonic time since one origin that all workers share, and the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    /// Fixed wall time at the origin, or none: the system's.
    wall: Option<SystemTime>,
}

impl Clock {
    /// Starts now, with the system's wall clock.
    pub fn start() -> Self {
        Self { origin: Instant::now(), wall: None }
    }

    /// Starts now, and the wall clock shows `wall`: for tests under paused time.
    pub fn start_at(wall: SystemTime) -> Self {
        Self { origin: Instant::now(), wall: Some(wall) }
    }

    pub fn now(self) -> Moment {
        Moment::START + self.origin.elapsed()
    }

    /// Date and time for logs, identifiers and HTTP dates.
    pub fn wall(self) -> SystemTime {
        match self.wall {
            Some(wall) => wall + self.origin.elapsed(),
            None => SystemTime::now(),
        }
    }

    /// The same moment for tokio's timers.
    pub(crate) fn instant(self, moment: Moment) -> Instant {
        // A moment beyond what the platform can represent is never reached.
        let far = Duration::from_secs(30 * 365 * 24 * 3600);
        self.origin + (moment - Moment::START).min(far)
    }
}
