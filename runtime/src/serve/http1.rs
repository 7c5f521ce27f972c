//! One connection of a caller: requests in, answers out, in order (RFC 9112 §9).

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::io::AsyncWrite as _;

use super::carry::{Carried, carry};
use super::linger::Linger;
use super::{REST, http2};
use crate::buffer::{Block, poll_drain, poll_fill};
use crate::call::{Caller, Request, Response, Then, reply};
use crate::clock::Moment;
use crate::message::{HEAD_LIMIT, Method, Refused, RequestParts};
use crate::net::Io as _;
use crate::proxy::{Incoming, Proxy};
use crate::spec::Inbound;
use crate::timer::Timer;
use crate::wire::http1::write::Persistence;
use crate::wire::http1::{parse, write};
use crate::worker::{Net, Worker};

/// A head that has begun must be complete within this time.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// While the proxy stops, a silent connection is given this time to say something, or to go on.
const DRAIN_PATIENCE: Duration = Duration::from_secs(1);
/// How long an answer of our own may take to be written.
const FAREWELL: Duration = Duration::from_secs(1);

/// The caller's end of a connection.
struct Connection<N: Net> {
    io: N::Down,
    timer: Timer,
    /// It has carried a request.
    used: bool,
    /// When its last call ended.
    rests_since: Moment,
}

/// What the wait for a request ended with.
enum Next {
    Request(Request),
    /// It is an HTTP/2 connection; the block holds its beginning.
    Http2(Box<Block>),
    Refused(Refused, Method),
    Slow,
    Closed,
}

/// What happens on a connection after an answer.
enum Afterwards {
    /// Another request; the block may hold its beginning.
    Next(Box<Block>),
    Linger,
    Close,
}

/// Carries all calls of one connection.
pub(crate) async fn serve<P: Proxy, N: Net>(worker: &Worker<N>, io: N::Down, inbound: Inbound) {
    let (timer, rests_since) = (worker.timers.timer(), worker.clock().now());
    let mut caller = Connection { io, timer, used: false, rests_since };
    let mut ahead = None;
    loop {
        let request = match caller.next(worker, ahead.take()).await {
            Next::Request(request) => request,
            Next::Http2(block) => {
                let Connection { io, timer, .. } = caller;
                // Room for it is taken by connections that need it: most speak HTTP/1.1, and rest.
                return Box::pin(http2::serve::<P, N>(worker, (io, timer), block, inbound)).await;
            }
            Next::Refused(refused, method) => {
                worker.recorder().malformed();
                return caller.farewell(worker, reply::of_refused(worker, method, refused)).await;
            }
            Next::Slow => return caller.farewell(worker, reply::of_slow_caller(worker)).await,
            Next::Closed => return,
        };
        let route = match meant::<P>(&request, inbound) {
            Meant::Call(route) => route,
            Meant::MoreHttp => match caller.welcome(worker, request).await {
                Some(block) if block.filled > 0 => {
                    ahead = Some(block);
                    continue;
                }
                Some(block) => {
                    worker.blocks.give(block);
                    continue;
                }
                None => return,
            },
            Meant::Refused(refused) => {
                worker.recorder().malformed();
                let answer = reply::of_refused(worker, Method::Connect, refused);
                return caller.farewell(worker, answer).await;
            }
        };
        caller.used = true;
        match answer::<P, N>(worker, &mut caller, request, (inbound, route)).await {
            Afterwards::Next(block) if block.filled > 0 => ahead = Some(block),
            Afterwards::Next(block) => worker.blocks.give(block),
            Afterwards::Linger => return caller.linger().await,
            Afterwards::Close => return,
        }
    }
}

/// What a request asks for.
enum Meant<R> {
    Call(R),
    /// `CONNECT` to an upstream that speaks HTTP: what is sent there is more HTTP.
    MoreHttp,
    Refused(Refused),
}

fn meant<P: Proxy>(request: &Request, inbound: Inbound) -> Meant<P::Route> {
    let head = request.head();
    if head.method() != Method::Connect {
        return Meant::Call(P::route(&head, inbound));
    }
    if inbound != Inbound::Shared {
        // Only who dials the shared port takes us for a proxy.
        return Meant::Refused(Refused::Method);
    }
    match P::connect(head.host(), request.parts.port.unwrap_or_default()) {
        Incoming::Http => Meant::MoreHttp,
        Incoming::Tunnel(route) | Incoming::Tls { unnamed: route } => Meant::Call(route),
    }
}

/// One call on this connection.
async fn answer<P: Proxy, N: Net>(
    worker: &Worker<N>,
    connection: &mut Connection<N>,
    request: Request,
    target: (Inbound, P::Route),
) -> Afterwards {
    let ends = (Caller::Http1(&mut connection.io), &connection.timer);
    let Carried { block, then, now } = carry::<P, N>(worker, ends, request, target).await;
    connection.rests_since = now;
    match then {
        Then::Keep => Afterwards::Next(block),
        then => {
            worker.blocks.give(block);
            if then == Then::Reset {
                connection.io.reset();
            }
            if then == Then::Linger { Afterwards::Linger } else { Afterwards::Close }
        }
    }
}

impl<N: Net> Connection<N> {
    /// Waits for a complete request head.
    async fn next(&mut self, worker: &Worker<N>, ahead: Option<Box<Block>>) -> Next {
        let first = match ahead {
            None => self.idle(worker).await,
            ahead => ahead,
        };
        let Some(mut block) = first else { return Next::Closed };
        let mut parts = RequestParts::default();
        let (mut fresh, mut begun) = (true, false);
        loop {
            if fresh {
                let Block { bytes, fields, filled, .. } = &mut *block;
                let head = bytes.get_mut(..*filled).unwrap_or_default();
                match parse::request(head, fields, &mut parts) {
                    Ok(Some(complete)) => {
                        let (head, framing) = (complete.length, complete.framing);
                        return Next::Request(Request::new(block, parts, head, framing));
                    }
                    Ok(None) if is_nothing(block.filled()) => {
                        // It may come behind a body (RFC 9112 §2.2); no request has begun with it.
                        worker.blocks.give(block);
                        let Some(next) = self.idle(worker).await else { return Next::Closed };
                        (block, begun) = (next, false);
                        continue;
                    }
                    Ok(None) if begun => {}
                    Ok(None) => {
                        begun = true;
                        self.timer.set(worker.clock().now() + HEAD_PATIENCE);
                    }
                    // Only an error leads here: requests of HTTP/1 pay nothing for it.
                    Err(_) if !self.used && http2::is_preface(block.filled()) => {
                        return Next::Http2(block);
                    }
                    Err(refused) => {
                        return Next::Refused(refused, parse::refused_method(block.filled()));
                    }
                }
            }
            match self.more(worker, &mut block).await {
                More::Bytes(with_line_end) => fresh = with_line_end || block.filled >= HEAD_LIMIT,
                More::Slow if block.filled() == b"\r" => return Next::Closed,
                More::Slow => return Next::Slow,
                More::End => return Next::Closed,
            }
        }
    }

    /// Waits for the first bytes of a request. Until they are there the connection holds no buffer:
    /// most of the time most connections are idle. `None`: it is to be closed.
    async fn idle(&mut self, worker: &Worker<N>) -> Option<Box<Block>> {
        let mut patience = None;
        self.timer.set(self.rests_since + REST);
        poll_fn(|cx| {
            // A new connection is taken for readable until it has been tried: then the read waits.
            if self.io.poll_readable(cx).is_ready() {
                let mut block = worker.blocks.take();
                let read = poll_fill(&mut self.io, &mut block, cx);
                if let Poll::Ready(Ok(1..)) = read {
                    return Poll::Ready(Some(block));
                }
                worker.blocks.give(block);
                if read.is_ready() {
                    return Poll::Ready(None);
                }
            }
            // Whoever has just got through is about to say something.
            if worker.is_closing() && self.used {
                return Poll::Ready(None);
            }
            if !worker.is_serving() && patience.is_none() {
                let until = worker.clock().now() + DRAIN_PATIENCE;
                patience = Some(until);
                self.timer.set(until);
            }
            ready!(self.timer.poll_due(cx));
            Poll::Ready(None)
        })
        .await
    }

    async fn more(&mut self, worker: &Worker<N>, block: &mut Block) -> More {
        let known = block.filled;
        if !block.has_space() {
            block.grow(HEAD_LIMIT);
        }
        let mut hurried = false;
        let read = poll_fn(|cx| {
            if let Poll::Ready(read) = poll_fill(&mut self.io, block, cx) {
                return Poll::Ready(Some(read));
            }
            if worker.is_closing() && !hurried {
                hurried = true;
                self.timer.set(worker.clock().now() + DRAIN_PATIENCE);
            }
            self.timer.poll_due(cx).map(|()| None)
        })
        .await;
        match read {
            Some(Ok(0) | Err(_)) => More::End,
            Some(Ok(_)) => {
                let news = block.filled().get(known..).unwrap_or_default();
                More::Bytes(memchr::memchr(b'\n', news).is_some())
            }
            None => More::Slow,
        }
    }

    /// Answers `CONNECT` where HTTP goes on; gives the block, with what has been read behind the
    /// request. None: the caller has left.
    async fn welcome(&mut self, worker: &Worker<N>, request: Request) -> Option<Box<Block>> {
        let block = request.end(worker);
        let mut out = worker.blocks.take_outgoing();
        out.head.extend_from_slice(b"HTTP/1.1 200 OK\r\n\r\n");
        self.timer.set(worker.clock().now() + FAREWELL);
        let written = poll_fn(|cx| {
            if let Poll::Ready(written) = poll_drain(&mut self.io, &block, &mut out, cx) {
                return Poll::Ready(written.is_ok());
            }
            self.timer.poll_due(cx).map(|()| false)
        })
        .await;
        worker.blocks.give_outgoing(out);
        written.then_some(block)
    }

    /// The last answer on this connection, without a call.
    async fn farewell(mut self, worker: &Worker<N>, response: Response<N>) {
        let mut out = worker.blocks.take_outgoing();
        let additions = write::ResponseAdditions {
            lines: response.block.edits.lines(),
            chunked: false,
            connection: Persistence::Close,
        };
        let block = &response.block;
        write::response(&block.bytes, &block.fields, &response.parts, &additions, &mut out.head);
        out.begin_body(block);
        self.timer.set(worker.clock().now() + FAREWELL);
        poll_fn(|cx| {
            if poll_drain(&mut self.io, block, &mut out, cx).is_ready() {
                return Poll::Ready(());
            }
            self.timer.poll_due(cx)
        })
        .await;
        worker.blocks.give_outgoing(out);
        response.discard(worker);
        self.linger().await;
    }

    /// Ends our side, and reads on for a while.
    async fn linger(mut self) {
        let ended = poll_fn(|cx| Pin::new(&mut self.io).poll_shutdown(cx)).await;
        if ended.is_ok() {
            let mut linger = Linger::begin(&self.timer);
            poll_fn(|cx| linger.poll(&mut self.io, &self.timer, cx)).await;
        }
    }
}

/// Only empty lines?
fn is_nothing(bytes: &[u8]) -> bool {
    bytes.chunks(2).all(|line| line == b"\r\n")
}

/// What a read for a head brought.
enum More {
    /// Some bytes; is there a line's end among them?
    Bytes(bool),
    Slow,
    End,
}
