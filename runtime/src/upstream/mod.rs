//! One worker's side of the upstreams: which endpoints there are, which one is next, which
//! connections lead there.

mod endpoint;
pub(crate) mod http2;
mod idle;
mod passing;

use endpoint::Endpoint;
pub(crate) use endpoint::Lease;
pub(crate) use passing::Passing;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;

use crate::clock::Moment;
use crate::net::Connect;
use crate::spec::{Protocol, UpstreamSpec};

/// An upstream as one worker sees it.
pub(crate) struct Upstream<C: Connect> {
    /// `host:port`, for a request that names no host.
    pub(crate) authority: Box<str>,
    endpoints: RefCell<Vec<Lease<C>>>,
    turn: Cell<usize>,
    pub(crate) protocol: Protocol,
}

impl<C: Connect> Upstream<C> {
    /// `turn`: where the round begins, so that workers do not all begin at the same endpoint.
    pub(crate) fn new(spec: &UpstreamSpec, turn: usize) -> Self {
        Self {
            authority: spec.address.authority(),
            endpoints: RefCell::default(),
            turn: Cell::new(turn),
            protocol: spec.protocol,
        }
    }

    /// New addresses. Connections to those that stay are kept; those to the others end with the calls
    /// on them.
    pub(crate) fn update(&self, addresses: &[SocketAddr]) {
        let mut endpoints = self.endpoints.borrow_mut();
        let known = |&address: &SocketAddr| {
            let known = endpoints.iter().find(|endpoint| endpoint.address == address);
            known.map_or_else(|| Endpoint::at(address), Lease::clone)
        };
        let next = addresses.iter().map(known).collect();
        *endpoints = next;
    }

    /// How many addresses it has.
    pub(crate) fn endpoints(&self) -> usize {
        self.endpoints.borrow().len()
    }

    pub(crate) fn has(&self, address: SocketAddr) -> bool {
        self.endpoints.borrow().iter().any(|endpoint| endpoint.address == address)
    }

    /// Closes connections that have rested long enough.
    pub(crate) fn sweep(&self, now: Moment) {
        self.endpoints.borrow().iter().for_each(|endpoint| endpoint.sweep(now));
    }

    /// The endpoint behind that address; the first is behind the last.
    pub(crate) fn after(&self, address: SocketAddr) -> Option<Lease<C>> {
        let endpoints = self.endpoints.borrow();
        let mut round = endpoints.iter().chain(endpoints.iter());
        round.find(|endpoint| endpoint.address == address)?;
        round.next().cloned()
    }

    /// The next endpoint in turn, another one than `last` if there is any.
    pub(crate) fn pick(&self, last: Option<SocketAddr>) -> Option<Lease<C>> {
        let endpoints = self.endpoints.borrow();
        let turn = self.turn.get();
        let at = |position: usize| endpoints.get(position.checked_rem(endpoints.len())?);
        let mut round = (0..endpoints.len()).map(|step| turn.wrapping_add(step));
        let another = |&position: &usize| at(position).map(|endpoint| endpoint.address) != last;
        let position = round.find(another).unwrap_or(turn);
        self.turn.set(position.wrapping_add(1));
        at(position).cloned()
    }
}
