//! Names to addresses, the way this machine is set up: `/etc/hosts`, then the name servers, search
//! domains and `ndots` of `/etc/resolv.conf`.

use std::path::PathBuf;
use std::time::Duration;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{Hosts, system_conf};

use super::families::{Servers, answer};
use super::{Answer, Resolve};

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

    /// The hosts file settles a name, both families, without any server.
    fn in_hosts_file(&self, host: &str) -> Option<Answer> {
        let mut hosts = Hosts::default();
        // Read anew each time: it is small, and may be changed while we run.
        hosts.read_hosts_conf(std::fs::File::open(&self.hosts).ok()?).ok()?;
        let name = Name::from_utf8(host).ok()?.to_lowercase();
        let of = |kind| hosts.lookup_static_host(&Query::query(name.clone(), kind));
        let found = [of(RecordType::A), of(RecordType::AAAA)];
        answer(found.iter().flatten())
    }
}

impl Resolve for Resolver {
    async fn resolve(&self, host: &str) -> Result<Answer, String> {
        if let Some(answer) = self.in_hosts_file(host) {
            return Ok(answer);
        }
        let name = Name::from_utf8(host).map_err(|error| error.to_string())?;
        let asked = tokio::time::timeout(PATIENCE, self.servers.resolve(name)).await;
        asked.map_err(|_| "no answer in time".to_owned())?
    }
}
