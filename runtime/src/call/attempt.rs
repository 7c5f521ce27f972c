//! One try: an endpoint, a connection, the request out, the response head in.

use std::future::poll_fn;
use std::iter::successors;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::exchange::Exchange;
use super::link::{End, Link};
use super::{Call, Caller, Outcome, stream};
use crate::clock::Moment;
use crate::failure::{Failure, Kind, Stage};
use crate::net::{Dialled, Target, race};
use crate::spec::{Inbound, Protocol};
use crate::upstream::{Lease, Upstream};
use crate::worker::{Net, Worker};

/// How long a call that was refused again and again waits before it goes out once more: so that an upstream
/// that takes none is not asked as fast as it can refuse.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LAST_PAUSE: Duration = Duration::from_millis(64);

/// Which connections a try may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connections {
    /// Kept ones, if there are any.
    Any,
    New,
}

impl Connections {
    fn kept<N: Net>(self, lease: &Lease<N>, now: Moment) -> Option<N::Up> {
        match self {
            Self::Any => lease.idle.take(now),
            Self::New => None,
        }
    }
}

/// The time that a try has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Within {
    pub(super) begun: Moment,
    /// When it must have brought its response head.
    pub(super) end: Moment,
}

/// Where a try goes, as it was decided once.
struct Aim<'a, N: Net> {
    lease: Lease<N>,
    target: Target<'a>,
    /// It has other endpoints.
    upstream: Option<&'a Upstream<N>>,
    /// For a request that names no host.
    authority: &'a str,
    protocol: Protocol,
    within: Within,
}

impl<'a, N: Net> Aim<'a, N> {
    /// Where it may lead to: the endpoint that was picked, then those behind it.
    fn ways(&self) -> impl Iterator<Item = (Lease<N>, Target<'a>)> {
        let first = self.lease.address;
        let next = move |lease: &Lease<N>| self.upstream?.after(lease.address);
        successors(Some(self.lease.clone()), next)
            .enumerate()
            .take_while(move |(at, lease)| *at == 0 || lease.address != first)
            .map(|(_, lease)| match self.target {
                Target::Upstream(id, _) => (lease.clone(), Target::Upstream(id, lease.address)),
                other => (lease, other),
            })
    }
}

/// Would another address come to the same?
const fn is_fatal(kind: &Kind) -> bool {
    !matches!(kind, Kind::Refused | Kind::Unreachable | Kind::ConnectTimeout | Kind::Reset)
}

/// Tries one endpoint of the upstream that was chosen.
pub(crate) async fn attempt<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
    let id = call.upstream.ok_or(Failure::unsent(Kind::NoEndpoint))?;
    let upstream = call.worker.upstream(id).ok_or(Failure::unsent(Kind::NoEndpoint))?;
    if call.now >= call.limits.deadline {
        // Nobody has been tried.
        return Err(Failure::unsent(Kind::OutOfTime));
    }
    // The breaker has let it begin: it counts, whether there is an address to go to or not.
    call.tries += 1;
    let lease = upstream.pick(call.last_endpoint).ok_or(Failure::unsent(Kind::NoEndpoint))?;
    call.last_endpoint = Some(lease.address);
    let aim = Aim {
        target: Target::Upstream(id, lease.address),
        lease,
        upstream: Some(upstream),
        authority: &upstream.authority,
        protocol: upstream.protocol,
        within: call.within(),
    };
    on(call, aim).await
}

/// `otherwise pass`: one try at where a redirected connection wanted to go, whatever its `Host`
/// says, and otherwise at the name that the caller dialled. It is spoken to as the caller speaks.
pub(crate) async fn pass<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
    let host = String::from_utf8_lossy(call.head().host()).into_owned();
    let dialled = Dialled::new(&host, call.request.parts.port.unwrap_or(80));
    let target = match call.inbound {
        Inbound::Redirected(original) => Target::Original(original),
        Inbound::Shared | Inbound::Own(_) if host.is_empty() => {
            return Err(Failure::unsent(Kind::UnknownHost));
        }
        Inbound::Shared | Inbound::Own(_) => Target::Name(&dialled),
    };
    call.tries += 1;
    let lease = call.worker.passing.at(target);
    let within = call.within();
    let (authority, protocol) = (host.as_str(), Protocol::Auto);
    let aim = Aim { lease, target, upstream: None, authority, protocol, within };
    on(call, aim).await
}

/// The try. Within it the request may be sent once more (RFC 9112 §9.3.1): the upstream may have closed a
/// kept connection just as we took it.
async fn on<N: Net>(call: &mut Call<'_, N>, aim: Aim<'_, N>) -> Outcome<N> {
    call.request.block.withhold_trailers();
    let callers_time = call.callers_time;
    match once(call, &aim, Connections::Any).await {
        Err(Failure { kind: Kind::Stale, stage }) if call.goes_again(stage) => {
            let end = aim.within.end + (call.callers_time - callers_time);
            let within = Within { begun: call.now, end: end.min(call.limits.deadline) };
            Box::pin(again(call, Aim { within, ..aim })).await
        }
        outcome => outcome.map_err(settled),
    }
}

/// What nobody has looked at goes on going out, on one new connection after another, as long as the try
/// has time: an upstream may refuse it over and over while it goes away (RFC 9113 §6.8).
async fn again<N: Net>(call: &mut Call<'_, N>, mut aim: Aim<'_, N>) -> Outcome<N> {
    // Where neither the try nor the call has an end, silence has one.
    let end = aim.within.end.min(call.now + call.limits.idle);
    let mut pause = FIRST_PAUSE;
    loop {
        let outcome = once(call, &aim, Connections::New).await;
        let refused = matches!(outcome, Err(Failure { kind: Kind::Stale, stage: Stage::Unsent }));
        if !refused || !call.goes_again(Stage::Unsent) || call.now + pause >= end {
            return outcome.map_err(settled);
        }
        call.wait(pause).await?;
        pause = (pause * 2).min(LAST_PAUSE);
        aim.within.begun = call.now;
    }
}

/// It is not sent again: that its connection was a kept one no longer says anything.
fn settled(failure: Failure) -> Failure {
    match failure {
        Failure { kind: Kind::Stale, stage: Stage::Sent } => Failure::sent(Kind::Reset),
        failure => failure,
    }
}

/// On a connection of either version.
async fn once<N: Net>(
    call: &mut Call<'_, N>,
    aim: &Aim<'_, N>,
    connections: Connections,
) -> Outcome<N> {
    if speaks_http2(call, aim.protocol) {
        // A stream allocates in any case; calls of HTTP/1.1 shall not have to carry its room.
        return Box::pin(on_stream(call, aim, connections)).await;
    }
    let worker = call.worker;
    let (lease, io, reused) = match connections.kept(&aim.lease, call.now) {
        Some(io) => (aim.lease.clone(), io, true),
        // So seldom that other calls shall not have to carry its room.
        None => Box::pin(reached(call, aim, connections)).await?,
    };
    let traceparent = call.trace.map(|trace| trace.span(&mut worker.random()));
    let traceparent = traceparent.as_ref().map(<[u8; 55]>::as_slice);
    let mut out = worker.blocks.take_outgoing();
    call.request.begin_try(&mut out, aim.authority, traceparent, call.tries);
    let link = Link { end: End::Http1 { io, home: Some(lease) }, out };
    Exchange::new(link, reused, aim.within.end, call).run(call).await
}

/// A connection to one of the endpoints; true: it was kept.
async fn reached<N: Net>(
    call: &mut Call<'_, N>,
    aim: &Aim<'_, N>,
    connections: Connections,
) -> Result<(Lease<N>, N::Up, bool), Failure> {
    let worker = call.worker;
    let ways = aim.ways().map(async |(lease, target)| {
        Ok(match connections.kept(&lease, worker.clock().now()) {
            Some(io) => (lease, io, true),
            None => (lease, dial(worker, target).await?, false),
        })
    });
    let reached = connected(call, race(ways, Kind::NoEndpoint, is_fatal), aim).await?;
    call.last_endpoint = Some(reached.0.address);
    Ok(reached)
}

/// The same on a stream of a connection that carries other calls, too.
async fn on_stream<N: Net>(
    call: &mut Call<'_, N>,
    aim: &Aim<'_, N>,
    connections: Connections,
) -> Outcome<N> {
    let since = match connections {
        Connections::Any => Moment::START,
        Connections::New => call.now,
    };
    let worker = call.worker;
    let (lease, seat, reused) = match aim.lease.streams.take(since, call.now) {
        Some(seat) => (aim.lease.clone(), seat, true),
        None => {
            let ways = aim.ways().map(async |(lease, target)| {
                let (seat, reused) = stream::seat(worker, &lease, target, since).await?;
                Ok((lease, seat, reused))
            });
            connected(call, race(ways, Kind::NoEndpoint, is_fatal), aim).await?
        }
    };
    call.last_endpoint = Some(lease.address);
    let traceparent = call.trace.map(|trace| trace.span(&mut call.worker.random()));
    let traceparent = traceparent.as_ref().map(<[u8; 55]>::as_slice);
    let mut out = call.worker.blocks.take_outgoing();
    let stream = stream::begin(call, &mut out, (&seat, aim.authority, traceparent))?;
    let end = End::Http2 { stream: Box::new(stream), seat, _lease: lease };
    let link = Link { end, out };
    Exchange::new(link, reused, aim.within.end, call).run(call).await
}

/// Is HTTP/2 what this upstream gets?
fn speaks_http2<N: Net>(call: &Call<'_, N>, protocol: Protocol) -> bool {
    match protocol {
        Protocol::Http2 | Protocol::Grpc => true,
        Protocol::Auto => matches!(call.caller, Caller::Http2(_)),
        Protocol::Http1 | Protocol::Tcp | Protocol::TlsPassthrough => false,
    }
}

/// Connects.
pub(super) async fn dial<N: Net>(worker: &Worker<N>, target: Target<'_>) -> Result<N::Up, Kind> {
    worker.net.connect(target).await.map_err(|error| worker.connect_failed(error))
}

/// Waits for a connection, at most as long as `connect` and the try may take.
async fn connected<T, N: Net>(
    call: &mut Call<'_, N>,
    connect: impl Future<Output = Result<T, Kind>>,
    aim: &Aim<'_, N>,
) -> Result<T, Failure> {
    let Within { begun, end } = aim.within;
    let connect_end = begun + call.limits.connect;
    call.timer.set(end.min(connect_end));
    let late = |call: &Call<'_, N>| match connect_end <= end {
        true => Kind::connect_timeout(aim.target),
        false => call.late(end),
    };
    let mut connect = pin!(connect);
    let connected = poll_fn(|cx| {
        if let Poll::Ready(connected) = connect.as_mut().poll(cx) {
            return Poll::Ready(connected.map_err(Failure::unsent));
        }
        if call.timer.poll_due(cx).is_ready() {
            return Poll::Ready(Err(Failure::unsent(late(call))));
        }
        if call.request.poll_gone(&mut call.caller, call.worker, cx).is_ready() {
            return Poll::Ready(Err(Failure::unsent(Kind::Cancelled)));
        }
        Poll::Pending
    })
    .await;
    call.went_on();
    connected
}
