//! The answer on its way to the caller, while what is left of both bodies flows.

use crate::call::link::End;
use crate::failure::ProxyError;
use crate::net::Io as _;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use super::exchange::body_keep;
use super::request::Upload;
use super::response::Response;
use super::upgrade::Upgraded;
use super::{Call, Caller, Link, upgrade};
use crate::buffer::{Broken, Framing, Keep, LARGE_BODY, after_reads, poll_fill};
use crate::grpc::{self, Grpc};
use crate::message::Method;

use crate::wire::http1::write;
use crate::wire::http1::write::Persistence;
use crate::worker::Net;

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) then: Then,
    /// Body bytes written to the caller.
    pub(crate) sent: u64,
    /// Why the answer is not complete (RFC 9209 §2.3), if it is not.
    pub(crate) error: Option<ProxyError>,
    /// The status of gRPC that came with it or behind it.
    pub(crate) grpc: Option<Grpc>,
    /// That status is ours: the answer was ended in the upstream's place.
    pub(crate) ended: bool,
}

/// What becomes of the caller's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It can carry another request.
    Keep,
    /// It is closed, with care for an answer that may still be on its way.
    Linger,
    /// It is reset: its end is the answer's, and the answer is not whole.
    Reset,
    /// It was a tunnel, which has ended.
    Close,
}

/// Writes the answer and gives back what it used.
pub(crate) async fn deliver<N: Net>(
    call: &mut Call<'_, N>,
    mut response: Response<N>,
) -> Delivered {
    response.block.withhold_trailers();
    let persistence = persistence(call, &response);
    let begun = begin(call, &response, persistence);
    if response.framing == Framing::Tunnel {
        let Upgraded { sent, error } = upgrade::carry(call, response).await;
        call.went_on();
        return Delivered { then: Then::Close, sent, error, grpc: None, ended: false };
    }
    let error = match begun {
        Ok(()) => run(call, &mut response).await.err(),
        Err(error) => Some(error),
    };
    let ended = error.is_some_and(|error| cut_short(call, &mut response, error));
    let needs_end = ends_with_connection(call, &response);
    response.settle(call);
    if let Some(pipe) = response.pipe.take() {
        call.worker.pipes.give(pipe);
    }
    let (sent, grpc) = (call.out.passed, response.last_grpc());
    call.worker.blocks.give(response.block);
    let kept = persistence != Persistence::Close && call.request.is_complete();
    let then = match error {
        None if kept => Then::Keep,
        Some(_) if needs_end => Then::Reset,
        _ => Then::Linger,
    };
    Delivered { then, sent, error, grpc, ended }
}

/// A caller of HTTP/2 is told that the answer is not whole; one of gRPC whose time has run out, in its own
/// words: then it is true.
fn cut_short<N: Net>(
    call: &mut Call<'_, N>,
    response: &mut Response<N>,
    error: ProxyError,
) -> bool {
    let late = error == ProxyError::HttpResponseTimeout && grpc::is_call(call.head());
    let Caller::Http2(answer) = &mut call.caller else { return false };
    if late {
        let status = format!("grpc-status: {}\r\n", Grpc::DeadlineExceeded.number());
        response.block.trailers = status.into_bytes();
        if answer.end(&response.block) {
            return true;
        }
    }
    answer.reset();
    false
}

/// The head: for the caller to be written, or on its way in frames.
fn begin<N: Net>(
    call: &mut Call<'_, N>,
    response: &Response<N>,
    persistence: Persistence,
) -> Result<(), ProxyError> {
    let keep = call.caller.keep(&call.request.parts);
    let Response { block, parts, framing, .. } = response;
    call.out.begin_body(block);
    match &mut call.caller {
        Caller::Http1(_) => {
            let additions = write::ResponseAdditions {
                lines: block.edits.lines(),
                chunked: matches!(framing, Framing::Chunked | Framing::Close)
                    && keep == Keep::Framing,
                connection: persistence,
            };
            write::response(&block.bytes, &block.fields, parts, &additions, &mut call.out.head);
            if *framing == Framing::Close && keep == Keep::Framing {
                call.out.begin_chunks(block);
            }
            Ok(())
        }
        Caller::Http2(answer) => {
            let ended = response.is_complete()
                && call.out.ready(block).is_empty()
                && block.trailers.is_empty();
            answer.begin((block, parts), call.request.id(), ended)
        }
    }
}

fn persistence<N: Net>(call: &Call<'_, N>, response: &Response<N>) -> Persistence {
    let parts = &call.request.parts;
    if response.framing == Framing::Tunnel {
        // After `CONNECT` the status says it all.
        let connect = parts.method == Method::Connect;
        return if connect { Persistence::Implied } else { Persistence::Upgrade };
    }
    let keep = parts.keep_alive
        && call.request.is_complete()
        && !ends_with_connection(call, response)
        && call.worker.is_serving();
    match (keep, parts.modern) {
        (false, _) => Persistence::Close,
        (true, true) => Persistence::Implied,
        (true, false) => Persistence::Said,
    }
}

/// Does nothing but the end of the connection tell this caller where the answer ends? HTTP/1.0 knows no
/// chunks.
fn ends_with_connection<N: Net>(call: &Call<'_, N>, response: &Response<N>) -> bool {
    matches!(response.framing, Framing::Chunked | Framing::Close) && !call.request.parts.modern
}

async fn run<N: Net>(call: &mut Call<'_, N>, response: &mut Response<N>) -> Result<(), ProxyError> {
    if matches!(call.caller, Caller::Http1(_)) {
        after_reads().await;
    }
    let mut armed = false;
    let delivered = poll_fn(|cx| {
        let before = passed(call, response);
        if let Err(broken) = poll_upload(call, response, cx) {
            return Poll::Ready(Err(broken));
        }
        if let Poll::Ready(result) = poll_download(call, response, cx) {
            return Poll::Ready(result);
        }
        if call.request.poll_gone(&mut call.caller, call.worker, cx).is_ready() {
            return Poll::Ready(Err(ProxyError::ClientClosed));
        }
        if !armed || passed(call, response) > before {
            let idle = call.worker.clock().now() + call.limits.idle;
            call.timer.set(idle.min(call.limits.deadline));
            armed = true;
        }
        ready!(call.timer.poll_due(cx));
        Poll::Ready(Err(ProxyError::HttpResponseTimeout))
    })
    .await;
    if armed {
        call.went_on();
    }
    delivered
}

/// Body bytes that have gone out in either direction.
fn passed<N: Net>(call: &Call<'_, N>, response: &Response<N>) -> u64 {
    call.out.passed + response.link.as_ref().map_or(0, |link| link.out.passed)
}

/// The rest of the request, if the upstream answered before it had all of it.
fn poll_upload<N: Net>(
    call: &mut Call<'_, N>,
    response: &mut Response<N>,
    cx: &mut Context<'_>,
) -> Result<(), ProxyError> {
    let Some(link) = response.link.as_mut().filter(|link| !call.request.is_sent(&link.out)) else {
        return Ok(());
    };
    let (request, caller) = (&mut *call.request, &mut call.caller);
    match request.poll_upload(caller, link, call.worker, cx) {
        Poll::Ready(Err(Upload::Caller(Broken::Gone))) => Err(ProxyError::ClientClosed),
        Poll::Ready(Err(Upload::Caller(Broken::Malformed))) => Err(ProxyError::HttpRequest),
        // The upstream has said what it had to say and wants no more.
        _ => Ok(()),
    }
}

fn poll_download<N: Net>(
    call: &mut Call<'_, N>,
    response: &mut Response<N>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), ProxyError>> {
    loop {
        let complete = response.is_complete();
        let message = (&*response.block, &mut *call.out);
        match call.caller.poll_drain(message, complete, cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => return Poll::Ready(Err(ProxyError::ClientClosed)),
            Poll::Pending => {
                if let Some(Link { end: End::Http2 { stream, .. }, .. }) = &mut response.link {
                    stream.gather(cx);
                }
                return Poll::Pending;
            }
        }
        ready!(poll_spliced(call, response, cx)).map_err(|_| ProxyError::ClientClosed)?;
        if complete {
            return Poll::Ready(Ok(()));
        }
        if response.broken {
            return Poll::Ready(Err(ProxyError::HttpProtocol));
        }
        ready!(poll_more(call, response, cx))?;
    }
}

/// Moves to the caller what is in the pipe.
fn poll_spliced<N: Net>(
    call: &mut Call<'_, N>,
    response: &mut Response<N>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    let (Some(pipe), Caller::Http1(to)) = (&mut response.pipe, &mut call.caller) else {
        return Poll::Ready(Ok(()));
    };
    while pipe.held > 0 {
        call.out.passed += ready!(to.poll_out_of(pipe, cx))? as u64;
    }
    Poll::Ready(Ok(()))
}

/// Reads more of the body; ready when some came, or its end.
fn poll_more<N: Net>(
    call: &mut Call<'_, N>,
    response: &mut Response<N>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), ProxyError>> {
    response.block.recycle(call.out);
    response.block.ensure_room();
    // A connection has one pipe or large block at most, however many streams.
    if response.expects() > LARGE_BODY
        && let Caller::Http1(to) = &call.caller
    {
        let splices = matches!(&response.link, Some(Link { end: End::Http1 { io, .. }, .. }) if io.splices() && to.splices());
        if splices && response.pipe.is_none() {
            response.pipe = call.worker.pipes.take();
        }
        if response.pipe.is_none() {
            call.worker.blocks.enlarge(&mut response.block);
        }
    }
    let due = response.expects();
    let spliced = due > 0 && response.pipe.is_some();
    match response.link.as_mut().map(|link| &mut link.end) {
        None => Poll::Ready(Err(ProxyError::HttpResponseIncomplete)),
        Some(End::Http1 { io, .. }) => {
            let read = match &mut response.pipe {
                Some(pipe) if spliced => io.poll_into(pipe, due, cx),
                _ => poll_fill(io, &mut response.block, cx),
            };
            match ready!(read) {
                Ok(0) if response.end_of_stream() => {
                    call.out.end_chunks();
                    Poll::Ready(Ok(()))
                }
                Ok(0) | Err(_) => Poll::Ready(Err(ProxyError::HttpResponseIncomplete)),
                Ok(moved) if spliced => {
                    response.went_past(moved);
                    call.out.chunk(moved);
                    Poll::Ready(Ok(()))
                }
                Ok(_) => {
                    let keep = call.caller.keep(&call.request.parts);
                    response.decode(keep);
                    call.out.chunk(call.out.ready(&response.block).len());
                    Poll::Ready(Ok(()))
                }
            }
        }
        Some(End::Http2 { stream, .. }) => {
            let keep = body_keep(call, response.framing);
            match ready!(stream.poll_fill(&mut response.block, keep, cx)) {
                Ok(came) => {
                    response.frames_came(came);
                    Poll::Ready(Ok(()))
                }
                Err(Broken::Malformed) => Poll::Ready(Err(ProxyError::HttpProtocol)),
                Err(Broken::Gone) => Poll::Ready(Err(ProxyError::HttpResponseIncomplete)),
            }
        }
    }
}
