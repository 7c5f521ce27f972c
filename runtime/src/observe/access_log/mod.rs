//! The access log: one JSON object per line and call.
//!
//! A worker writes into a buffer of its own and hands it, when it is full or after 100 ms, to the
//! writer's thread; the buffer comes back empty. No allocation, no lock and no system call is on a
//! call's path, and a worker never waits: while all its buffers are at the writer, lines are
//! dropped and counted.

pub(crate) mod json;
mod line;
mod losses;
mod redact;
mod time;
mod writer;

pub(crate) use losses::Losses;
#[cfg(any(test, feature = "testing"))]
pub(crate) use writer::{Lines, channel};
pub(crate) use writer::{Sender, Writer};

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::Notify;

use super::report::{Report, TunnelReport};
use crate::clock::Clock;
use crate::grpc::Grpc;
use crate::spec::{AccessLog, RouteSpec, Spec};

/// Buffers of one worker, the one being filled included.
const BUFFERS: usize = 4;

const BUFFER_SIZE: usize = 128 * 1024;

/// How long a line waits for company.
const DELAY: Duration = Duration::from_millis(100);

/// One worker's log.
#[derive(Debug)]
pub(crate) struct Log {
    facts: Facts,
    buffer: RefCell<Vec<u8>>,
    /// Empty buffers come back here.
    returned: Receiver<Vec<u8>>,
    home: SyncSender<Vec<u8>>,
    sender: Sender,
    /// The buffer is no longer empty.
    filled: Notify,
}

/// What is the same in all lines, and how they are chosen.
#[derive(Clone, Copy, Debug)]
struct Facts {
    service: &'static str,
    routes: &'static [RouteSpec],
    sites: &'static [&'static str],
    config: AccessLog,
}

impl Log {
    /// None if the policy asks for no log.
    pub(crate) fn new<P: Spec>(sender: Sender) -> Option<Self> {
        let config = P::OBSERVE.access_log?;
        let (service, routes, sites) = (P::SERVICE, P::ROUTES, P::SITES);
        Some(Self::with(Facts { service, routes, sites, config }, sender))
    }

    fn with(facts: Facts, sender: Sender) -> Self {
        let (home, returned) = sync_channel(BUFFERS);
        for _ in 1..BUFFERS {
            // INVARIANT: there is room for all buffers.
            drop(home.try_send(Vec::with_capacity(BUFFER_SIZE)));
        }
        Self {
            facts,
            buffer: RefCell::new(Vec::with_capacity(BUFFER_SIZE)),
            returned,
            home,
            sender,
            filled: Notify::new(),
        }
    }

    /// Writes a line if the policy wants this call logged. `draw` decides who is in the sample.
    pub(crate) fn write(&self, report: &Report<'_>, clock: Clock, draw: u64) {
        // Behind gRPC's HTTP status of 200 there may be a failure: it counts as the status that says
        // the same.
        let status = report.grpc.map_or(report.status, Grpc::as_http);
        if self.wants(status, draw) {
            self.line(|buffer| line::write(buffer, &self.facts, report, clock.wall()));
        }
    }

    /// The same for a tunnel that was no call.
    pub(crate) fn write_tunnel(&self, report: &TunnelReport<'_>, clock: Clock, draw: u64) {
        if self.wants(report.status, draw) {
            self.line(|buffer| line::write_tunnel(buffer, &self.facts, report, clock.wall()));
        }
    }

    fn line(&self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.buffer.borrow().len() + line::MOST > BUFFER_SIZE && !self.hand_over() {
            return self.sender.lost();
        }
        let mut buffer = self.buffer.borrow_mut();
        if buffer.is_empty() {
            self.filled.notify_one();
        }
        write(&mut buffer);
    }

    /// Hands over what there is. Lines stay here while the writer has all other buffers.
    pub(crate) fn flush(&self) {
        if !self.buffer.borrow().is_empty() {
            self.hand_over();
        }
    }

    /// Flushes every 100 ms while there are lines; never ends.
    pub(crate) async fn drive(&self) {
        loop {
            self.filled.notified().await;
            tokio::time::sleep(DELAY).await;
            self.flush();
            if !self.buffer.borrow().is_empty() {
                self.filled.notify_one();
            }
        }
    }

    fn wants(&self, status: u16, draw: u64) -> bool {
        let sample = u64::from(self.facts.config.sample.parts_per_million());
        (self.facts.config.when)(status) && crate::random::up_to(draw, 999_999) < sample
    }

    /// Exchanges the buffer for an empty one; false if there is none.
    fn hand_over(&self) -> bool {
        let Ok(empty) = self.returned.try_recv() else { return false };
        let full = self.buffer.replace(empty);
        let Err(full) = self.sender.send(full, &self.home) else { return true };
        let empty = self.buffer.replace(full);
        // INVARIANT: it came from there, so there is room.
        drop(self.home.try_send(empty));
        false
    }
}

/// The last lines need no empty buffer in exchange.
impl Drop for Log {
    fn drop(&mut self) {
        let last = self.buffer.take();
        if !last.is_empty() {
            drop(self.sender.send(last, &self.home));
        }
    }
}

#[cfg(test)]
mod tests;
