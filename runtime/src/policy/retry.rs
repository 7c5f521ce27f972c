//! `retry`.

use std::time::Duration;

use super::{Backoff, Cause};
use crate::message::RequestHead;
use crate::state::budget;

/// Which failed tries are repeated, when, and how often.
pub trait RetryPolicy: 'static {
    /// What holds where this policy says nothing.
    type Base: RetryPolicy;

    /// Tries, the first included.
    const ATTEMPTS: u32 = Self::Base::ATTEMPTS;
    /// The wait before another try.
    const BACKOFF: Backoff = Self::Base::BACKOFF;
    /// What an upstream's wish to wait is worth.
    const RETRY_AFTER: RetryAfter = Self::Base::RETRY_AFTER;
    /// The share of all that is sent to the upstream that may be retries.
    const BUDGET: budget::Spec = Self::Base::BUDGET;
    /// Bytes of request body kept for another try.
    const BUFFER: usize = Self::Base::BUFFER;

    /// `on`: is this a cause to try again for?
    fn listed(cause: Cause) -> bool {
        Self::Base::listed(cause)
    }

    /// May this call be sent again although the upstream may have processed it?
    fn repeatable(head: &RequestHead<'_>) -> bool {
        Self::Base::repeatable(head)
    }
}

/// What an upstream's `retry-after` is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing.
    Ignore,
    /// Waited for, with the back-off on top.
    Honour {
        /// A longer demand ends the tries.
        up_to: Duration,
    },
}
