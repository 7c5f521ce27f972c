//! Connections whose bytes nobody looks at.

use super::{BreakerPolicy, Cause, TimeoutPolicy, Upstream};
use crate::spec::BreakerId;
use crate::state::breaker;

/// What connections to an upstream of bytes may do: `protocol tcp`, `tls-passthrough`.
pub trait TunnelPolicy: Upstream {
    /// How long to wait for a connection, and for bytes in either direction; bytes have no total.
    type Timeout: TimeoutPolicy;

    /// At once, of all workers; `None`: any number.
    const CONNECTIONS: Option<usize> = None;
    /// Asked before each connect.
    const BREAKER: Option<Guard> = None;
}

/// A breaker, as far as connecting is its business.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    pub(crate) id: BreakerId,
    pub(crate) spec: breaker::Spec,
    pub(crate) counts: fn(Cause) -> bool,
}

impl Guard {
    /// The breaker of that policy.
    pub const fn of<P: BreakerPolicy>() -> Self {
        Self { id: P::ID, spec: P::SPEC, counts: P::counts }
    }
}
