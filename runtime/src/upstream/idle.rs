//! Idle connections of one worker to one endpoint: newest first, none older than it should be.

use std::cell::RefCell;
use std::time::Duration;

use crate::clock::Moment;
use crate::net::{Io, is_silent};

/// A connection rests at most this long: less than the keep-alive of any common server (Node.js
/// closes after 5 s), so that requests rarely meet a connection that is being closed.
pub(crate) const REST: Duration = Duration::from_secs(3);
/// Connections resting per endpoint and worker.
const MOST: usize = 512;

/// Connections without a request.
#[derive(Debug)]
pub(crate) struct Idle<I> {
    /// Oldest first.
    resting: RefCell<Vec<Resting<I>>>,
}

#[derive(Debug)]
struct Resting<I> {
    since: Moment,
    io: I,
}

impl<I> Default for Idle<I> {
    fn default() -> Self {
        Self { resting: RefCell::default() }
    }
}

impl<I: Io> Idle<I> {
    /// The freshest connection on which nothing has happened.
    pub(crate) fn take(&self, now: Moment) -> Option<I> {
        let mut resting = self.resting.borrow_mut();
        loop {
            let mut candidate = resting.pop()?;
            if now - candidate.since <= REST && is_silent(&mut candidate.io) {
                return Some(candidate.io);
            }
        }
    }

    pub(crate) fn give(&self, io: I, now: Moment) {
        let mut resting = self.resting.borrow_mut();
        if resting.len() < MOST {
            resting.push(Resting { since: now, io });
        }
    }

    /// Closes what has rested long enough.
    pub(crate) fn sweep(&self, now: Moment) {
        self.resting.borrow_mut().retain(|connection| now - connection.since <= REST);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.resting.borrow().is_empty()
    }
}
