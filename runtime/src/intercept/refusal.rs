//! Why connections cannot be redirected: one sentence each, which says what to do.

use std::io;
use std::net::SocketAddr;

use super::neighbours::Neighbour;
use crate::exit::Exit;

/// Why the rules of `intercept` are not, or not rightly, in force. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "may not redirect connections in this network namespace: give the process CAP_NET_ADMIN \
         (container: `capabilities: add: [NET_ADMIN]`, binary: `setcap cap_net_admin+p`)"
    )]
    NotPermitted,
    #[error(
        "the proxy would make its calls as root, and all of root's calls would go past it; write \
         `user N` in `service`, or start it under a uid that nobody else uses"
    )]
    Root,
    #[error(
        "uid {uid} is also used by process {} (`{}`), whose calls would go past the proxy; run it \
         under another uid, or write another `user` in the policy", neighbour.id, neighbour.name
    )]
    Shared { uid: u32, neighbour: Neighbour },
    #[error(
        "the table `inet {table}` belongs to a running process (netlink port {by}): another \
         ambassador of this service redirects here; stop it first"
    )]
    Owned { table: String, by: u32 },
    #[error(
        "the table `inet {table}` is not of our making; remove it: `nft delete table inet {table}`"
    )]
    Foreign { table: String },
    #[error("the kernel does not {what}: {error}; nf_tables with NAT is needed")]
    Kernel { what: &'static str, error: io::Error },
    #[error(
        "the rules are installed, but a connection to {destination} did not arrive at the proxy \
         ({why}); they are removed again: look for other rules with `nft list ruleset`"
    )]
    Unverified { destination: SocketAddr, why: String },
}

impl Refusal {
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::NotPermitted => Exit::NoPermission,
            Self::Root | Self::Shared { .. } => Exit::Configuration,
            Self::Owned { .. } | Self::Foreign { .. } => Exit::Unavailable,
            Self::Kernel { .. } | Self::Unverified { .. } => Exit::Os,
        }
    }

    /// What the kernel refused.
    pub(super) fn kernel(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| match error.kind() {
            io::ErrorKind::PermissionDenied => Self::NotPermitted,
            _ => Self::Kernel { what, error },
        }
    }
}
