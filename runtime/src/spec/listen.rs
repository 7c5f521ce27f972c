//! Who carries traffic, and where it comes in.

use std::net::SocketAddr;

use super::{Spec, UpstreamId, UpstreamSpec};

/// How many threads carry traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// One per core that the process may use.
    Auto,
    /// As many threads.
    Exactly(usize),
}

/// A port that calls reach us on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listener {
    /// Where it listens; port 0 lets the kernel choose.
    pub(crate) address: SocketAddr,
    /// How a call that comes in here reached us.
    pub(crate) inbound: Inbound,
    /// The machine may not have addresses of this family.
    pub(crate) optional: bool,
}

impl Listener {
    /// The port for all upstreams: the name dialled decides.
    pub(crate) const fn shared(address: SocketAddr) -> Self {
        Self { address, inbound: Inbound::Shared, optional: false }
    }

    /// The shared port for redirected connections of the other address family; port 0 means the
    /// number that the shared port got.
    pub(crate) const fn twin(address: SocketAddr) -> Self {
        Self { address, inbound: Inbound::Shared, optional: true }
    }

    /// The own port of one upstream.
    pub(crate) const fn own(address: SocketAddr, upstream: UpstreamId) -> Self {
        Self { address, inbound: Inbound::Own(upstream), optional: false }
    }
}

/// The shared port first, then the upstreams' own ones.
pub(crate) fn listeners<S: Spec>() -> Vec<Listener> {
    let own = |(at, upstream): (usize, &UpstreamSpec)| {
        Some(Listener::own(upstream.listen?, UpstreamId(at)))
    };
    let shared = [Listener::shared(S::LISTEN)].into_iter().chain(S::TWIN.map(Listener::twin));
    shared.chain(S::UPSTREAMS.iter().enumerate().filter_map(own)).collect()
}

/// How a call reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// On the port for all upstreams.
    Shared,
    /// On the port of this upstream.
    Own(UpstreamId),
    /// Redirected to the shared port; it wanted to go there.
    Redirected(SocketAddr),
}

impl Inbound {
    /// Can a call be meant for one of these ports? A redirected one names its port by dialling it;
    /// any other is meant for whom its `Host` names.
    pub fn dialled(self, ports: &[u16]) -> bool {
        match self {
            Self::Redirected(original) => ports.contains(&original.port()),
            Self::Shared | Self::Own(_) => true,
        }
    }
}
