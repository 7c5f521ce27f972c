//! Who carries traffic, and where it comes in.

use std::net::SocketAddr;

use super::UpstreamId;

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
pub struct Listener {
    /// Where it listens; port 0 lets the kernel choose.
    pub address: SocketAddr,
    /// How a call that comes in here reached us.
    pub inbound: Inbound,
    /// The machine may not have addresses of this family.
    pub optional: bool,
}

impl Listener {
    /// The port for all upstreams: the name dialled decides.
    pub const fn shared(address: SocketAddr) -> Self {
        Self { address, inbound: Inbound::Shared, optional: false }
    }

    /// The shared port for redirected connections of the other address family; port 0 means the
    /// number that the shared port got.
    pub const fn twin(address: SocketAddr) -> Self {
        Self { address, inbound: Inbound::Shared, optional: true }
    }

    /// The own port of one upstream.
    pub const fn own(address: SocketAddr, upstream: UpstreamId) -> Self {
        Self { address, inbound: Inbound::Own(upstream), optional: false }
    }
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
