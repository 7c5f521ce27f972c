//! Which worker carries a connection.
//!
//! Every worker listens on a socket of its own, and the kernel deals connections out by a hash of
//! their addresses. Many short ones are spread well by that, few long ones are not: of eight that
//! stay, two workers carry four each only in one case of four. So a worker that accepts a connection while
//! another carries clearly fewer hands it over there: a wake-up once, and nothing per request.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::spec::Inbound;
use crate::worker::Shared;

/// A share of a worker's connections that another may be ahead by: evenness is not worth more.
const SLACK: usize = 8;

/// One worker's way to the others.
#[derive(Debug)]
pub(crate) struct Doors {
    own: usize,
    workers: Arc<[Side]>,
}

/// What all workers know of one.
#[derive(Debug)]
struct Side {
    /// Others may still get a connection from it.
    accepts: AtomicBool,
    carries: AtomicUsize,
    door: UnboundedSender<Arrival>,
}

/// A connection on its way to the worker that will carry it.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) stream: TcpStream,
    pub(crate) inbound: Inbound,
    pub(crate) stay: Stay,
}

/// A caller's stay with a worker, counted while it lasts.
#[derive(Debug)]
pub(crate) struct Stay {
    worker: usize,
    workers: Arc<[Side]>,
    shared: Arc<Shared>,
}

impl Doors {
    /// For each worker its doors, and what comes in at its own.
    pub(crate) fn new(workers: usize) -> Vec<(Self, UnboundedReceiver<Arrival>)> {
        let (sides, arrivals): (Vec<_>, Vec<_>) = (0..workers)
            .map(|_| {
                let (door, arrivals) = unbounded_channel();
                let (accepts, carries) = (AtomicBool::new(true), AtomicUsize::new(0));
                (Side { accepts, carries, door }, arrivals)
            })
            .unzip();
        let workers: Arc<[Side]> = sides.into();
        let doors = |(own, arrivals)| (Self { own, workers: Arc::clone(&workers) }, arrivals);
        arrivals.into_iter().enumerate().map(doors).collect()
    }

    /// Where a connection that has just been accepted is to be carried.
    pub(crate) fn stay(&self, shared: &Arc<Shared>) -> Stay {
        self.take(self.lightest(), shared)
    }

    /// A stay at this worker, however much it carries.
    pub(crate) fn here(&self, shared: &Arc<Shared>) -> Stay {
        self.take(self.own, shared)
    }

    fn take(&self, worker: usize, shared: &Arc<Shared>) -> Stay {
        shared.connections.fetch_add(1, Ordering::Relaxed);
        if let Some(side) = self.workers.get(worker) {
            side.carries.fetch_add(1, Ordering::Relaxed);
        }
        Stay { worker, workers: Arc::clone(&self.workers), shared: Arc::clone(shared) }
    }

    pub(crate) fn is_own(&self, stay: &Stay) -> bool {
        stay.worker == self.own
    }

    /// Hands a connection over. A worker ends only when no other one accepts.
    pub(crate) fn send(&self, arrival: Arrival) {
        if let Some(side) = self.workers.get(arrival.stay.worker) {
            drop(side.door.send(arrival));
        }
    }

    /// Nobody else is accepted here.
    pub(crate) fn close(&self) {
        if let Some(side) = self.workers.get(self.own) {
            // After what was handed over, for those who look at both.
            side.accepts.store(false, Ordering::Release);
        }
    }

    /// Nothing is carried here, and no connection can come any more.
    pub(crate) fn is_over(&self) -> bool {
        let accepts = |side: &Side| side.accepts.load(Ordering::Acquire);
        !self.workers.iter().any(accepts) && self.carried() == 0
    }

    /// Connections that are here or on their way here.
    fn carried(&self) -> usize {
        self.workers.get(self.own).map_or(0, Side::carried)
    }

    /// Ours, unless another worker carries clearly fewer.
    fn lightest(&self) -> usize {
        let own = self.carried();
        let all = self.workers.iter().map(Side::carried).enumerate();
        match all.min_by_key(|&(_, carried)| carried) {
            Some((other, carried)) if own > carried + own / SLACK => other,
            _ => self.own,
        }
    }
}

impl Side {
    fn carried(&self) -> usize {
        self.carries.load(Ordering::Relaxed)
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.shared.connections.fetch_sub(1, Ordering::Relaxed);
        if let Some(side) = self.workers.get(self.worker) {
            side.carries.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Doors;
    use crate::testing::sample;

    #[test]
    fn no_worker_ends_while_another_may_hand_something_over() {
        let (_phase, shared) = sample::shared();
        let shared = Arc::new(shared);
        let [(one, _), (other, _)] = Doors::new(2).try_into().unwrap();
        one.close();
        assert!(!one.is_over());
        let stay = one.here(&shared);
        other.close();
        assert!(other.is_over() && !one.is_over());
        drop(stay);
        assert!(one.is_over());
    }
}
