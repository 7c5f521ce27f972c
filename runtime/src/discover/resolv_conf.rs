//! `/etc/resolv.conf` (resolv.conf(5)), looked at again before each look-up: networks change while a proxy
//! runs, and so do their name servers.

use std::fs;
use std::path::PathBuf;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::system_conf::parse_resolv_conf;
use tokio::sync::watch;

use super::stamp::Stamp;

/// The file, and what of it has been seen.
pub(crate) struct ResolvConf {
    path: PathBuf,
    /// Of all its name servers; the file cannot say it.
    port: u16,
    seen: watch::Sender<Option<Stamp>>,
}

impl ResolvConf {
    pub(crate) fn at(path: PathBuf, port: u16) -> Self {
        Self { path, port, seen: watch::Sender::new(None) }
    }

    /// Is it there, and another one than at the last time that this was asked? A link leads to its target.
    pub(super) fn has_changed(&self) -> bool {
        let Some(now) = Stamp::of(&self.path) else { return false };
        let now = Some(now);
        self.seen.send_if_modified(|seen| std::mem::replace(seen, now) != now)
    }

    /// # Errors
    /// That it cannot be read, or names no server.
    pub(super) fn read(&self) -> Result<(ResolverConfig, ResolverOpts), String> {
        let text = fs::read(&self.path).map_err(|error| error.to_string())?;
        let (config, options) = parse_resolv_conf(text).map_err(|error| error.to_string())?;
        let (domain, search, mut servers) = config.into_parts();
        for connection in servers.iter_mut().flat_map(|server| &mut server.connections) {
            connection.port = self.port;
        }
        Ok((ResolverConfig::from_parts(domain, search, servers), options))
    }
}
