//! From a clear namespace to rules that are in force, and that are ours.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::process::geteuid;

use super::netfilter::Netfilter;
use super::rules::Rules;
use super::{Refusal, preflight, stale, verify};
use crate::clock::Clock;
use crate::spec::Intercept;

/// Rules in force. The kernel goes by `on-exit` when this is dropped, or the process ends.
#[derive(Debug)]
pub(crate) struct Redirect {
    netfilter: Netfilter,
    table: String,
    intercept: &'static Intercept,
    /// The proxy's uid.
    user: u32,
    port: u16,
    /// Traffic was cut before we came; if we fail, it stays so.
    adopted: bool,
    /// Why connections that have ended are remembered still.
    remembers: Option<io::Error>,
}

/// What the trial of a redirect needs, and brings.
pub(crate) struct Trial<'a> {
    pub(crate) clock: Clock,
    /// Every socket of the shared port.
    pub(crate) listeners: Vec<&'a TcpListener>,
    /// Addresses that calls may go to.
    pub(crate) upstreams: Vec<SocketAddr>,
    /// Callers that came while we looked.
    pub(crate) early: Vec<TcpStream>,
}

impl Redirect {
    /// Looks whether rules could be installed.
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub(crate) fn preflight(service: &str, user: u32) -> Result<(), Refusal> {
        preflight::check(service, user).map(drop)
    }

    /// Sends new connections of other users to `port`, from the moment when this returns.
    ///
    /// # Errors
    /// What stands against it; then nothing has changed.
    pub(crate) fn install(
        service: &str,
        intercept: &'static Intercept,
        user: u32,
        port: u16,
    ) -> Result<Self, Refusal> {
        let cleared = preflight::check(service, user)?;
        let remembers = stale::forget(&cleared.netfilter, intercept).err();
        let redirect = Self {
            netfilter: cleared.netfilter,
            table: cleared.table,
            intercept,
            user,
            port,
            adopted: cleared.orphan,
            remembers,
        };
        // The trial must be redirected, so whoever makes it is no exception yet.
        let trying = geteuid().as_raw();
        let uids: Vec<u32> = redirect.uids().filter(|uid| *uid != trying).collect();
        let rules = redirect.rules(&uids);
        let messages = if redirect.adopted { rules.adopt() } else { rules.install() };
        let installed = redirect.netfilter.transaction(messages);
        installed.map_err(Refusal::kernel("take the rules"))?;
        Ok(redirect)
    }

    /// Makes real connections, which must arrive at the listeners. Returns where to.
    ///
    /// # Errors
    /// That one did not; then the rules are gone.
    pub(crate) fn verify(&self, trial: &mut Trial<'_>) -> Result<Vec<SocketAddr>, Refusal> {
        let tried = verify::all(self.intercept, trial).and_then(|tried| {
            self.exempt_ourselves()?;
            Ok(tried)
        });
        if tried.is_err() && !self.adopted {
            // An owned table would go by itself; one that is to stay would not.
            drop(self.netfilter.transaction(vec![self.rules(&[]).delete()]));
        }
        tried
    }

    /// Why a connection may be taken for one of a former process; `None` if it is not.
    pub(crate) const fn remembers(&self) -> Option<&io::Error> {
        self.remembers.as_ref()
    }

    /// `inet amb-order`
    pub(crate) fn table(&self) -> String {
        format!("inet {}", self.table)
    }

    fn exempt_ourselves(&self) -> Result<(), Refusal> {
        let trying = geteuid().as_raw();
        if !self.uids().any(|uid| uid == trying) {
            return Ok(());
        }
        let exempt = self.rules(&[]).exempt(&[trying]);
        self.netfilter.transaction(vec![exempt]).map_err(Refusal::kernel("take the rules"))
    }

    fn uids(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.user).chain(self.intercept.except_uids.iter().copied())
    }

    fn rules<'a>(&'a self, uids: &'a [u32]) -> Rules<'a> {
        Rules { table: &self.table, intercept: self.intercept, port: self.port, uids }
    }
}
