//! Endpoints that no policy knows: where callers wanted to go, `otherwise pass`.

use std::cell::RefCell;
use std::net::SocketAddr;

use super::{Endpoint, Lease};
use crate::clock::Moment;
use crate::net::Connect;

/// Those that connections lead to.
pub(crate) struct Passing<C: Connect>(RefCell<Vec<Lease<C>>>);

impl<C: Connect> Passing<C> {
    pub(crate) fn at(&self, address: SocketAddr) -> Lease<C> {
        let mut endpoints = self.0.borrow_mut();
        if let Some(known) = endpoints.iter().find(|endpoint| endpoint.address == address) {
            return known.clone();
        }
        let new = Endpoint::at(address);
        endpoints.push(new.clone());
        new
    }

    /// Closes connections that have rested long enough, and forgets endpoints without any.
    pub(crate) fn sweep(&self, now: Moment) {
        self.0.borrow_mut().retain(|endpoint| {
            endpoint.sweep(now);
            !endpoint.is_unused()
        });
    }
}

impl<C: Connect> Default for Passing<C> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}
