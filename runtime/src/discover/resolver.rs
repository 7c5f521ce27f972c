//! Names to addresses, the way this machine is set up: `/etc/hosts`, then the name servers, search
//! domains and `ndots` of `/etc/resolv.conf`.

use std::path::PathBuf;
use std::time::Duration;

use hickory_resolver::config::{LookupIpStrategy, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{Hosts, TokioResolver, system_conf};

use super::{Answer, FRESH_MOST, Resolve};

/// A name without an answer is asked for again after this time at the latest, whatever the zone
/// says: an upstream that is about to be deployed should be found soon.
const NEGATIVE_MOST: Duration = Duration::from_secs(1);

/// Search domains multiply time-outs; nobody waits longer than this.
const PATIENCE: Duration = Duration::from_secs(15);

/// The machine's resolver.
pub(crate) struct Resolver {
    dns: TokioResolver,
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
        let provider = TokioRuntimeProvider::default();
        let dns = TokioResolver::builder_with_config(without_domain(config), provider)
            .with_options(with_bounds(options))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { dns, hosts })
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
        let asked = tokio::time::timeout(PATIENCE, self.dns.lookup_ip(host)).await;
        let found = asked.map_err(|_| "no answer in time".to_owned())?;
        let found = found.map_err(|error| why(&error))?;
        answer([found.as_lookup()]).ok_or_else(|| "the name has no addresses".to_owned())
    }
}

/// Why a look-up failed, in the words of people who run services.
fn why(error: &NetError) -> String {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => "the name does not exist".to_owned(),
            _ => "the name has no addresses".to_owned(),
        },
        NetError::NoConnections => "no name server can be reached".to_owned(),
        other => other.to_string(),
    }
}

/// The addresses of some records, for as long as all of them hold, aliases on the way included.
fn answer<'a>(lookups: impl IntoIterator<Item = &'a Lookup>) -> Option<Answer> {
    let mut answer = Answer { addresses: Vec::new(), ttl: FRESH_MOST };
    for record in lookups.into_iter().flat_map(Lookup::answers) {
        answer.ttl = answer.ttl.min(Duration::from_secs(record.ttl.into()));
        answer.addresses.extend(record.data.ip_addr());
    }
    (!answer.addresses.is_empty()).then_some(answer)
}

/// The search list already holds the domain where there is no other; the host name's own domain is
/// not searched (resolv.conf(5)).
fn without_domain(config: ResolverConfig) -> ResolverConfig {
    let (_, search, servers) = config.into_parts();
    ResolverConfig::from_parts(None, search, servers)
}

fn with_bounds(options: ResolverOpts) -> ResolverOpts {
    let mut options = options;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.use_hosts_file = ResolveHosts::Never;
    options.positive_max_ttl = Some(FRESH_MOST);
    options.negative_max_ttl = Some(NEGATIVE_MOST);
    options.preserve_intermediates = true;
    options
}
