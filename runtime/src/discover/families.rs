//! A name's addresses from name servers: one candidate of the search list after another, and of each both
//! families, asked apart.
//!
//! Some servers never answer questions for AAAA (RFC 4074 §4.1). What has come is used although the other
//! family stays silent (RFC 8305 §3).

use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RecordType};

use super::{Answer, FRESH_MOST};

/// When one family has settled what there is to know, the other one has this time left (RFC 8305 §3).
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// A name without an answer is asked for again after this time at the latest, whatever the zone
/// says: an upstream that is about to be deployed should be found soon.
const NEGATIVE_MOST: Duration = Duration::from_secs(1);

/// Name servers, and how names become questions for them.
#[derive(Clone)]
pub(super) struct Servers {
    dns: TokioResolver,
    search: Vec<Name>,
    ndots: usize,
}

impl Servers {
    /// # Errors
    /// If the configuration is unusable.
    pub(super) fn new(config: ResolverConfig, options: ResolverOpts) -> Result<Self, String> {
        // The search list already holds the domain where there is no other; the host name's own domain
        // is not searched (resolv.conf(5)).
        let (_, search, servers) = config.into_parts();
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let ndots = options.ndots;
        let dns = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(with_bounds(options))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { dns, search, ndots })
    }

    /// The addresses of the first candidate that has any.
    pub(super) async fn resolve(&self, name: Name) -> Result<Answer, String> {
        let mut why = String::new();
        for candidate in self.candidates(name) {
            match self.both(candidate).await {
                Ok(answer) => return Ok(answer),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    /// The full names that a name may stand for, in the order of resolv.conf(5).
    fn candidates(&self, mut name: Name) -> Vec<Name> {
        if name.is_fqdn() {
            return vec![name];
        }
        let searched = self.search.iter().filter_map(|end| name.clone().append_domain(end).ok());
        let mut candidates: Vec<Name> = searched.collect();
        let first = usize::from(name.num_labels()) > self.ndots || name.is_localhost();
        name.set_fqdn(true);
        candidates.retain(|candidate| *candidate != name);
        candidates.insert(if first { 0 } else { candidates.len() }, name);
        candidates
    }

    async fn both(&self, name: Name) -> Result<Answer, String> {
        let v4 = self.dns.lookup(name.clone(), RecordType::A);
        let v6 = self.dns.lookup(name, RecordType::AAAA);
        let (mut v4, mut v6) = (std::pin::pin!(v4), std::pin::pin!(v6));
        let (v4, v6) = tokio::select! {
            v4 = &mut v4 => {
                // A server that has no such name has it for neither family.
                let settled = has_addresses(&v4) || is_no_name(&v4);
                let v6 = left(v6, settled).await;
                (Some(v4), v6)
            }
            v6 = &mut v6 => {
                // Some servers say so of names that do have addresses of version 4 (RFC 4074 §4.2).
                let v4 = left(v4, has_addresses(&v6)).await;
                (v4, Some(v6))
            }
        };
        let found = [&v4, &v6].into_iter().flatten().flatten();
        if let Some(answer) = answer(found) {
            return Ok(answer);
        }
        let error = [v4, v6].into_iter().flatten().find_map(Result::err);
        Err(error.map_or_else(|| NO_ADDRESSES.to_owned(), |error| why(&error)))
    }
}

const NO_ADDRESSES: &str = "the name has no addresses";

type Found = Result<Lookup, NetError>;

/// What the other family brings, in the time that is left to it.
async fn left(other: impl Future<Output = Found>, settled: bool) -> Option<Found> {
    if settled {
        return tokio::time::timeout(RESOLUTION_DELAY, other).await.ok();
    }
    Some(other.await)
}

fn has_addresses(found: &Found) -> bool {
    found.as_ref().is_ok_and(|lookup| lookup.answers().iter().any(|it| it.data.ip_addr().is_some()))
}

fn is_no_name(found: &Found) -> bool {
    let Err(NetError::Dns(DnsError::NoRecordsFound(none))) = found else { return false };
    none.response_code == ResponseCode::NXDomain
}

/// Why a look-up failed, in the words of people who run services.
fn why(error: &NetError) -> String {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => "the name does not exist".to_owned(),
            _ => NO_ADDRESSES.to_owned(),
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

fn with_bounds(options: ResolverOpts) -> ResolverOpts {
    let mut options = options;
    options.use_hosts_file = ResolveHosts::Never;
    options.positive_max_ttl = Some(FRESH_MOST);
    options.negative_max_ttl = Some(NEGATIVE_MOST);
    options.preserve_intermediates = true;
    options
}
