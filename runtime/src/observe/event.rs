//! What happens to a call, step by step, for whoever keeps a record of it.

use std::time::Duration;

use crate::policy::Cause;
use crate::spec::BreakerId;
use crate::state::breaker::Transition;

/// A step of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Index into the proxy's routes.
    Routed(usize),
    /// A try has ended: with an answer's status or without an answer.
    Tried(Cause),
    Breaker(BreakerId, Transition),
    /// Until the next try.
    Waits(Duration),
    Ended(Ended),
}

/// What a call came to, in the words of metrics and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Index into the proxy's routes.
    pub route: usize,
    /// Who wrote the answer.
    pub source: &'static str,
    /// Why there was no further try.
    pub refusal: Option<&'static str>,
}

/// Takes events. Whoever keeps no record of them pays nothing for them.
pub trait Record {
    fn record(&self, event: Event) {
        let _ = event;
    }
}
