//! Calls that become tunnels: behind a `101` or a `CONNECT`.

use crate::buffer::Outgoing;
use crate::call::link::End;
use crate::call::{Call, Caller, Response};
use crate::failure::ProxyError;
use crate::relay::{Flow, Relay, Relayed};
use crate::worker::Net;
/// What went through a tunnel that was a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Upgraded {
    /// Bytes to the caller.
    pub(crate) sent: u64,
    /// Why it ended before both sides were done, if it did.
    pub(crate) error: Option<ProxyError>,
}

/// Carries what is left of a call whose answer is that the connection is a tunnel from now on. The
/// answer's head is the first thing that the caller gets.
pub(crate) async fn carry<N: Net>(call: &mut Call<'_, N>, response: Response<N>) -> Upgraded {
    // INVARIANT: only HTTP/1.1 on both sides leads here.
    let (Some(End::Http1 { io: mut upstream, .. }), Caller::Http1(io)) =
        (response.link.map(|link| link.into_end(call.worker)), &mut call.caller)
    else {
        return Upgraded { sent: 0, error: Some(ProxyError::ProxyInternal) };
    };
    let ahead = call.request.take_ahead(call.worker);
    let download = Flow::starting_with(response.block, std::mem::take(call.out));
    let relay = Relay {
        worker: call.worker,
        caller: *io,
        upstream: &mut upstream,
        timer: call.timer,
        idle: call.limits.idle,
        route: call.route,
    };
    let (upload, download) = (Flow::starting_with(ahead, Outgoing::default()), download);
    let Relayed { received, sent, ending } = relay.run(upload, download).await;
    call.request.received += received;
    Upgraded { sent, error: ending.error() }
}
