//! What all workers share: exact across threads, and nothing but atomics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use crate::clock::Clock;
use crate::discover::Discovery;
use crate::notices::Notices;
use crate::observe::access_log::Losses;
use crate::observe::metrics::{Readings, Recorder};
use crate::spec::{BreakerId, Spec, UpstreamId, breakers};
use crate::state::breaker::Breaker;
use crate::state::budget::Budget;

/// Bytes of request bodies that all calls together may keep for another try.
const REPLAY_LIMIT: usize = 16 * 1024 * 1024;

/// State of one proxy process.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) phase: watch::Receiver<Phase>,
    /// Indexed by [`BreakerId`].
    pub(crate) breakers: Box<[Breaker]>,
    /// Indexed by [`UpstreamId`].
    pub(crate) budgets: Box<[Budget]>,
    /// One per worker.
    pub(crate) recorders: Box<[Arc<Recorder>]>,
    /// Tunnels to each upstream that are open, indexed by [`UpstreamId`].
    tunnels: Box<[AtomicUsize]>,
    /// Connections of callers that are open.
    pub(crate) connections: AtomicUsize,
    replay: AtomicUsize,
    /// Of the access log.
    pub(crate) losses: Arc<Losses>,
}

/// Where the process is between start and exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Serving,
    /// Asked to stop: still accepts, and asks callers to close after each answer.
    Draining,
    /// No more connections; what is in flight ends.
    Closing,
}

impl Shared {
    pub(crate) fn new<P: Spec>(
        clock: Clock,
        workers: usize,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        Self {
            clock,
            phase,
            breakers: breakers(P::ROUTES).map(|_| Breaker::new()).collect(),
            budgets: P::UPSTREAMS.iter().map(|_| Budget::new()).collect(),
            recorders: (0..workers).map(|_| Arc::new(Recorder::new::<P>())).collect(),
            tunnels: P::UPSTREAMS.iter().map(|_| AtomicUsize::new(0)).collect(),
            connections: AtomicUsize::new(0),
            replay: AtomicUsize::new(0),
            losses: Arc::new(Losses::new(Notices::of(P::SERVICE))),
        }
    }

    pub(crate) fn breaker(&self, id: BreakerId) -> Option<&Breaker> {
        self.breakers.get(id.0)
    }

    /// The counters of one worker.
    pub(crate) fn recorder(&self, worker: usize) -> Arc<Recorder> {
        // INVARIANT: there is one for every worker.
        self.recorders.get(worker).map_or_else(Arc::default, Arc::clone)
    }

    /// What the metrics page says of it.
    pub(crate) fn readings<'a>(&'a self, discovery: &'a Discovery) -> Readings<'a> {
        Readings {
            now: self.clock.now(),
            recorders: &self.recorders,
            breakers: &self.breakers,
            budgets: &self.budgets,
            tunnels: &self.tunnels,
            connections: self.connections.load(Ordering::Relaxed),
            lines_lost: self.losses.lines(),
            discovery,
        }
    }

    /// How many tunnels to an upstream are open.
    pub(crate) fn tunnels(&self, id: UpstreamId) -> Option<&AtomicUsize> {
        self.tunnels.get(id.0)
    }

    pub(crate) fn budget(&self, id: UpstreamId) -> Option<&Budget> {
        self.budgets.get(id.0)
    }

    /// Takes memory for replaying a body; false if all calls together have used up theirs.
    pub(crate) fn take_replay(&self, bytes: usize) -> bool {
        let taken = self.replay.fetch_add(bytes, Ordering::Relaxed);
        let fits = taken.saturating_add(bytes) <= REPLAY_LIMIT;
        if !fits {
            self.give_replay(bytes);
        }
        fits
    }

    pub(crate) fn give_replay(&self, bytes: usize) {
        self.replay.fetch_sub(bytes, Ordering::Relaxed);
    }
}
