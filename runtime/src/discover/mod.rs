//! Where the upstreams are.
//!
//! One task per name asks, publishes the addresses and sleeps until the answer's TTL ends. Tasks
//! share nothing but the resolver, so a name whose server is dead delays no other. When a name
//! stops resolving, its last addresses stay in use: they are more often right than none is.

mod families;
mod hosts;
mod lookup;
mod reach;
mod resolv_conf;
mod resolver;
mod stamp;

pub(crate) use lookup::Lookup;
pub(crate) use reach::{is_own_want, shortage};
pub(crate) use resolver::Resolver;

use std::fmt::{self, Display};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::{Clock, Moment};
use crate::notices::Notices;
use crate::spec::{Address, UpstreamSpec};

/// The addresses of one upstream, now and whenever they change.
pub(crate) type Endpoints = watch::Receiver<Arc<[SocketAddr]>>;

/// An answer is used at least that long, whatever its TTL says.
const FRESH_LEAST: Duration = Duration::from_secs(1);
/// And at most that long: a TTL of a day would outlive the deployment it points at.
const FRESH_MOST: Duration = Duration::from_secs(5 * 60);
/// After this many doublings the wait between two failing look-ups has reached [`RETRY_MOST`].
const RETRY_DOUBLINGS: u32 = 5;
const RETRY_MOST: Duration = Duration::from_secs(30);

/// Addresses that a line on standard error shows.
const LISTED: usize = 4;

/// What a name resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Never empty.
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) ttl: Duration,
}

/// The addresses of an answer that are of use here, and for how long they are used.
fn in_use(answer: Answer) -> Result<(Vec<IpAddr>, Duration), String> {
    let usable = reach::usable(&answer.addresses);
    let usable = usable.map_err(|error| format!("its routes cannot be asked for: {error}"))?;
    Ok((usable, answer.ttl.clamp(FRESH_LEAST, FRESH_MOST)))
}

/// Whoever knows the addresses of names.
pub(crate) trait Resolve: Send + Sync + 'static {
    fn resolve(&self, host: &str) -> impl Future<Output = Result<Answer, String>> + Send;

    /// Ends when answers that came before this call may be others now, whatever their TTL says.
    fn revised(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// The addresses of all upstreams, and how they came about.
#[derive(Clone, Debug)]
pub(crate) struct Discovery {
    /// Indexed by `UpstreamId`.
    pub(crate) endpoints: Vec<Endpoints>,
    /// Indexed by `UpstreamId`.
    pub(crate) status: Vec<watch::Receiver<Status>>,
}

/// How the look-ups of one upstream fare.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    /// Looked up at least once, or fixed by the policy.
    pub(crate) settled: bool,
    /// When the addresses in use were answered; none if they are fixed, or if there are none.
    pub(crate) answered: Option<Moment>,
    /// Why the last look-up failed, if it did.
    pub(crate) error: Option<String>,
}

impl Discovery {
    /// Starts one task per name on the present runtime.
    pub(crate) fn start<R: Resolve>(
        upstreams: &'static [UpstreamSpec],
        resolver: &Arc<R>,
        clock: Clock,
        notices: Notices,
    ) -> Self {
        let follow = |spec: &'static UpstreamSpec| match spec.address {
            Address::Fixed(addresses) => fixed(addresses),
            Address::Dns { host, port } => {
                let (publisher, endpoints, status) =
                    Publisher::new(spec.name, port, clock, notices);
                tokio::spawn(publisher.follow(host, Arc::clone(resolver)));
                (endpoints, status)
            }
        };
        let (endpoints, status) = upstreams.iter().map(follow).unzip();
        Self { endpoints, status }
    }

    /// Ends when every name has been looked up once, with or without success.
    pub(crate) async fn settled(&self) {
        for status in &self.status {
            // An error means that the task is gone: nothing to wait for.
            drop(status.clone().wait_for(|status| status.settled).await);
        }
    }
}

#[cfg(test)]
impl Discovery {
    /// Nothing is looked up, and nothing changes.
    pub(crate) fn known(endpoints: &[&'static [SocketAddr]]) -> Self {
        let (endpoints, status) = endpoints.iter().map(|addresses| fixed(addresses)).unzip();
        Self { endpoints, status }
    }
}

fn fixed(addresses: &'static [SocketAddr]) -> (Endpoints, watch::Receiver<Status>) {
    let status = Status { settled: true, ..Status::default() };
    (watch::channel(Arc::from(addresses)).1, watch::channel(status).1)
}

/// One name's task.
struct Publisher {
    upstream: &'static str,
    port: u16,
    clock: Clock,
    notices: Notices,
    endpoints: watch::Sender<Arc<[SocketAddr]>>,
    status: watch::Sender<Status>,
}

impl Publisher {
    fn new(
        upstream: &'static str,
        port: u16,
        clock: Clock,
        notices: Notices,
    ) -> (Self, Endpoints, watch::Receiver<Status>) {
        let (endpoints, endpoints_watch) = watch::channel(Arc::from([]));
        let (status, status_watch) = watch::channel(Status::default());
        let publisher = Self { upstream, port, clock, notices, endpoints, status };
        (publisher, endpoints_watch, status_watch)
    }

    async fn follow<R: Resolve>(self, host: &'static str, resolver: Arc<R>) {
        let mut failures = 0;
        loop {
            let revised = resolver.revised();
            let wait = match resolver.resolve(host).await.and_then(in_use) {
                Ok((addresses, fresh)) => {
                    failures = 0;
                    self.answered(host, addresses);
                    fresh
                }
                Err(error) => {
                    failures += 1;
                    self.failed(host, error, failures)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = revised => {}
            }
        }
    }

    /// Publishes addresses.
    fn answered(&self, host: &str, addresses: Vec<IpAddr>) {
        // Servers rotate their answers; an order of our own makes equal sets equal.
        let mut endpoints: Vec<_> =
            addresses.into_iter().map(|ip| SocketAddr::new(ip, self.port)).collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        let before = self.status.send_replace(Status {
            settled: true,
            answered: Some(self.clock.now()),
            error: None,
        });
        if !before.settled || before.error.is_some() {
            let (upstream, found) = (self.upstream, Listed(&endpoints));
            self.notices.say(format_args!("upstream {upstream}: {host} resolves to {found}"));
        }
        self.endpoints.send_if_modified(|old| {
            let changed = **old != *endpoints;
            if changed {
                *old = Arc::from(endpoints);
            }
            changed
        });
    }

    /// Keeps what there is; gives the time until the next look-up.
    fn failed(&self, host: &str, error: String, failures: u32) -> Duration {
        if self.status.borrow().error.is_none() {
            let upstream = self.upstream;
            let rest = match self.endpoints.borrow().len() {
                0 => "calls cannot go anywhere",
                _ => "the addresses known so far stay in use",
            };
            self.notices
                .say(format_args!("upstream {upstream}: {host} does not resolve: {error}; {rest}"));
        }
        self.status.send_modify(|status| {
            status.settled = true;
            status.error = Some(error);
        });
        retry_in(failures)
    }
}

/// Some addresses, in a line that stays readable.
struct Listed<'a>(&'a [SocketAddr]);

impl Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, address) in self.0.iter().take(LISTED).enumerate() {
            write!(f, "{}{address}", if at == 0 { "" } else { ", " })?;
        }
        match self.0.len().saturating_sub(LISTED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// 1 s, 2 s, 4 s … 30 s.
fn retry_in(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(RETRY_DOUBLINGS);
    Duration::from_secs(1 << doublings).min(RETRY_MOST)
}

#[cfg(test)]
mod tests;
