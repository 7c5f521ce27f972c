//! The answer on its way to the caller, while what is left of both bodies flows.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use super::block::Keep;
use super::body::Framing;
use super::exchange::is_delimited;
use super::flow::{poll_drain, poll_fill};
use super::request::Upload;
use super::response::Response;
use super::write::{self, Persistence};
use crate::filter::Call;
use crate::message::Method;
use crate::net::Net;
use crate::tunnel::{self, Carried};

/// From this many bytes on, a body moves through a large block.
const LARGE_BODY: u64 = 64 * 1024;

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) then: Then,
    /// Body bytes written to the caller.
    pub(crate) sent: u64,
    /// Why the answer is not complete (RFC 9209 §2.3), if it is not.
    pub(crate) error: Option<&'static str>,
}

/// What becomes of the caller's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It can carry another request.
    Keep,
    /// It is closed, with care for an answer that may still be on its way.
    Linger,
    /// It was a tunnel, which has ended.
    Close,
}

/// Writes the answer and gives back what it used.
pub(crate) async fn deliver<N: Net>(
    call: &mut Call<'_, N>,
    mut response: Response<N>,
) -> Delivered {
    let persistence = persistence(call, &response);
    let keep_framing = keep_framing(call);
    let mut out = std::mem::take(&mut response.block.out);
    let additions = write::ResponseAdditions {
        lines: response.block.edits.lines(),
        chunked: response.framing == Framing::Chunked && keep_framing == Keep::Framing,
        connection: persistence,
    };
    let block = &response.block;
    write::response(&block.bytes, &block.fields, &response.parts, &additions, &mut out);
    response.block.out = out;
    if response.framing == Framing::Tunnel {
        let Carried { sent, error } = tunnel::carry(call, response).await;
        call.went_on();
        return Delivered { then: Then::Close, sent, error };
    }
    let error = run(call, &mut response, keep_framing).await.err();
    response.settle(call);
    let sent = response.block.passed;
    call.worker.blocks.give(response.block);
    let keep = error.is_none() && persistence != Persistence::Close && call.request.is_complete();
    Delivered { then: if keep { Then::Keep } else { Then::Linger }, sent, error }
}

/// A caller that speaks HTTP/1.0 does not know chunks.
fn keep_framing<N: Net>(call: &Call<'_, N>) -> Keep {
    if call.request.parts.modern { Keep::Framing } else { Keep::PayloadOnly }
}

fn persistence<N: Net>(call: &Call<'_, N>, response: &Response<N>) -> Persistence {
    let parts = &call.request.parts;
    if response.framing == Framing::Tunnel {
        // After `CONNECT` the status says it all.
        let connect = parts.method == Method::Connect;
        return if connect { Persistence::Implied } else { Persistence::Upgrade };
    }
    let ends_with_connection =
        !is_delimited(response.framing) || (response.framing == Framing::Chunked && !parts.modern);
    let keep = parts.keep_alive
        && call.request.is_complete()
        && !ends_with_connection
        && call.worker.is_serving();
    match (keep, parts.modern) {
        (false, _) => Persistence::Close,
        (true, true) => Persistence::Implied,
        (true, false) => Persistence::Said,
    }
}

async fn run<N: Net>(
    call: &mut Call<'_, N>,
    response: &mut Response<N>,
    keep: Keep,
) -> Result<(), &'static str> {
    let mut armed = false;
    let delivered = poll_fn(|cx| {
        let before = call.request.block.passed + response.block.passed;
        if poll_upload(call, response, cx).is_err() {
            return Poll::Ready(Err("http_request_error"));
        }
        if let Poll::Ready(result) = poll_download(call, response, keep, cx) {
            return Poll::Ready(result);
        }
        if !armed || call.request.block.passed + response.block.passed > before {
            let idle = call.worker.clock().now() + call.limits.idle;
            call.caller.timer.set(idle.min(call.limits.deadline));
            armed = true;
        }
        ready!(call.caller.timer.poll_due(cx));
        Poll::Ready(Err("http_response_timeout"))
    })
    .await;
    if armed {
        call.went_on();
    }
    delivered
}

/// The rest of the request, if the upstream answered before it had all of it.
fn poll_upload<N: Net>(
    call: &mut Call<'_, N>,
    response: &mut Response<N>,
    cx: &mut Context<'_>,
) -> Result<(), ()> {
    let Some(link) = response.link.as_mut().filter(|_| !call.request.is_sent()) else {
        return Ok(());
    };
    let (request, caller) = (&mut *call.request, &mut *call.caller);
    match request.poll_upload(&mut caller.io, &mut link.io, call.worker, cx) {
        Poll::Ready(Err(Upload::Caller(_))) => Err(()),
        // The upstream has said what it had to say and wants no more.
        _ => Ok(()),
    }
}

fn poll_download<N: Net>(
    call: &mut Call<'_, N>,
    response: &mut Response<N>,
    keep: Keep,
    cx: &mut Context<'_>,
) -> Poll<Result<(), &'static str>> {
    loop {
        if ready!(poll_drain(&mut call.caller.io, &mut response.block, cx)).is_err() {
            return Poll::Ready(Err("client_closed"));
        }
        if response.is_complete() {
            return Poll::Ready(Ok(()));
        }
        response.block.recycle();
        if response.expects() > LARGE_BODY {
            call.worker.blocks.enlarge(&mut response.block);
        }
        let Some(link) = response.link.as_mut() else {
            return Poll::Ready(Err("http_response_incomplete"));
        };
        match ready!(poll_fill(&mut link.io, &mut response.block, cx)) {
            Ok(0) if response.end_of_stream() => {}
            Ok(0) | Err(_) => return Poll::Ready(Err("http_response_incomplete")),
            Ok(_) if response.decode(keep).is_err() => {
                return Poll::Ready(Err("http_protocol_error"));
            }
            Ok(_) => {}
        }
    }
}
