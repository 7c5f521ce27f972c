//! What must hold before a rule is installed. Looks, and changes nothing.

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
