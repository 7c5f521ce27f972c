//! What must hold before a rule is installed. Looks, and changes nothing.

use std::io;

use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use super::netfilter::{Netfilter, Table};
use super::{Refusal, neighbours};

/// A namespace in which our rules may be installed.
#[derive(Debug)]
pub(super) struct Cleared {
    pub(super) netfilter: Netfilter,
    pub(super) table: String,
    /// A former process left the table to us.
    pub(super) orphan: bool,
}

/// # Errors
/// The first thing that stands against it.
pub(super) fn check(service: &str, user: u32) -> Result<Cleared, Refusal> {
    if user == 0 {
        return Err(Refusal::Root);
    }
    raise_capability();
    let netfilter = Netfilter::open().map_err(Refusal::kernel("speak netfilter"))?;
    let table = format!("amb-{service}");
    let found = netfilter.table(&table).map_err(Refusal::kernel("show its tables"))?;
    let orphan = match found {
        Table::Missing => false,
        Table::Orphan => true,
        Table::Owned { by } => return Err(Refusal::Owned { table, by }),
        Table::Loose => return Err(Refusal::Foreign { table }),
    };
    match neighbours::user_of(user) {
        Some(neighbour) => Err(Refusal::Shared { uid: user, neighbour }),
        None => Ok(Cleared { netfilter, table, orphan }),
    }
}

/// A file capability may be permitted without being effective: the binary then starts, too, where
/// it is not granted.
fn raise_capability() {
    let raise = || -> io::Result<()> {
        let mut sets = capabilities(None)?;
        sets.effective |= sets.permitted & CapabilitySet::NET_ADMIN;
        Ok(set_capabilities(None, sets)?)
    };
    // Whether it is there shows when it is used.
    drop(raise());
}
