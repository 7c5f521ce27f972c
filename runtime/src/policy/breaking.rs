//! `breaker`.

use super::Cause;
use crate::spec::BreakerId;
use crate::state::breaker;

/// When an upstream is not called.
pub trait BreakerPolicy: 'static {
    /// Whose state it is.
    const ID: BreakerId;
    /// When it trips, and for how long.
    const SPEC: breaker::Spec;

    /// `counts`: is this a failure?
    fn counts(cause: Cause) -> bool;
}
