//! From the wish for a tunnel to a connection: limit, breaker, one address after another.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use crate::failure::{Failure, Kind};
use crate::filter::{Pass, Reject};
use crate::net::Target;
use crate::policy::{Guard, TunnelPolicy};
use crate::shared::Shared;
use crate::spec::UpstreamId;
use crate::state::breaker::Verdict;
use crate::timer::Timer;
use crate::worker::{Net, Worker};

/// Addresses that are tried for one connection, if the upstream has as many.
const TRIES: usize = 3;

/// The bounds of tunnels that no policy bounds, `otherwise pass`: wide, for whoever uses them has never
/// heard of us. The system repeats a lost connect after 1, 3 and 7 s.
const CONNECT: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a tunnel leads.
pub trait Tunnel: 'static {
    /// Connects.
    fn open<N: Net>(opening: &mut Opening<'_, N>) -> impl Future<Output = Result<N::Up, Failure>>;
}

/// To an upstream.
#[derive(Debug)]
pub struct Through<U>(PhantomData<U>);

impl<U: TunnelPolicy> Tunnel for Through<U> {
    async fn open<N: Net>(opening: &mut Opening<'_, N>) -> Result<N::Up, Failure> {
        opening.idle = U::IDLE;
        opening.take_place(U::ID, U::CONNECTIONS)?;
        opening.upstream(U::ID, U::CONNECT, U::BREAKER.as_ref()).await
    }
}

/// To where the caller wanted.
impl Tunnel for Pass {
    async fn open<N: Net>(opening: &mut Opening<'_, N>) -> Result<N::Up, Failure> {
        opening.tries += 1;
        let target = opening.destination.ok_or(Failure::unsent(Kind::UnknownHost))?;
        opening.connected(target, CONNECT).await
    }
}

impl Tunnel for Reject {
    async fn open<N: Net>(_opening: &mut Opening<'_, N>) -> Result<N::Up, Failure> {
        Err(Failure::unsent(Kind::UnknownHost))
    }
}

/// A tunnel that is about to be.
pub struct Opening<'a, N: Net> {
    worker: &'a Worker<N>,
    timer: &'a Timer,
    /// None for callers of an upstream's own port.
    destination: Option<Target<'a>>,
    /// Connects so far.
    pub(super) tries: u32,
    pub(super) idle: Duration,
    /// Held for as long as the tunnel lasts.
    pub(super) place: Option<Place>,
}

impl<'a, N: Net> Opening<'a, N> {
    pub(super) fn new(
        worker: &'a Worker<N>,
        timer: &'a Timer,
        destination: Option<Target<'a>>,
    ) -> Self {
        Self { worker, timer, destination, tries: 0, idle: IDLE, place: None }
    }

    fn take_place(&mut self, upstream: UpstreamId, most: Option<usize>) -> Result<(), Failure> {
        let place = Place::take(&self.worker.shared, upstream, most);
        self.place = Some(place.ok_or(Failure::unsent(Kind::ConnectionLimit))?);
        Ok(())
    }

    /// A connect that fails has done nothing, so another address may do.
    async fn upstream(
        &mut self,
        id: UpstreamId,
        connect: Duration,
        guard: Option<&Guard>,
    ) -> Result<N::Up, Failure> {
        let mut failure = Failure::unsent(Kind::NoEndpoint);
        let Some(upstream) = self.worker.upstream(id) else { return Err(failure) };
        let mut last = None;
        for _ in 0..upstream.endpoints().min(TRIES) {
            let Some(endpoint) = upstream.pick(last) else { break };
            last = Some(endpoint);
            let one = self.connected(Target::Upstream(id, endpoint), connect);
            let done = match guard {
                Some(guard) => guarded(self.worker, guard, one).await,
                None => one.await,
            };
            match done {
                // The breaker lets nobody through.
                Err(refused @ Failure { kind: Kind::BreakerOpen { .. }, .. }) => {
                    return Err(refused);
                }
                Err(error) => failure = error,
                Ok(io) => {
                    self.tries += 1;
                    return Ok(io);
                }
            }
            self.tries += 1;
        }
        Err(failure)
    }

    /// Waits for a connection, for so long.
    async fn connected(&self, target: Target<'_>, limit: Duration) -> Result<N::Up, Failure> {
        self.timer.set(self.worker.clock().now() + limit);
        let mut connect = pin!(self.worker.net.connect(target));
        poll_fn(|cx| {
            if let Poll::Ready(connected) = connect.as_mut().poll(cx) {
                return Poll::Ready(connected.map_err(|error| Failure::unsent(error.into())));
            }
            self.timer.poll_due(cx).map(|()| Err(Failure::unsent(Kind::ConnectTimeout)))
        })
        .await
    }
}

/// Connects if the breaker lets it, and tells the breaker.
async fn guarded<N: Net>(
    worker: &Worker<N>,
    guard: &Guard,
    connect: impl Future<Output = Result<N::Up, Failure>>,
) -> Result<N::Up, Failure> {
    let Some(breaker) = worker.shared.breaker(guard.id) else { return connect.await };
    let note = |transition| {
        if let Some(transition) = transition {
            worker.recorder().transition(guard.id, &transition);
        }
    };
    let (permit, transition) =
        breaker.admit(&guard.spec, worker.clock().now()).map_err(|refused| {
            let breaker = worker.breaker_name(guard.id);
            Failure::unsent(Kind::BreakerOpen { breaker, retry_in: refused.retry_in })
        })?;
    note(transition);
    let connected = connect.await;
    let verdict = match connected.as_ref().err().map(|failure| failure.cause()) {
        None => Verdict::Success,
        Some(Some(cause)) if (guard.counts)(cause) => Verdict::Failure,
        Some(Some(_)) => Verdict::Success,
        Some(None) => Verdict::Cancelled,
    };
    let now = worker.clock().now();
    note(breaker.record(&guard.spec, permit, verdict, now, || worker.random().jitter()));
    connected
}

/// A connection that counts against an upstream's `limits`, over all workers.
#[derive(Debug)]
pub(crate) struct Place {
    shared: Arc<Shared>,
    upstream: UpstreamId,
}

impl Place {
    /// None if all are taken.
    fn take(shared: &Arc<Shared>, upstream: UpstreamId, most: Option<usize>) -> Option<Self> {
        let most = most.unwrap_or(usize::MAX);
        let one_more = |open: usize| open.checked_add(1).filter(|open| *open <= most);
        let open = shared.tunnels(upstream)?;
        open.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Self { shared: Arc::clone(shared), upstream })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(open) = self.shared.tunnels(self.upstream) {
            AtomicUsize::fetch_sub(open, 1, Ordering::AcqRel);
        }
    }
}
