//! Endpoints that no policy knows: where callers wanted to go, `otherwise pass`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use super::{Endpoint, Lease};
use crate::clock::Moment;
use crate::net::{Connect, Dialled, Target};

/// Those that connections lead to.
pub(crate) struct Passing<C: Connect>(RefCell<BTreeMap<Destination, Lease<C>>>);

/// What a caller dialled.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Destination {
    Address(SocketAddr),
    Name(Box<str>, u16),
}

impl<C: Connect> Passing<C> {
    pub(crate) fn at(&self, target: Target<'_>) -> Lease<C> {
        let (destination, address) = match target {
            Target::Upstream(_, address) | Target::Original(address) => {
                (Destination::Address(address), address)
            }
            // The name is asked for when there is no connection.
            Target::Name(&Dialled { host, port, .. }) => (
                Destination::Name(host.into(), port),
                SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
            ),
        };
        let mut endpoints = self.0.borrow_mut();
        endpoints.entry(destination).or_insert_with(|| Endpoint::at(address)).clone()
    }

    /// Closes connections that have rested long enough, and forgets endpoints without any.
    pub(crate) fn sweep(&self, now: Moment) {
        self.0.borrow_mut().retain(|_, endpoint| {
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
