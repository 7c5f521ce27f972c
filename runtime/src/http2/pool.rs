//! Connections of one worker to one upstream that carry many calls at once.
//!
//! A call takes a place on an open connection. When all are full it opens another one, and calls
//! that come meanwhile wait for that instead of opening their own.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::client::{Builder, SendRequest};

use super::drive::{Heard, Life, drive};
use super::stream::Asking;
use super::{CONNECTION_WINDOW, SEND_BUFFER, STREAM_WINDOW, STREAMS, head};
use crate::clock::Moment;
use crate::failure::{Failure, Kind};
use crate::filter::Call;
use crate::http1::HEAD_LIMIT;
use crate::http1::attempt::connected;
use crate::worker::{Net, Worker};

/// A connection without a call is closed after this time.
const REST: Duration = Duration::from_secs(60);
/// No connection gets new calls after this time: so that calls find their way to new endpoints.
const AGE: Duration = Duration::from_secs(15 * 60);

/// Connections, open and in the making.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    open: RefCell<Vec<Rc<Connection>>>,
    dials: RefCell<Vec<Rc<Dial>>>,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    endpoint: SocketAddr,
    requests: RefCell<SendRequest<Bytes>>,
    /// Calls on it.
    calls: Rc<Cell<usize>>,
    /// Calls that it may have.
    most: usize,
    born: Moment,
    /// Since when there has been no call on it, as far as that was looked at.
    resting: Cell<Option<Moment>>,
    authority: head::Authority,
}

/// Does a connection take another call?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Some,
    NotNow,
    /// It has ended, or its upstream goes away.
    Never,
}

/// A call's place on a connection.
#[derive(Debug)]
pub(crate) struct Lease(Rc<Connection>);

/// A connection in the making.
#[derive(Debug)]
struct Dial {
    endpoint: SocketAddr,
    waiting: Cell<usize>,
    wakers: RefCell<Vec<Waker>>,
    /// How it ended; waited for while there is nothing.
    end: Cell<Option<Result<(), Kind>>>,
}

impl Pool {
    /// A place on a connection to that endpoint, on one that was opened since then.
    fn take(&self, endpoint: SocketAddr, since: Moment, now: Moment) -> Option<Lease> {
        let mut open = self.open.borrow_mut();
        let mut at = 0;
        while let Some(connection) = open.get(at) {
            let fits = connection.endpoint == endpoint
                && connection.born >= since
                && connection.calls.get() < connection.most;
            match fits.then(|| connection.room()) {
                Some(Room::Some) if connection.is_young(now) => {
                    return Some(Lease::new(Rc::clone(connection)));
                }
                Some(Room::Some | Room::Never) => drop(open.remove(at)),
                Some(Room::NotNow) | None => at += 1,
            }
        }
        None
    }

    fn add(&self, connection: Connection) -> Lease {
        let connection = Rc::new(connection);
        self.open.borrow_mut().push(Rc::clone(&connection));
        Lease::new(connection)
    }

    /// Lets go of connections that have rested long enough, or are too old; calls on them go on.
    pub(crate) fn sweep(&self, now: Moment) {
        self.open
            .borrow_mut()
            .retain(|it| it.is_young(now) && it.room() != Room::Never && !it.is_tired(now));
    }

    pub(crate) fn retain(&self, wanted: impl Fn(SocketAddr) -> bool) {
        self.open.borrow_mut().retain(|connection| wanted(connection.endpoint));
    }

    /// A dial that is under way and has room for one more call.
    fn dialling(&self, endpoint: SocketAddr, most: usize) -> Option<Rc<Dial>> {
        let dials = self.dials.borrow();
        let fit = |it: &&Rc<Dial>| it.endpoint == endpoint && it.waiting.get() + 1 < most;
        dials.iter().find(fit).map(Rc::clone)
    }
}

impl Connection {
    fn is_young(&self, now: Moment) -> bool {
        now - self.born < AGE
    }

    fn is_tired(&self, now: Moment) -> bool {
        if self.calls.get() > 0 {
            self.resting.set(None);
            return false;
        }
        let since = self.resting.get().unwrap_or(now);
        self.resting.set(Some(since));
        now - since >= REST
    }

    fn room(&self) -> Room {
        let mut requests = self.requests.borrow_mut();
        match requests.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(_)) => Room::Never,
            Poll::Ready(Ok(())) if self.calls.get() < requests.current_max_send_streams() => {
                Room::Some
            }
            _ => Room::NotNow,
        }
    }
}

impl Lease {
    fn new(connection: Rc<Connection>) -> Self {
        connection.calls.set(connection.calls.get() + 1);
        connection.resting.set(None);
        Self(connection)
    }

    fn send(self, request: http::Request<()>, ended: bool) -> Result<Asking, h2::Error> {
        // A handle remembers a stream that waits for the upstream's permission, and whoever asks the
        // handle takes that stream's wake-up: so each call has one of its own.
        let mut requests = self.0.requests.borrow().clone();
        let (response, body) = requests.send_request(request, ended)?;
        Ok(Asking::new(response, body, ended, self))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.calls.set(self.0.calls.get() - 1);
    }
}

/// Ends the dial for those who wait, however it ended.
struct Dialling<'p>(&'p Pool, Rc<Dial>);

impl<'p> Dialling<'p> {
    fn begin(pool: &'p Pool, endpoint: SocketAddr) -> Self {
        let dial = Rc::new(Dial {
            endpoint,
            waiting: Cell::new(0),
            wakers: RefCell::default(),
            end: Cell::default(),
        });
        pool.dials.borrow_mut().push(Rc::clone(&dial));
        Self(pool, dial)
    }
}

impl Drop for Dialling<'_> {
    fn drop(&mut self) {
        self.0.dials.borrow_mut().retain(|dial| !Rc::ptr_eq(dial, &self.1));
        if self.1.end.get().is_none() {
            // Whoever dialled has left; the others find out what to do next.
            self.1.end.set(Some(Ok(())));
        }
        self.1.wakers.take().into_iter().for_each(Waker::wake);
    }
}

impl Dial {
    async fn wait(&self) -> Result<(), Kind> {
        self.waiting.set(self.waiting.get() + 1);
        poll_fn(|cx| {
            if let Some(end) = self.end.get() {
                return Poll::Ready(end);
            }
            let mut wakers = self.wakers.borrow_mut();
            if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                wakers.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}

/// A place for a try on a connection to that endpoint, opened since then; if there is none, `dial`
/// makes one. True: the connection was there before.
pub(crate) async fn attempt<N: Net>(
    call: &mut Call<'_, N>,
    (pool, endpoint): (&Pool, SocketAddr),
    (since, end): (Moment, Moment),
    dial: impl Future<Output = Result<N::Up, Kind>>,
) -> Result<(Lease, bool), Failure> {
    let worker = call.worker;
    let begun = call.now;
    let mut reused = true;
    loop {
        if let Some(lease) = pool.take(endpoint, since, call.now) {
            return Ok((lease, reused));
        }
        reused = false;
        if let Some(dial) = pool.dialling(endpoint, most::<N>()) {
            connected(call, dial.wait(), begun, end).await?;
            continue;
        }
        let dialling = Dialling::begin(pool, endpoint);
        // So seldom that other calls shall not have to carry its room.
        let opening = Box::pin(open(worker, dial, endpoint));
        let connection = connected(call, opening, begun, end).await;
        if let Err(Failure { kind, .. }) = &connection
            && is_everybodys(*kind)
        {
            dialling.1.end.set(Some(Err(*kind)));
        }
        return connection.map(|connection| (pool.add(connection), false));
    }
}

/// The same on a connection that no other call will find.
pub(crate) async fn attempt_alone<N: Net>(
    call: &mut Call<'_, N>,
    end: Moment,
    dial: impl Future<Output = Result<N::Up, Kind>>,
) -> Result<(Lease, bool), Failure> {
    let now = call.now;
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let connection = connected(call, open(call.worker, dial, nowhere), now, end).await?;
    Ok((Lease::new(Rc::new(connection)), false))
}

/// Calls that a connection may carry at once.
fn most<N: Net>() -> usize {
    N::CALLS.min(STREAMS as usize)
}

/// Would the others that wait for this connection have met the same? What a call's own bounds or
/// its caller ended, they try again.
const fn is_everybodys(kind: Kind) -> bool {
    matches!(kind, Kind::Refused | Kind::Unreachable | Kind::Reset | Kind::Loop)
}

/// Speaks HTTP/2 on a new connection, and leaves it to a task of its own.
async fn open<N: Net>(
    worker: &Worker<N>,
    dial: impl Future<Output = Result<N::Up, Kind>>,
    endpoint: SocketAddr,
) -> Result<Connection, Kind> {
    let (io, reads) = Heard::new(dial.await?);
    let (requests, connection) = Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_max_send_streams(most::<N>())
        .max_header_list_size(HEAD_LIMIT as u32)
        .max_send_buffer_size(SEND_BUFFER)
        .max_concurrent_streams(STREAMS)
        .enable_push(false)
        .handshake::<_, Bytes>(io)
        .await
        .map_err(|_| Kind::Reset)?;
    let calls = Rc::new(Cell::new(0));
    let life = Life { reads, calls: Rc::clone(&calls) };
    tokio::task::spawn_local(drive(connection, life, worker.clock(), worker.timers.timer()));
    Ok(Connection {
        endpoint,
        requests: RefCell::new(requests),
        calls,
        most: most::<N>(),
        born: worker.clock().now(),
        resting: Cell::new(None),
        authority: head::Authority::default(),
    })
}

/// Sends the request's head; its body follows.
pub(crate) fn begin<N: Net>(
    call: &mut Call<'_, N>,
    lease: Lease,
    authority: &str,
    traceparent: Option<&[u8]>,
) -> Result<Asking, Failure> {
    call.request.begin_framed_try().map_err(|broken| Failure::unsent(broken.into()))?;
    let additions = call.request.additions(authority, traceparent, call.tries);
    let (request, id) = (call.request.head(), call.request.id());
    let head = head::write_request(request, &additions, id, &lease.0.authority);
    let head = head.ok_or(Failure::unsent(Kind::BadBody))?;
    let ended = call.request.is_complete()
        && call.request.block.ready().is_empty()
        && call.request.block.trailers.is_empty();
    // A connection that takes no more calls has not taken this one.
    lease.send(head, ended).map_err(|_| Failure::unsent(Kind::Stale))
}

/// What an error of a stream means for a try.
pub(crate) fn failure(error: &h2::Error, reused: bool) -> Failure {
    match error.reason() {
        // The upstream goes away and says that it has not looked at this stream (RFC 9113 §6.8).
        _ if error.is_go_away() && error.is_remote() => Failure::unsent(Kind::Stale),
        // Nor at this one (§8.7).
        Some(Reason::REFUSED_STREAM) if error.is_remote() => Failure::unsent(Kind::RefusedStream),
        Some(_) if error.is_remote() => Failure::sent(Kind::Reset),
        Some(_) => Failure::sent(Kind::Malformed),
        None if reused => Failure::sent(Kind::Stale),
        None => Failure::sent(Kind::Reset),
    }
}
