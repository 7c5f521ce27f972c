//! From the wish for a tunnel to a connection: limit, breaker, one address after another.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::{Caller, Request};
use crate::failure::{Failure, Kind};
use crate::net::{Io as _, Target};
use crate::policy::Guard;
use crate::spec::UpstreamId;
use crate::state::breaker::Verdict;
use crate::timer::{Lookout, Timer};
use crate::worker::{Net, Place, Worker, judge};

/// Addresses that are tried for one connection, if the upstream has as many.
const TRIES: usize = 3;

/// The bounds of tunnels that no policy bounds, `otherwise pass`: wide, for whoever uses them has never
/// heard of us. The system repeats a lost connect after 1, 3 and 7 s.
const CONNECT: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(24 * 60 * 60);

/// A tunnel that is about to be.
pub struct Opening<'a, N: Net> {
    worker: &'a Worker<N>,
    timer: &'a Timer,
    /// None for callers of an upstream's own port.
    destination: Option<Target<'a>>,
    asker: Asker<'a, N>,
    /// Connects so far.
    pub(crate) tries: u32,
    pub(crate) idle: Duration,
    /// Held for as long as the tunnel lasts.
    pub(crate) place: Option<Place>,
}

/// Who wants a tunnel. One that has left needs none.
pub(crate) enum Asker<'a, N: Net> {
    /// With a `CONNECT`.
    Call(&'a mut Request, Caller<'a, N>),
    /// With all of a connection. It may have ended its side, and still wait for bytes.
    Connection(&'a N::Down, Lookout),
}

impl<N: Net> Asker<'_, N> {
    /// Ready once it has left.
    fn poll_gone(&mut self, worker: &Worker<N>, cx: &mut Context<'_>) -> Poll<()> {
        let (io, lookout) = match self {
            Self::Call(request, caller) => return request.poll_gone(caller, worker, cx),
            Self::Connection(io, lookout) => (io, lookout),
        };
        loop {
            ready!(lookout.poll_look(&worker.timers, cx));
            if io.is_broken() {
                return Poll::Ready(());
            }
        }
    }
}

impl<'a, N: Net> Opening<'a, N> {
    pub(crate) fn new(
        (worker, timer): (&'a Worker<N>, &'a Timer),
        destination: Option<Target<'a>>,
        asker: Asker<'a, N>,
    ) -> Self {
        Self { worker, timer, destination, asker, tries: 0, idle: IDLE, place: None }
    }

    /// Connects to where the caller wanted.
    pub(crate) async fn pass(&mut self) -> Result<N::Up, Failure> {
        let target = self.destination.ok_or(Failure::unsent(Kind::UnknownHost))?;
        self.tries += 1;
        self.connected(target, CONNECT).await
    }

    pub(crate) fn take_place(
        &mut self,
        upstream: UpstreamId,
        most: Option<usize>,
    ) -> Result<(), Failure> {
        let place = Place::take(&self.worker.shared, upstream, most);
        self.place = Some(place.ok_or(Failure::unsent(Kind::ConnectionLimit))?);
        Ok(())
    }

    /// A connect that fails has done nothing, so another address may do.
    pub(crate) async fn upstream(
        &mut self,
        id: UpstreamId,
        connect: Duration,
        guard: Option<&Guard>,
    ) -> Result<N::Up, Failure> {
        let (worker, mut failure) = (self.worker, Failure::unsent(Kind::NoEndpoint));
        let Some(upstream) = worker.upstream(id) else { return Err(failure) };
        let mut last = None;
        for round in 0..upstream.endpoints().clamp(1, TRIES) {
            let address = upstream.pick(last).map(|lease| lease.address);
            if round > 0 && address.is_none() {
                break;
            }
            last = address;
            let target = last.map(|address| Target::Upstream(id, address));
            let one = self.one(target, connect);
            let done = match guard {
                Some(guard) => guarded(worker, guard, one).await,
                None => one.await,
            };
            match done {
                // The breaker lets nobody through, or there is nothing to reach another address with.
                Err(ours @ Failure { kind: Kind::BreakerOpen { .. } | Kind::Want, .. }) => {
                    return Err(ours);
                }
                Err(error) if error.has_answer() => failure = error,
                done => return done,
            }
        }
        Err(failure)
    }

    /// A connect that is let begin; `None` where there is no address to go to.
    async fn one(&mut self, to: Option<Target<'_>>, limit: Duration) -> Result<N::Up, Failure> {
        self.tries += 1;
        match to {
            Some(to) => self.connected(to, limit).await,
            None => Err(Failure::unsent(Kind::NoEndpoint)),
        }
    }

    /// Waits for a connection, for so long, and no longer than whoever asked for it.
    async fn connected(&mut self, target: Target<'_>, limit: Duration) -> Result<N::Up, Failure> {
        let worker = self.worker;
        self.timer.set(worker.clock().now() + limit);
        let mut connect = pin!(worker.net.connect(target));
        poll_fn(|cx| {
            if let Poll::Ready(connected) = connect.as_mut().poll(cx) {
                let failed = |error| Failure::unsent(worker.connect_failed(error));
                return Poll::Ready(connected.map_err(failed));
            }
            if self.asker.poll_gone(worker, cx).is_ready() {
                return Poll::Ready(Err(Failure::unsent(Kind::Cancelled)));
            }
            self.timer.poll_due(cx).map(|()| Err(Failure::unsent(Kind::connect_timeout(target))))
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
    let leave = worker.admit(guard.id, &guard.spec, worker.clock().now())?;
    let connected = connect.await;
    let verdict = match &connected {
        Ok(_) => Verdict::Success,
        Err(failure) => judge(failure.cause(), guard.counts),
    };
    worker.settle(leave, &guard.spec, verdict, worker.clock().now());
    connected
}
