//! One connection of a caller: many calls at once, each a stream (RFC 9113 §5).
//!
//! The connection and its calls are one task. So a call is woken without the scheduler, and its
//! answer and those of its neighbours go out in one write.

mod gauge;
mod inlet;

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream};

use self::inlet::{Inlet, Watch};
use super::REST;
use super::carry::carry;
use crate::buffer::{Block, Framing};
use crate::call::{Caller, Request, reply};
use crate::message::{HEAD_LIMIT, Method, Refused};
use crate::observe::metrics::Flood;
use crate::proxy::Proxy;
use crate::spec::Inbound;
use crate::timer::Timer;
use crate::wire::http2::stream::CallerStream;
use crate::wire::http2::{
    CONNECTION_WINDOW, Outlet, RESET_STREAMS, RESET_TIME, SEND_BUFFER, SMALL_FRAMES, STREAM_WINDOW,
    STREAMS, head,
};
use crate::worker::{Net, Worker};

/// A head that has begun must be complete within this time, and the first settings be there.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// A caller without a call that does not read what there is for it, or was asked to leave, gets this time.
pub(super) const LAST_PATIENCE: Duration = Duration::from_secs(10);
/// While the proxy stops, a silent connection is given this time to say something.
const DRAIN_PATIENCE: Duration = Duration::from_secs(1);

/// What every HTTP/2 connection begins with (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Are these the first bytes of an HTTP/2 connection? They are no request of HTTP/1.
pub(crate) fn is_preface(bytes: &[u8]) -> bool {
    let known = bytes.len().min(PREFACE.len());
    // The first line is enough: whoever sends it means HTTP/2.
    known >= b"PRI * HTTP/2.0\r\n".len() && bytes.get(..known) == PREFACE.get(..known)
}

/// Carries all calls of one connection. `ahead` holds what was read of it.
pub(crate) async fn serve<P: Proxy, N: Net>(
    worker: &Worker<N>,
    (io, timer): (N::Down, Timer),
    ahead: Box<Block>,
    inbound: Inbound,
) {
    let watch = Watch::new(worker.clock());
    let outlet = Outlet::new(io);
    let inlet = Inlet::new(outlet.handle(), ahead, Rc::clone(&watch), Rc::clone(&worker.timers));
    timer.set(worker.clock().now() + HEAD_PATIENCE);
    let Some(connection) = shake_hands(worker, &timer, inlet, &outlet).await else { return };
    timer.clear();
    worker.recorder().http2_connection();
    let mut streams = FuturesUnordered::new();
    let mut session =
        Session { worker, connection, timer, watch, patience: None, state: State::Open };
    poll_fn(|cx| {
        loop {
            while let Poll::Ready(Some(())) = streams.poll_next_unpin(cx) {}
            match session.poll_accept(streams.is_empty(), cx) {
                Poll::Ready(Some((request, answer))) => {
                    streams.push(call::<P, N>(worker, request, answer, inbound));
                }
                Poll::Ready(None) if streams.is_empty() => return Poll::Ready(()),
                // Calls whose connection has ended end as well, each in its own way.
                Poll::Ready(None) | Poll::Pending => {
                    session.watch.end_turn(&outlet, cx);
                    return Poll::Pending;
                }
            }
        }
    })
    .await;
}

async fn shake_hands<N: Net>(
    worker: &Worker<N>,
    timer: &Timer,
    inlet: Inlet<N::Down>,
    outlet: &Outlet<N::Down>,
) -> Option<Connection<Inlet<N::Down>, Bytes>> {
    let mut handshake = Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_LIMIT as u32)
        .max_send_buffer_size(SEND_BUFFER)
        .max_concurrent_reset_streams(RESET_STREAMS)
        .reset_stream_duration(RESET_TIME)
        // The gauge bounds what these cost.
        .max_pending_accept_reset_streams(usize::MAX)
        .max_local_error_reset_streams(None)
        .data_frame_budget(SMALL_FRAMES)
        .handshake(inlet);
    poll_fn(|cx| {
        if let Poll::Ready(connection) = Pin::new(&mut handshake).poll(cx) {
            return Poll::Ready(connection.ok());
        }
        if worker.is_closing() {
            return Poll::Ready(None);
        }
        let _ = outlet.poll_turn(cx);
        timer.poll_due(cx).map(|()| None)
    })
    .await
}

/// A connection, while it lasts.
struct Session<'w, N: Net> {
    worker: &'w Worker<N>,
    connection: Connection<Inlet<N::Down>, Bytes>,
    timer: Timer,
    watch: Rc<Watch>,
    /// What the timer is set for.
    patience: Option<Patience>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    Head,
    Drain,
    /// No call, and nothing that is wrong.
    Rest,
    /// No call, and no reader of what there is to say.
    Last,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The caller has been told to begin no more calls.
    Leaving,
    /// It has been told why.
    Failed,
    Ended,
}

impl<N: Net> Session<'_, N> {
    /// The next call; `None` once there will be none.
    fn poll_accept(
        &mut self,
        rests: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(http::Request<RecvStream>, SendResponse<Bytes>)>> {
        loop {
            if self.state == State::Ended {
                return Poll::Ready(None);
            }
            match self.connection.poll_accept(cx) {
                Poll::Ready(Some(Ok(call))) => {
                    self.patience = None;
                    self.leave_if_stopping();
                    return Poll::Ready(Some(call));
                }
                Poll::Ready(Some(Err(error))) => {
                    self.note(&error);
                    self.state = State::Ended;
                }
                Poll::Ready(None) => self.state = State::Ended,
                Poll::Pending if self.is_flooded() => {}
                Poll::Pending if self.is_due(rests, cx) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// A connection that `h2` gave up: was it for a flood?
    fn note(&self, error: &h2::Error) {
        match error.reason() {
            Some(Reason::ENHANCE_YOUR_CALM) if error.is_library() => {
                self.worker.recorder().http2_flood(Flood::Streams);
            }
            Some(reason) if error.is_library() && reason != Reason::NO_ERROR => {
                self.worker.recorder().malformed();
            }
            _ => {}
        }
    }

    fn is_flooded(&mut self) -> bool {
        let flood = self.watch.flood().filter(|_| self.state != State::Failed);
        if let Some(flood) = flood {
            self.fail(flood);
        }
        flood.is_some()
    }

    fn fail(&mut self, flood: Flood) {
        self.worker.recorder().http2_flood(flood);
        self.connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
        self.state = State::Failed;
    }

    /// Has something been waited for long enough? Then the consequence has been drawn.
    fn is_due(&mut self, rests: bool, cx: &mut Context<'_>) -> bool {
        let patience = match self.state {
            State::Open | State::Leaving if self.watch.is_head_open() => Some(Patience::Head),
            State::Open if !self.worker.is_serving() => Some(Patience::Drain),
            State::Open if rests && !self.watch.is_blocked() => Some(Patience::Rest),
            _ if rests => Some(Patience::Last),
            _ => None,
        };
        if patience != self.patience {
            let now = self.worker.clock().now();
            match patience {
                Some(Patience::Head) => self.timer.set(now + HEAD_PATIENCE),
                Some(Patience::Drain) if self.worker.is_closing() => self.timer.set(now),
                Some(Patience::Drain) => self.timer.set(now + DRAIN_PATIENCE),
                Some(Patience::Rest) => self.timer.set(now + REST),
                Some(Patience::Last) => self.timer.set(now + LAST_PATIENCE),
                None => self.timer.clear(),
            }
            self.patience = patience;
        }
        match self.timer.poll_due(cx).map(|()| self.patience) {
            Poll::Ready(Some(Patience::Head)) => self.fail(Flood::SlowHead),
            Poll::Ready(Some(Patience::Drain | Patience::Rest)) => self.leave(),
            Poll::Ready(Some(Patience::Last)) => self.state = State::Ended,
            Poll::Ready(None) | Poll::Pending => return false,
        }
        true
    }

    fn leave_if_stopping(&mut self) {
        if self.state == State::Open && !self.worker.is_serving() {
            self.leave();
        }
    }

    fn leave(&mut self) {
        self.connection.graceful_shutdown();
        self.state = State::Leaving;
    }
}

/// One call.
async fn call<P: Proxy, N: Net>(
    worker: &Worker<N>,
    request: http::Request<RecvStream>,
    answer: SendResponse<Bytes>,
    inbound: Inbound,
) {
    let (head, body) = request.into_parts();
    let mut block = worker.blocks.take();
    let read = head::read_request(&head, body.is_end_stream(), &mut block);
    let method = Method::of(head.method.as_str().as_bytes());
    drop(head);
    let mut answer = CallerStream::new(body, answer);
    match read {
        Ok((parts, framing)) => {
            if framing == Framing::Length(0) && !is_empty(worker, &mut answer).await {
                return worker.blocks.give(block);
            }
            let request = Request::of_frames(block, parts, framing);
            let route = P::route(&request.head(), inbound);
            let timer = worker.timers.timer();
            let ends = (Caller::Http2(&mut answer), &timer);
            let carried = carry::<P, N>(worker, ends, request, (inbound, route)).await;
            worker.blocks.give(carried.block);
        }
        Err(refused) => {
            worker.blocks.give(block);
            refuse(worker, answer, (method, refused)).await;
        }
    }
}

/// A body that has announced itself as empty: to an upstream of HTTP/1.1 its request is complete, so nothing
/// goes there before the caller has said the same. `h2` resets a stream that brings more than it announced.
async fn is_empty<N: Net>(worker: &Worker<N>, answer: &mut CallerStream) -> bool {
    let timer = worker.timers.timer();
    timer.set(worker.clock().now() + HEAD_PATIENCE);
    let empty = poll_fn(|cx| match answer.incoming.poll_nothing(cx) {
        Poll::Ready(nothing) => Poll::Ready(nothing.is_ok()),
        Poll::Pending => timer.poll_due(cx).map(|()| false),
    })
    .await;
    if !empty {
        answer.reset();
    }
    empty
}

/// Answers what is HTTP/2 and yet no request.
async fn refuse<N: Net>(
    worker: &Worker<N>,
    mut answer: CallerStream,
    (method, refused): (Method, Refused),
) {
    worker.recorder().malformed();
    let response = reply::of_refused(worker, method, refused);
    let mut out = worker.blocks.take_outgoing();
    out.begin_body(&response.block);
    let ended = out.ready(&response.block).is_empty();
    if answer.begin((&response.block, &response.parts), b"", ended).is_ok() {
        // A caller that has left needs no answer.
        drop(poll_fn(|cx| answer.poll_drain((&response.block, &mut out), true, cx)).await);
    }
    worker.blocks.give_outgoing(out);
    response.discard(worker);
}
