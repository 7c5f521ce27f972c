//! What the connections of one thread share, and what all threads do.

mod guard;
mod limit;
mod shared;
mod want;

pub(crate) use guard::judge;
pub(crate) use limit::Place;
pub(crate) use shared::{Phase, Shared};

use std::cell::{Cell, RefCell, RefMut};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::buffer::Blocks;
use crate::clock::{Clock, Moment};
use crate::discover::Endpoints;
use crate::net::tcp::Tcp;
use crate::net::{Connect, Pipes};
use crate::notices::Notices;
use crate::observe::access_log::Log;
use crate::observe::event::{Event, Record};
use crate::observe::metrics::Recorder;
use crate::observe::report::{Report, TunnelReport};
use crate::random::Random;
use crate::spec::{BreakerId, Directory, Spec, UpstreamId, breakers};
use crate::timer::Timers;
use crate::upstream::{Passing, Upstream};

/// The network as calls see it: it connects, and may keep a record of what happens to them.
pub trait Net: Connect + Record {}

impl<N: Connect + Record> Net for N {}

impl Record for Tcp {}

/// How often what rests is looked at.
const SWEEP: Duration = Duration::from_secs(1);

/// What the connections of one thread share.
pub(crate) struct Worker<N: Net> {
    pub(crate) net: N,
    pub(crate) timers: Rc<Timers>,
    pub(crate) blocks: Blocks,
    pub(crate) pipes: Pipes,
    pub(crate) shared: Arc<Shared>,
    recorder: Arc<Recorder>,
    random: RefCell<Random>,
    upstreams: Box<[Upstream<N>]>,
    /// Where callers wanted to go whom no upstream is for.
    pub(crate) passing: Passing<N>,
    breakers: Box<[&'static str]>,
    pub(crate) log: Option<Log>,
    /// Whom changes of breakers are told; nobody in tests.
    pub(crate) notices: Option<Notices>,
    /// When it was told last that descriptors, ports or memory are short.
    want_told: Cell<Option<Moment>>,
    phase: Cell<Phase>,
}

impl<N: Net> Worker<N> {
    pub(crate) fn new<P: Spec>(
        net: N,
        index: usize,
        shared: Arc<Shared>,
        random: Random,
        log: Option<Log>,
    ) -> Self {
        let upstream = |spec| Upstream::new(spec, index);
        Self {
            net,
            timers: Timers::new(shared.clock),
            blocks: Blocks::default(),
            pipes: Pipes::default(),
            recorder: shared.recorder(index),
            random: RefCell::new(random),
            upstreams: P::UPSTREAMS.iter().map(upstream).collect(),
            passing: Passing::default(),
            breakers: breakers(P::ROUTES).collect(),
            log,
            notices: None,
            want_told: Cell::new(None),
            phase: Cell::new(Phase::Serving),
            shared,
        }
    }

    /// From now on this is spoken with all upstreams.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn speak(&mut self, protocol: crate::spec::Protocol) {
        self.upstreams.iter_mut().for_each(|upstream| upstream.protocol = protocol);
    }

    pub(crate) fn clock(&self) -> Clock {
        self.shared.clock
    }

    pub(crate) fn random(&self) -> RefMut<'_, Random> {
        self.random.borrow_mut()
    }

    pub(crate) fn upstream(&self, id: UpstreamId) -> Option<&Upstream<N>> {
        self.upstreams.get(id.0)
    }

    pub(crate) fn breaker_name(&self, id: BreakerId) -> &'static str {
        self.breakers.get(id.0).copied().unwrap_or_default()
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(crate) fn is_serving(&self) -> bool {
        self.phase.get() == Phase::Serving
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.phase.get() == Phase::Closing
    }

    /// Counts and logs a finished call.
    pub(crate) fn report(&self, report: &Report<'_>) {
        self.recorder().record(report);
        self.net.record(Event::Ended(report.ended()));
        if let Some(log) = &self.log {
            log.write(report, self.clock(), self.random().id());
        }
    }

    /// Counts and logs a finished tunnel that was no call.
    pub(crate) fn report_tunnel(&self, report: &TunnelReport<'_>) {
        self.recorder().connects(report.route, report.tries);
        if let Some(log) = &self.log {
            log.write_tunnel(report, self.clock(), self.random().id());
        }
    }

    /// Addresses of an upstream as they become known.
    pub(crate) async fn follow(&self, id: usize, mut endpoints: Endpoints) {
        let Some(upstream) = self.upstreams.get(id) else { return };
        loop {
            upstream.update(&endpoints.borrow_and_update());
            if endpoints.changed().await.is_err() {
                return;
            }
        }
    }

    /// The process's phase as it changes; every idle connection hears of it.
    pub(crate) async fn watch_phase(&self) {
        let mut phase = self.shared.phase.clone();
        loop {
            self.phase.set(*phase.borrow_and_update());
            self.timers.wake_all();
            if self.is_closing() || phase.changed().await.is_err() {
                return;
            }
        }
    }

    /// Closes connections that have rested long enough, and lets go of memory that nobody needs.
    pub(crate) async fn sweep(&self) {
        loop {
            tokio::time::sleep(SWEEP).await;
            let now = self.clock().now();
            self.upstreams.iter().for_each(|upstream| upstream.sweep(now));
            self.passing.sweep(now);
            self.blocks.sweep();
        }
    }

    pub(crate) async fn write_log(&self) {
        if let Some(log) = &self.log {
            log.drive().await;
        }
    }
}

impl<N: Net> Directory for Worker<N> {
    fn lists(&self, upstream: UpstreamId, address: SocketAddr) -> bool {
        self.upstream(upstream).is_some_and(|upstream| upstream.has(address))
    }
}
