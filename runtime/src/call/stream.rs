//! A try's way to a stream: on a connection that carries other calls, too.

use super::Call;
use super::attempt::dial;
use crate::buffer::Outgoing;
use crate::clock::Moment;
use crate::failure::{Failure, Kind};
use crate::net::Target;
use crate::upstream::Lease;
use crate::upstream::http2::{Dialling, Seat, open};
use crate::wire::http2::head;
use crate::wire::http2::stream::UpstreamStream;
use crate::worker::{Net, Worker};

/// A seat on a connection to that endpoint, opened since then; if there is none, one is made. True: the
/// connection was there before.
pub(super) async fn seat<N: Net>(
    worker: &Worker<N>,
    lease: &Lease<N>,
    target: Target<'_>,
    since: Moment,
) -> Result<(Seat, bool), Kind> {
    let pool = &lease.streams;
    let mut reused = true;
    loop {
        if let Some(seat) = pool.take(since, worker.clock().now()) {
            return Ok((seat, reused));
        }
        reused = false;
        if let Some(dial) = pool.dialling::<N>() {
            dial.wait().await?;
            continue;
        }
        let dialling = Dialling::begin(pool);
        let connection = open::<N>(dial(worker, target), pool, &worker.timers).await;
        if let Err(kind) = &connection {
            dialling.failed(*kind);
        }
        return connection.map(|connection| (pool.add(connection), false));
    }
}

/// Sends the request's head; its body follows.
pub(super) fn begin<N: Net>(
    call: &mut Call<'_, N>,
    out: &mut Outgoing,
    (seat, authority, traceparent): (&Seat, &str, Option<&[u8]>),
) -> Result<UpstreamStream, Failure> {
    call.request.begin_framed_try(out);
    let additions = call.request.additions(authority, traceparent, call.tries);
    let (request, id) = (call.request.head(), call.request.id());
    let head = head::write_request(request, &additions, id, seat.authority());
    let head = head.ok_or(Failure::unsent(Kind::BadHead))?;
    let ended = call.request.is_complete()
        && out.ready(&call.request.block).is_empty()
        && call.request.block.trailers.is_empty();
    // A connection that takes no more calls has not taken this one.
    seat.send(head, ended).map_err(|_| Failure::unsent(Kind::Stale))
}
