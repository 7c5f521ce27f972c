//! One worker's side of the upstreams: which endpoints there are, which one is next, which
//! connections are free.

mod pool;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::Moment;
use crate::http2;
use crate::net::Connect;
use crate::spec::{Protocol, UpstreamSpec};
use pool::Pool;

/// An upstream as one worker sees it.
#[derive(Debug)]
pub(crate) struct Upstream<N: Connect> {
    /// `host:port`, for a request that names no host.
    pub(crate) authority: Box<str>,
    endpoints: RefCell<Arc<[SocketAddr]>>,
    turn: Cell<usize>,
    pub(crate) protocol: Protocol,
    /// Connections that carry one call at a time.
    pub(crate) pool: Pool<N::Up>,
    /// Connections that carry many.
    pub(crate) streams: http2::Pool,
}

impl<N: Connect> Upstream<N> {
    /// `turn`: where the round begins, so that workers do not all begin at the same endpoint.
    pub(crate) fn new(spec: &UpstreamSpec, turn: usize) -> Self {
        Self {
            authority: spec.address.authority(),
            endpoints: RefCell::new(Arc::from([])),
            turn: Cell::new(turn),
            protocol: spec.protocol,
            pool: Pool::default(),
            streams: http2::Pool::default(),
        }
    }

    /// New addresses; connections to those that are gone are closed.
    pub(crate) fn update(&self, endpoints: Arc<[SocketAddr]>) {
        self.pool.retain(|endpoint| endpoints.contains(&endpoint));
        self.streams.retain(|endpoint| endpoints.contains(&endpoint));
        self.endpoints.replace(endpoints);
    }

    /// How many addresses it has.
    pub(crate) fn endpoints(&self) -> usize {
        self.endpoints.borrow().len()
    }

    pub(crate) fn has(&self, address: SocketAddr) -> bool {
        self.endpoints.borrow().contains(&address)
    }

    /// Closes connections that have rested long enough.
    pub(crate) fn sweep(&self, now: Moment) {
        self.pool.sweep(now);
        self.streams.sweep(now);
    }

    /// The next endpoint in turn, another one than `last` if there is any.
    pub(crate) fn pick(&self, last: Option<SocketAddr>) -> Option<SocketAddr> {
        let endpoints = self.endpoints.borrow();
        let turn = self.turn.get();
        let mut round = (0..endpoints.len()).map(|step| turn.wrapping_add(step));
        let position =
            round.find(|&at| endpoints.get(at % endpoints.len()).copied() != last).unwrap_or(turn);
        self.turn.set(position.wrapping_add(1));
        endpoints.get(position.checked_rem(endpoints.len())?).copied()
    }
}
