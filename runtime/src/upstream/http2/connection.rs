//! A connection that carries many calls, and a call's seat on it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::client::{Builder, SendRequest};

use super::Pool;
use super::drive::{Heard, drive};
use crate::clock::Moment;
use crate::failure::{Failure, Kind};
use crate::grpc::Grpc;
use crate::message::HEAD_LIMIT;
use crate::net::Connect;
use crate::timer::Timers;
use crate::wire::http2::stream::UpstreamStream;
use crate::wire::http2::{
    CONNECTION_WINDOW, RESET_STREAMS, RESET_TIME, SEND_BUFFER, SMALL_FRAMES, STREAM_WINDOW,
    STREAMS, head,
};

/// A connection without a call is closed after this time.
pub(super) const REST: Duration = Duration::from_secs(60);
/// So is one beside others: it keeps the memory of 128 calls, and one connection is enough to begin with.
pub(super) const SPARE_REST: Duration = Duration::from_secs(3);
/// No connection gets new calls after this time: so that calls find their way to new endpoints.
const AGE: Duration = Duration::from_secs(15 * 60);

/// An open connection.
#[derive(Debug)]
pub(crate) struct Multiplexed {
    requests: RefCell<SendRequest<Bytes>>,
    /// Calls on it.
    calls: Rc<Cell<usize>>,
    /// Calls that it may have, as far as that is up to us.
    most: usize,
    /// Calls that its upstream allows; until that has spoken, what it last said elsewhere.
    allowed: Cell<usize>,
    /// What the upstream said last, on whichever connection.
    limit: Limit,
    born: Moment,
    /// Since when there has been no call on it, as far as that was looked at.
    resting: Cell<Option<Moment>>,
    authority: head::Authority,
}

/// Calls that an upstream allows a connection, as it said last (RFC 9113 §6.5.2).
#[derive(Clone, Debug)]
pub(super) struct Limit(Rc<Cell<usize>>);

/// Does a connection take another call?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Some,
    NotNow,
    /// It has ended, or its upstream goes away.
    Never,
}

/// A call's seat on a connection; taken until the call has ended.
#[derive(Debug)]
pub(crate) struct Seat {
    connection: Rc<Multiplexed>,
    /// Calls that were on the connection when it was taken, this one included.
    taken: usize,
}

impl Default for Limit {
    fn default() -> Self {
        Self(Rc::new(Cell::new(usize::MAX)))
    }
}

impl Limit {
    /// As many calls may be on a connection that has not said anything yet; one, for it to say more.
    pub(super) fn most<C: Connect>(&self) -> usize {
        most::<C>().min(self.0.get()).max(1)
    }
}

impl Multiplexed {
    /// Is it new enough, and has it a seat left?
    pub(super) fn fits(&self, since: Moment) -> bool {
        self.born >= since && self.calls.get() < self.most
    }

    pub(super) fn is_young(&self, now: Moment) -> bool {
        now - self.born < AGE
    }

    /// Has there been no call for so long?
    pub(super) fn is_tired(&self, now: Moment, rest: Duration) -> bool {
        if self.calls.get() > 0 {
            self.resting.set(None);
            return false;
        }
        let since = self.resting.get().unwrap_or(now);
        self.resting.set(Some(since));
        now - since >= rest
    }

    pub(super) fn room(&self) -> Room {
        let mut requests = self.requests.borrow_mut();
        match requests.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(_)) => Room::Never,
            Poll::Ready(Ok(())) => match self.allows(&requests) {
                // It allows none for now, and would on another connection: calls wait here until it does.
                0 => Room::Some,
                most if self.calls.get() < most => Room::Some,
                _ => Room::NotNow,
            },
            Poll::Pending => Room::NotNow,
        }
    }

    /// Calls that its upstream allows; what is news of that holds for connections to come, too.
    fn allows(&self, requests: &SendRequest<Bytes>) -> usize {
        let said = requests.current_max_send_streams();
        if self.allowed.replace(said) != said {
            self.limit.0.set(said);
        }
        said
    }
}

impl Seat {
    pub(super) fn on(connection: Rc<Multiplexed>) -> Self {
        connection.calls.set(connection.calls.get() + 1);
        connection.resting.set(None);
        Self { taken: connection.calls.get(), connection }
    }

    /// What is known of the names that calls on this connection are for.
    pub(crate) fn authority(&self) -> &head::Authority {
        &self.connection.authority
    }

    /// Begins a call.
    pub(crate) fn send(
        &self,
        head: http::Request<()>,
        ended: bool,
    ) -> Result<UpstreamStream, h2::Error> {
        // A handle remembers a stream that waits for the upstream's permission, and whoever asks the
        // handle takes that stream's wake-up: so each call has one of its own.
        let mut requests = self.connection.requests.borrow().clone();
        let (response, body) = requests.send_request(head, ended)?;
        Ok(UpstreamStream::new(response, body, ended))
    }

    /// What an error of its stream means for a try.
    pub(crate) fn failure(&self, error: &h2::Error, reused: bool) -> Failure {
        match error.reason() {
            // The upstream goes away and says that it has not looked at this stream (RFC 9113 §6.8).
            _ if error.is_go_away() && error.is_remote() => Failure::unsent(Kind::Stale),
            // Nor at this one (§8.7): it allows fewer than we had begun before it could say so.
            Some(Reason::REFUSED_STREAM) if error.is_remote() && self.is_excess() => {
                Failure::unsent(Kind::Stale)
            }
            Some(Reason::REFUSED_STREAM) if error.is_remote() => {
                Failure::unsent(Kind::RefusedStream)
            }
            Some(code) if error.is_remote() => Failure::sent(Kind::Aborted(meaning(code))),
            Some(_) => Failure::sent(Kind::Malformed),
            None if reused => Failure::sent(Kind::Stale),
            None => Failure::sent(Kind::Reset),
        }
    }

    /// Was it one more than the upstream allows, as is known by now?
    fn is_excess(&self) -> bool {
        let allowed = self.connection.allows(&self.connection.requests.borrow());
        (1..self.taken).contains(&allowed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let calls = &self.connection.calls;
        calls.set(calls.get() - 1);
    }
}

/// What a reset means to a caller of gRPC ("HTTP2 Transport Mapping" of its `PROTOCOL-HTTP2.md`).
fn meaning(code: Reason) -> Grpc {
    match code {
        Reason::REFUSED_STREAM => Grpc::Unavailable,
        Reason::CANCEL => Grpc::Cancelled,
        Reason::ENHANCE_YOUR_CALM => Grpc::ResourceExhausted,
        Reason::INADEQUATE_SECURITY => Grpc::PermissionDenied,
        _ => Grpc::Internal,
    }
}

/// Calls that a connection may carry at once, as far as that is up to us.
fn most<C: Connect>() -> usize {
    C::CALLS.min(STREAMS as usize)
}

/// Speaks HTTP/2 on a new connection, and leaves it to a task of its own.
pub(crate) async fn open<C: Connect>(
    dial: impl Future<Output = Result<C::Up, Kind>>,
    pool: &Pool,
    timers: &Rc<Timers>,
) -> Result<Multiplexed, Kind> {
    let calls = Rc::new(Cell::new(0));
    let io = Heard::new(dial.await?);
    let life = io.life(Rc::clone(&calls));
    let allowed = pool.most::<C>();
    let (requests, connection) = Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_max_send_streams(allowed)
        .max_header_list_size(HEAD_LIMIT as u32)
        .max_send_buffer_size(SEND_BUFFER)
        .max_concurrent_streams(STREAMS)
        .max_concurrent_reset_streams(RESET_STREAMS)
        .reset_stream_duration(RESET_TIME)
        // What calls that have ended still get, and what is malformed, ends no others.
        .max_local_error_reset_streams(None)
        .data_frame_budget(SMALL_FRAMES)
        .enable_push(false)
        .handshake::<_, Bytes>(io)
        .await
        .map_err(|_| Kind::Reset)?;
    tokio::task::spawn_local(drive(connection, life, timers.clock(), timers.timer()));
    Ok(Multiplexed {
        requests: RefCell::new(requests),
        calls,
        most: most::<C>(),
        allowed: Cell::new(allowed),
        limit: pool.limit.clone(),
        born: timers.clock().now(),
        resting: Cell::new(None),
        authority: head::Authority::default(),
    })
}
