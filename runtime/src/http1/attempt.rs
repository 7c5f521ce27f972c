//! One try: a connection, the request out, the response head in.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;

use super::exchange::Exchange;
use crate::clock::Moment;
use crate::failure::{Failure, Kind};
use crate::filter::{Call, Outcome};
use crate::http2;
use crate::net::Target;
use crate::peer::{Caller, Link};
use crate::spec::{Inbound, Protocol, UpstreamId};
use crate::worker::{Net, Worker};

/// Which connections a try may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// A kept one if there is any.
    Kept,
    New,
}

/// Tries one endpoint of an upstream.
pub(crate) async fn attempt<N: Net>(
    call: &mut Call<'_, N>,
    id: UpstreamId,
    connection: Connection,
) -> Outcome<N> {
    let worker = call.worker;
    let upstream = worker.upstream(id).ok_or(Failure::unsent(Kind::NoEndpoint))?;
    let now = call.now;
    if now >= call.limits.deadline {
        return Err(Failure::unsent(Kind::TotalTimeout));
    }
    let endpoint = upstream.pick(call.last_endpoint).ok_or(Failure::unsent(Kind::NoEndpoint))?;
    call.last_endpoint = Some(endpoint);
    if connection == Connection::Kept {
        call.tries += 1;
    }
    let end = call.try_end(now);
    if speaks_http2(call, upstream.protocol) {
        // A stream allocates in any case; calls of HTTP/1.1 shall not have to carry its room.
        return Box::pin(stream(call, (id, endpoint), connection, (now, end))).await;
    }
    let kept = match connection {
        Connection::Kept => upstream.pool.take(endpoint, now),
        Connection::New => None,
    };
    let reused = kept.is_some();
    let io = match kept {
        Some(io) => io,
        None => connect(call, Target::Upstream(id, endpoint), now, end).await?,
    };
    let traceparent = call.trace.map(|trace| trace.span(&mut worker.random()));
    let traceparent = traceparent.as_ref().map(<[u8; 55]>::as_slice);
    call.request.begin_try(&upstream.authority, traceparent, call.tries);
    Exchange::new(Link::Http1 { io, home: Some((id, endpoint)) }, reused, end, call).run(call).await
}

/// The same on a stream of a connection that carries other calls, too.
async fn stream<N: Net>(
    call: &mut Call<'_, N>,
    (id, endpoint): (UpstreamId, SocketAddr),
    connection: Connection,
    (now, end): (Moment, Moment),
) -> Outcome<N> {
    let worker = call.worker;
    let upstream = worker.upstream(id).ok_or(Failure::unsent(Kind::NoEndpoint))?;
    let since = match connection {
        Connection::Kept => Moment::START,
        Connection::New => now,
    };
    let dial = dial(worker, Target::Upstream(id, endpoint));
    let place = http2::attempt(call, (&upstream.streams, endpoint), (since, end), dial).await?;
    ask(call, place, &upstream.authority, end).await
}

/// Sends the request on a stream and waits for the answer.
async fn ask<N: Net>(
    call: &mut Call<'_, N>,
    (lease, reused): (http2::Lease, bool),
    authority: &str,
    end: Moment,
) -> Outcome<N> {
    let traceparent = call.trace.map(|trace| trace.span(&mut call.worker.random()));
    let traceparent = traceparent.as_ref().map(<[u8; 55]>::as_slice);
    let asking = http2::begin(call, lease, authority, traceparent)?;
    Exchange::new(Link::Http2(Box::new(asking)), reused, end, call).run(call).await
}

/// Is HTTP/2 what this upstream gets?
fn speaks_http2<N: Net>(call: &Call<'_, N>, protocol: Protocol) -> bool {
    match protocol {
        Protocol::Http2 | Protocol::Grpc => true,
        Protocol::Auto => matches!(call.caller, Caller::Http2(_)),
        Protocol::Http1 | Protocol::Tcp | Protocol::TlsPassthrough => false,
    }
}

/// `otherwise pass`: one try at where a redirected connection wanted to go, whatever its `Host`
/// says, and otherwise at the name that the caller dialled. It is spoken to as the caller speaks.
pub(crate) async fn pass<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
    let worker = call.worker;
    let now = call.now;
    let end = call.try_end(now);
    let host = String::from_utf8_lossy(call.head().host()).into_owned();
    let port = call.request.parts.port.unwrap_or(80);
    let original = match call.inbound {
        Inbound::Redirected(original) => Some(original),
        Inbound::Shared | Inbound::Own(_) => None,
    };
    if original.is_none() && host.is_empty() {
        return Err(Failure::unsent(Kind::UnknownHost));
    }
    call.tries += 1;
    let target = original.map_or(Target::Name(&host, port), Target::Original);
    if speaks_http2(call, Protocol::Auto) {
        let place = match original {
            Some(original) => {
                let at = (&worker.passing, original);
                http2::attempt(call, at, (Moment::START, end), dial(worker, target)).await?
            }
            None => http2::attempt_alone(call, end, dial(worker, target)).await?,
        };
        return ask(call, place, &host, end).await;
    }
    let io = connect(call, target, now, end).await?;
    let traceparent = call.trace.map(|trace| trace.span(&mut worker.random()));
    call.request.begin_try(&host, traceparent.as_ref().map(<[u8; 55]>::as_slice), 1);
    Exchange::new(Link::Http1 { io, home: None }, false, end, call).run(call).await
}

async fn connect<N: Net>(
    call: &mut Call<'_, N>,
    target: Target<'_>,
    now: Moment,
    end: Moment,
) -> Result<N::Up, Failure> {
    let worker = call.worker;
    connected(call, dial(worker, target), now, end).await
}

async fn dial<N: Net>(worker: &Worker<N>, target: Target<'_>) -> Result<N::Up, Kind> {
    worker.net.connect(target).await.map_err(Kind::from)
}

/// Waits for a connection, at most as long as `connect` and the try may take.
pub(crate) async fn connected<T, N: Net>(
    call: &mut Call<'_, N>,
    connect: impl Future<Output = Result<T, Kind>>,
    now: Moment,
    end: Moment,
) -> Result<T, Failure> {
    let connect_end = now + call.limits.connect;
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
        if call.request.poll_gone(&mut call.caller, cx).is_ready() {
            return Poll::Ready(Err(Failure::unsent(Kind::Cancelled)));
        }
        Poll::Pending
    })
    .await;
    call.went_on();
    connected
}

impl<N: Net> Call<'_, N> {
    /// When a try that begins now must have brought its response head.
    fn try_end(&self, now: Moment) -> Moment {
        let per_try = self.limits.per_try.map_or(Moment::NEVER, |per_try| now + per_try);
        per_try.min(self.limits.deadline)
    }

    /// What it is called when a try is not done by `end`.
    pub(super) fn late(&self, end: Moment) -> Kind {
        if end == self.limits.deadline { Kind::TotalTimeout } else { Kind::TryTimeout }
    }
}
