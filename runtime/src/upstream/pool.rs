//! Idle connections of one worker to one upstream: newest first, none older than it should be.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;

use crate::clock::Moment;
use crate::net::{Io, is_silent};

/// A connection rests at most this long: less than the keep-alive of any common server (Node.js
/// closes after 5 s), so that requests rarely meet a connection that is being closed.
pub(crate) const REST: Duration = Duration::from_secs(3);
/// Connections resting per upstream and worker.
const MOST: usize = 512;

/// Connections without a request.
#[derive(Debug)]
pub(crate) struct Pool<I> {
    /// Oldest first.
    resting: RefCell<Vec<Resting<I>>>,
}

#[derive(Debug)]
struct Resting<I> {
    endpoint: SocketAddr,
    since: Moment,
    io: I,
}

impl<I> Default for Pool<I> {
    fn default() -> Self {
        Self { resting: RefCell::default() }
    }
}

impl<I: Io> Pool<I> {
    /// The freshest connection to that endpoint on which nothing has happened.
    pub(crate) fn take(&self, endpoint: SocketAddr, now: Moment) -> Option<I> {
        let mut resting = self.resting.borrow_mut();
        loop {
            let at = resting.iter().rposition(|candidate| candidate.endpoint == endpoint)?;
            let mut candidate = resting.remove(at);
            if now - candidate.since <= REST && is_silent(&mut candidate.io) {
                return Some(candidate.io);
            }
        }
    }

    pub(crate) fn give(&self, endpoint: SocketAddr, io: I, now: Moment) {
        let mut resting = self.resting.borrow_mut();
        if resting.len() < MOST {
            resting.push(Resting { endpoint, since: now, io });
        }
    }

    /// Closes what has rested long enough.
    pub(crate) fn sweep(&self, now: Moment) {
        self.resting.borrow_mut().retain(|connection| now - connection.since <= REST);
    }
}

impl<I> Pool<I> {
    pub(crate) fn retain(&self, wanted: impl Fn(SocketAddr) -> bool) {
        self.resting.borrow_mut().retain(|connection| wanted(connection.endpoint));
    }
}
