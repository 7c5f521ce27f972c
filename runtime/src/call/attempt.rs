//! One try: an endpoint, a connection, the request out, the response head in.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::exchange::Exchange;
use super::link::{End, Link};
use super::{Call, Caller, Outcome, stream};
use crate::clock::Moment;
use crate::failure::{Failure, Kind, Stage};
use crate::net::Target;
use crate::spec::{Inbound, Protocol};
use crate::upstream::Lease;
use crate::worker::{Net, Worker};

/// Which connections a try may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connections {
    /// Kept ones, if there are any.
    Any,
    New,
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
    /// For a request that names no host.
    authority: &'a str,
    protocol: Protocol,
    within: Within,
}

/// Tries one endpoint of the upstream that was chosen.
pub(crate) async fn attempt<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
    let id = call.upstream.ok_or(Failure::unsent(Kind::NoEndpoint))?;
    let upstream = call.worker.upstream(id).ok_or(Failure::unsent(Kind::NoEndpoint))?;
    if call.now >= call.limits.deadline {
        // Nobody has been tried.
        return Err(Failure::unsent(Kind::OutOfTime));
    }
    let lease = upstream.pick(call.last_endpoint).ok_or(Failure::unsent(Kind::NoEndpoint))?;
    call.last_endpoint = Some(lease.address);
    call.tries += 1;
    let aim = Aim {
        target: Target::Upstream(id, lease.address),
        lease,
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
    let port = call.request.parts.port.unwrap_or(80);
    let target = match call.inbound {
        Inbound::Redirected(original) => Target::Original(original),
        Inbound::Shared | Inbound::Own(_) if host.is_empty() => {
            return Err(Failure::unsent(Kind::UnknownHost));
        }
        Inbound::Shared | Inbound::Own(_) => Target::Name(&host, port),
    };
    call.tries += 1;
    let lease = call.worker.passing.at(target);
    let within = call.within();
    let aim = Aim { lease, target, authority: &host, protocol: Protocol::Auto, within };
    on(call, aim).await
}

/// The try. Within it the request may be sent once more (RFC 9112 §9.3.1): the upstream may have closed a
/// kept connection just as we took it.
async fn on<N: Net>(call: &mut Call<'_, N>, aim: Aim<'_, N>) -> Outcome<N> {
    let callers_time = call.callers_time;
    match once(call, &aim, Connections::Any).await {
        Err(Failure { kind: Kind::Stale, stage }) if call.goes_again(stage) => {
            let end = aim.within.end + (call.callers_time - callers_time);
            let within = Within { begun: call.now, end: end.min(call.limits.deadline) };
            once(call, &Aim { within, ..aim }, Connections::New).await
        }
        Err(Failure { kind: Kind::Stale, stage: Stage::Sent }) => Err(Failure::sent(Kind::Reset)),
        outcome => outcome,
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
    let kept = match connections {
        Connections::Any => aim.lease.idle.take(call.now),
        Connections::New => None,
    };
    let reused = kept.is_some();
    let io = match kept {
        Some(io) => io,
        None => connected(call, dial(worker, aim.target), aim.within).await?,
    };
    let traceparent = call.trace.map(|trace| trace.span(&mut worker.random()));
    let traceparent = traceparent.as_ref().map(<[u8; 55]>::as_slice);
    let mut out = worker.blocks.take_outgoing();
    call.request.begin_try(&mut out, aim.authority, traceparent, call.tries);
    let link = Link { end: End::Http1 { io, home: Some(aim.lease.clone()) }, out };
    Exchange::new(link, reused, aim.within.end, call).run(call).await
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
    let (seat, reused) = stream::seat(call, &aim.lease, aim.target, (since, aim.within)).await?;
    let traceparent = call.trace.map(|trace| trace.span(&mut call.worker.random()));
    let traceparent = traceparent.as_ref().map(<[u8; 55]>::as_slice);
    let mut out = call.worker.blocks.take_outgoing();
    let stream = stream::begin(call, &mut out, (&seat, aim.authority, traceparent))?;
    let end = End::Http2 { stream: Box::new(stream), seat, _lease: aim.lease.clone() };
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

pub(super) async fn dial<N: Net>(worker: &Worker<N>, target: Target<'_>) -> Result<N::Up, Kind> {
    worker.net.connect(target).await.map_err(Kind::from)
}

/// Waits for a connection, at most as long as `connect` and the try may take.
pub(super) async fn connected<T, N: Net>(
    call: &mut Call<'_, N>,
    connect: impl Future<Output = Result<T, Kind>>,
    Within { begun, end }: Within,
) -> Result<T, Failure> {
    let connect_end = begun + call.limits.connect;
    call.timer.set(end.min(connect_end));
    let late = if connect_end <= end { Kind::ConnectTimeout } else { call.late(end) };
    let mut connect = pin!(connect);
    let connected = poll_fn(|cx| {
        if let Poll::Ready(connected) = connect.as_mut().poll(cx) {
            return Poll::Ready(connected.map_err(Failure::unsent));
        }
        if call.timer.poll_due(cx).is_ready() {
            return Poll::Ready(Err(Failure::unsent(late)));
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
