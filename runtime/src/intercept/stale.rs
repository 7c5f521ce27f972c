//! What the kernel remembers of connections whose end it did not see.
//!
//! It follows connections only while rules ask for it. So those that end when our table has gone stay
//! on record, for days, and one that comes by the same four numbers is taken for them: it goes past
//! the proxy, or to a proxy that it should not see. Therefore a start has them forgotten. What a stop
//! leaves does nothing until somebody's rules translate addresses again.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use super::conntrack::{self, Entry};
use super::netfilter::Netfilter;
use super::sockets;
use crate::spec::Intercept;

/// To be called before connections are redirected: those that come later are on record rightly.
///
/// # Errors
/// What the kernel does not tell, or not do.
pub(super) fn forget(netfilter: &Netfilter, intercept: &Intercept) -> io::Result<()> {
    let mut entries = conntrack::entries(netfilter)?;
    entries.retain(|entry| is_concerned(entry, intercept));
    if entries.is_empty() {
        return Ok(());
    }
    // After the entries: whoever has the numbers of one by now is alive.
    let alive = sockets::connected()?;
    let mut locals = Locals::default();
    let mut gone = entries.into_iter().filter(|it| is_gone(it, &alive) && locals.has(it.from.ip()));
    gone.try_for_each(|entry| conntrack::forget(netfilter, entry))
}

/// A new connection by these numbers would be redirected, or an old one was.
fn is_concerned(entry: &Entry, intercept: &Intercept) -> bool {
    let redirected = entry.answers != entry.to && entry.answers.ip().is_loopback();
    redirected || intercept.redirects(entry.to)
}

fn is_gone(entry: &Entry, alive: &BTreeSet<(SocketAddr, SocketAddr)>) -> bool {
    !alive.contains(&(entry.from, entry.to))
}

/// Addresses of this namespace: what it forwards for others has its sockets elsewhere.
#[derive(Default)]
struct Locals(BTreeMap<IpAddr, bool>);

impl Locals {
    fn has(&mut self, ip: IpAddr) -> bool {
        *self.0.entry(ip).or_insert_with(|| UdpSocket::bind((ip, 0)).is_ok())
    }
}
