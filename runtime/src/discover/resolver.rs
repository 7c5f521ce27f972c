//! Names to addresses, the way this machine is set up: `/etc/hosts`, then the name servers, search
//! domains and `ndots` of `/etc/resolv.conf`.

use std::path::PathBuf;
use std::time::Duration;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::proto::rr::Name;
use hickory_resolver::system_conf;

use super::families::Servers;
use super::{Answer, Resolve, hosts};

/// Search domains multiply time-outs; nobody waits longer than this.
const PATIENCE: Duration = Duration::from_secs(15);

/// The machine's resolver.
pub(crate) struct Resolver {
    servers: Servers,
    hosts: PathBuf,
}

impl Resolver {
    /// As `/etc/resolv.conf` says. If that cannot be read there are no name servers, and the second
    /// value says why.
    ///
    /// # Errors
    /// If the resolver cannot be built at all.
    pub(crate) fn from_system() -> Result<(Self, Option<String>), String> {
        let hosts = PathBuf::from("/etc/hosts");
        match system_conf::read_system_conf() {
            Ok((config, options)) => Ok((Self::new(config, options, hosts)?, None)),
            Err(error) => {
                let none = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
                let resolver = Self::new(none, ResolverOpts::default(), hosts)?;
                Ok((resolver, Some(error.to_string())))
            }
        }
    }

    /// # Errors
    /// If the configuration is unusable.
    pub(crate) fn new(
        config: ResolverConfig,
        options: ResolverOpts,
        hosts: PathBuf,
    ) -> Result<Self, String> {
        Ok(Self { servers: Servers::new(config, options)?, hosts })
    }
}

impl Resolve for Resolver {
    async fn resolve(&self, host: &str) -> Result<Answer, String> {
        // The hosts file settles a name, both families, without any server.
        if let Some(answer) = hosts::find(&self.hosts, host) {
            return Ok(answer);
        }
        let name = question(host).ok_or("no name server can be asked for such a name")?;
        let asked = tokio::time::timeout(PATIENCE, self.servers.resolve(name)).await;
        asked.map_err(|_| "no answer in time".to_owned())?
    }
}

/// A host as the name that servers are asked for. Whatever of letters, digits, `-` and `_` a label is made of,
/// DNS can carry it (RFC 2181 §11), and a policy's names are among them.
fn question(host: &str) -> Option<Name> {
    if !host.is_ascii() {
        return Name::from_utf8(host).ok();
    }
    let (labels, full) = host.strip_suffix('.').map_or((host, false), |labels| (labels, true));
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    let label = |label: &str| !label.is_empty() && label.bytes().all(fits);
    if !labels.split('.').all(label) {
        return None;
    }
    let mut name = Name::from_labels(labels.split('.').map(str::as_bytes)).ok()?;
    name.set_fqdn(full);
    Some(name)
}
