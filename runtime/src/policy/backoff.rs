//! How long to wait before another try.
//!
//! Calls that failed together must not come back together. Full jitter spreads them over the whole
//! window; of the variants compared in "Exponential Backoff And Jitter" (AWS Architecture Blog) it
//! needs the fewest calls in all. Equal jitter keeps half of the window as a sure pause. A fixed
//! wait draws nothing, and keeps a herd together.

use std::time::Duration;

use crate::random::up_to;

/// `backoff`. Windows are in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// Uniform on the window.
    FullJitter { base: Duration, cap: Duration },
    /// Half the window, and uniform on the other half.
    EqualJitter { base: Duration, cap: Duration },
    /// The same after every try.
    Fixed(Duration),
}

impl Backoff {
    /// `backoff full-jitter BASE..CAP`: the first window, and the longest.
    pub const fn full_jitter(base: Duration, cap: Duration) -> Self {
        Self::FullJitter { base, cap }
    }

    /// `backoff equal-jitter BASE..CAP`: the first window, and the longest.
    pub const fn equal_jitter(base: Duration, cap: Duration) -> Self {
        Self::EqualJitter { base, cap }
    }

    /// `backoff fixed WAIT`: always as long.
    pub const fn fixed(wait: Duration) -> Self {
        Self::Fixed(wait)
    }

    /// The longest wait after the `failed`-th failed try: `min(cap, base · 2^failed)`.
    pub const fn window(&self, failed: u32) -> Duration {
        match *self {
            Self::FullJitter { base, cap } | Self::EqualJitter { base, cap } => {
                Duration::from_millis(window_ms(base, cap, failed))
            }
            Self::Fixed(wait) => wait,
        }
    }

    /// The wait after the `failed`-th failed try; at most one number is drawn.
    pub fn wait(&self, failed: u32, draw: impl FnOnce() -> u64) -> Duration {
        match *self {
            Self::FullJitter { base, cap } => {
                Duration::from_millis(up_to(draw(), window_ms(base, cap, failed)))
            }
            Self::EqualJitter { base, cap } => {
                let window = window_ms(base, cap, failed);
                let sure = window / 2;
                Duration::from_millis(sure + up_to(draw(), window - sure))
            }
            Self::Fixed(wait) => wait,
        }
    }
}

const fn window_ms(base: Duration, cap: Duration, failed: u32) -> u64 {
    // 2^63 times a millisecond is beyond any cap.
    let doublings = if failed < 63 { failed } else { 63 };
    let window = base.as_millis().saturating_mul(1 << doublings);
    let cap = cap.as_millis() as u64;
    if window < cap as u128 { window as u64 } else { cap }
}
