//! `breaker`.

use super::Cause;
use crate::spec::BreakerId;
use crate::state::breaker;

/// When an upstream is not called.
pub trait BreakerPolicy: 'static {
    /// What holds where this policy says nothing.
    type Base: BreakerPolicy;

    /// Whose state it is.
    const ID: BreakerId = Self::Base::ID;
    /// Any that holds trips; at most [`MAX_TRIPS`](breaker::MAX_TRIPS).
    const TRIPS: &'static [breaker::Trip] = Self::Base::TRIPS;
    /// How long the upstream is left alone.
    const OPEN_FOR: breaker::OpenFor = Self::Base::OPEN_FOR;
    /// In flight at once while HALF-OPEN, and successes needed to close; at most
    /// [`MAX_PROBES`](breaker::MAX_PROBES).
    const PROBES: u32 = Self::Base::PROBES;
    /// What the state machine goes by.
    const SPEC: breaker::Spec =
        breaker::Spec { trips: Self::TRIPS, open_for: Self::OPEN_FOR, probes: Self::PROBES };

    /// `counts`: is this a failure?
    fn counts(cause: Cause) -> bool {
        Self::Base::counts(cause)
    }
}
