//! Names to addresses, the way this machine is set up: `/etc/hosts`, then the name servers, search
//! domains and `ndots` of `/etc/resolv.conf`.

use std::path::PathBuf;
use std::time::Duration;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::proto::rr::Name;
use tokio::sync::watch;

use super::families::Servers;
use super::resolv_conf::ResolvConf;
use super::stamp::Stamp;
use super::{Answer, Resolve, hosts, shortage};
use crate::notices::Notices;

/// Search domains multiply time-outs; nobody waits longer than this.
const PATIENCE: Duration = Duration::from_secs(15);

/// The port that name servers listen on.
const DNS: u16 = 53;

/// The machine's resolver.
pub(crate) struct Resolver {
    servers: watch::Sender<Servers>,
    /// None if the servers stay what they are.
    conf: Option<ResolvConf>,
    hosts: PathBuf,
    notices: Notices,
}

impl Resolver {
    /// As `/etc/hosts` and `/etc/resolv.conf` say. If the latter cannot be read there are no name servers
    /// until it can.
    ///
    /// # Errors
    /// If the resolver cannot be built at all.
    pub(crate) fn from_system(notices: Notices) -> Result<Self, String> {
        let conf = ResolvConf::at(PathBuf::from("/etc/resolv.conf"), DNS);
        Self::following(conf, PathBuf::from("/etc/hosts"), notices)
    }

    /// # Errors
    /// If the resolver cannot be built at all.
    pub(crate) fn following(
        conf: ResolvConf,
        hosts: PathBuf,
        notices: Notices,
    ) -> Result<Self, String> {
        // What changes from now on is read again.
        conf.has_changed();
        let (config, options) = conf.read().unwrap_or_else(|why| {
            notices.say(format_args!("no name servers: {why}; only /etc/hosts is used"));
            (ResolverConfig::from_parts(None, Vec::new(), Vec::new()), ResolverOpts::default())
        });
        let resolver = Self::new(config, options, hosts, notices)?;
        Ok(Self { conf: Some(conf), ..resolver })
    }

    /// # Errors
    /// If the configuration is unusable.
    pub(crate) fn new(
        config: ResolverConfig,
        options: ResolverOpts,
        hosts: PathBuf,
        notices: Notices,
    ) -> Result<Self, String> {
        let servers = watch::Sender::new(Servers::new(config, options)?);
        Ok(Self { servers, conf: None, hosts, notices })
    }

    /// The name servers of now.
    fn servers(&self) -> Servers {
        if let Some(conf) = self.conf.as_ref().filter(|conf| conf.has_changed()) {
            match conf.read().and_then(|(config, options)| Servers::new(config, options)) {
                Ok(servers) => {
                    self.notices.say(format_args!("/etc/resolv.conf has changed, and is in use"));
                    self.servers.send_replace(servers);
                }
                Err(why) => self.notices.say(format_args!(
                    "/etc/resolv.conf has changed: {why}; the name servers known so far stay in use"
                )),
            }
        }
        self.servers.borrow().clone()
    }
}

impl Resolve for Resolver {
    async fn resolve(&self, host: &str) -> Result<Answer, String> {
        // The hosts file settles a name, both families, without any server.
        if let Some(answer) = hosts::find(&self.hosts, host) {
            return Ok(answer);
        }
        let name = question(host).ok_or("no name server can be asked for such a name")?;
        let servers = self.servers();
        let asked = tokio::time::timeout(PATIENCE, servers.resolve(name)).await;
        asked.unwrap_or_else(|_| Err("no answer in time".to_owned())).map_err(|why| {
            shortage().map_or(why, |want| format!("no name server can be asked: {want}"))
        })
    }

    /// A name that servers know may have come into the hosts file.
    fn revised(&self) -> impl Future<Output = ()> + Send {
        let before = Stamp::of(&self.hosts);
        async move {
            while Stamp::of(&self.hosts) == before {
                tokio::time::sleep(hosts::FRESH).await;
            }
        }
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
