//! One address, and the connections that lead there.

use std::net::SocketAddr;
use std::ops::Deref;
use std::rc::Rc;

use super::http2;
use super::idle::Idle;
use crate::clock::Moment;
use crate::net::Connect;

/// An address that calls can go to.
pub(crate) struct Endpoint<C: Connect> {
    pub(crate) address: SocketAddr,
    /// Connections that carry one call at a time, while they carry none.
    pub(crate) idle: Idle<C::Up>,
    /// Connections that carry many.
    pub(crate) streams: http2::Pool,
}

/// A hold on an endpoint: a try takes one, and has it until its connection is needed no more. The
/// endpoint outlives the name server's answer by that.
pub(crate) struct Lease<C: Connect>(Rc<Endpoint<C>>);

impl<C: Connect> Endpoint<C> {
    /// Without any connection yet.
    pub(crate) fn at(address: SocketAddr) -> Lease<C> {
        let (idle, streams) = (Idle::default(), http2::Pool::default());
        Lease(Rc::new(Self { address, idle, streams }))
    }

    /// Closes connections that have rested long enough.
    pub(super) fn sweep(&self, now: Moment) {
        self.idle.sweep(now);
        self.streams.sweep(now);
    }

    /// No connection leads there, and nobody is about to make one.
    pub(super) fn is_unused(&self) -> bool {
        self.idle.is_empty() && self.streams.is_empty()
    }
}

impl<C: Connect> Clone for Lease<C> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<C: Connect> Deref for Lease<C> {
    type Target = Endpoint<C>;

    fn deref(&self) -> &Endpoint<C> {
        &self.0
    }
}
