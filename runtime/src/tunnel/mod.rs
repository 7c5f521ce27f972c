//! Bytes that nobody looks at, in both directions, until both have ended.
//!
//! ```text
//! hello     the name in a TLS caller's first bytes
//! opening   limit, breaker, an address that answers
//! relay     both directions, time, the end
//!   flow    one direction
//!     pipe  where the kernel can, it moves the bytes by itself
//! ```
//!
//! A tunnel begins where HTTP ends, behind a `101` or a `CONNECT`, or is a connection as a whole:
//! to an upstream of another protocol, or to a destination that no policy knows. Each direction is a
//! [`Flow`] of its own, so that one may end while the other goes on; what ends the whole tunnel
//! early is a broken connection on either side, or silence on both.

mod flow;
mod hello;
mod opening;
mod relay;

pub(crate) use flow::Flow;
pub(crate) use opening::Place;
pub use opening::{Opening, Through, Tunnel};

use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use self::hello::Hello;
use self::relay::{Relay, Relayed};
use crate::clock::Moment;
use crate::failure::{Failure, Kind};
use crate::filter::{Call, Outcome};
use crate::http1::block::Block;
use crate::http1::flow::poll_fill;
use crate::http1::reply;
use crate::http1::response::Response;
use crate::net::Io as _;
use crate::net::Target;
use crate::observe::report::{Ending, TunnelReport};
use crate::peer::{Caller, Link};
use crate::proxy::Proxy;
use crate::spec::Inbound;
use crate::timer::Timer;
use crate::worker::{Net, Worker};

/// A TLS caller speaks first. One that is silent for so long may speak another protocol.
const SILENCE: Duration = Duration::from_secs(1);
/// A ClientHello that has begun must be complete within this time.
const HELLO_PATIENCE: Duration = Duration::from_secs(10);

/// What went through a tunnel that was a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    /// Bytes to the caller.
    pub(crate) sent: u64,
    /// Why it ended before both sides were done, if it did.
    pub(crate) error: Option<&'static str>,
}

/// Carries what is left of a call whose answer is that the connection is a tunnel from now on. The
/// answer's head is the first thing that the caller gets.
pub(crate) async fn carry<N: Net>(call: &mut Call<'_, N>, response: Response<N>) -> Carried {
    // INVARIANT: only HTTP/1.1 on both sides leads here.
    let (Some(Link::Http1 { io: mut upstream, .. }), Caller::Http1(io)) =
        (response.link, &mut call.caller)
    else {
        return Carried { sent: 0, error: Some("proxy_internal_error") };
    };
    let ahead = call.request.take_ahead(call.worker);
    let relay = Relay {
        worker: call.worker,
        caller: *io,
        upstream: &mut upstream,
        timer: call.timer,
        idle: call.limits.idle,
        route: call.route,
    };
    let (upload, download) = (Flow::starting_with(ahead), Flow::starting_with(response.block));
    let Relayed { received, sent, ending } = relay.run(upload, download).await;
    call.request.received += received;
    Carried { sent, error: ending.error() }
}

/// `CONNECT`: the answer is that there is a tunnel now.
pub(crate) async fn connect<P: Proxy, N: Net>(
    route: P::Route,
    call: &mut Call<'_, N>,
) -> Outcome<N> {
    let host = String::from_utf8_lossy(call.head().host()).into_owned();
    // Without a port the request would have been refused.
    let port = call.request.parts.port.unwrap_or_default();
    let destination = Some(Target::Name(&host, port));
    let mut opening = Opening::new(call.worker, call.timer, destination);
    let opened = P::tunnel(route, &mut opening).await;
    let Opening { tries, idle, place, .. } = opening;
    (call.tries, call.limits.idle, call.place) = (tries, idle, place);
    match opened {
        Ok(io) => Ok(reply::of_tunnel(call.worker, io)),
        Err(failure) => {
            call.worker.recorder().tunnel(call.route, Ending::of(failure));
            Err(failure)
        }
    }
}

/// A connection that is a tunnel as a whole.
pub(crate) struct Connection<'a, N: Net> {
    worker: &'a Worker<N>,
    io: N::Down,
    timer: Timer,
    started: Moment,
    /// Where it wanted to go before it was redirected.
    original: Option<SocketAddr>,
    /// The name that a TLS caller gave.
    name: Vec<u8>,
    /// What has been read.
    ahead: Option<Box<Block>>,
}

impl<'a, N: Net> Connection<'a, N> {
    pub(crate) fn new(worker: &'a Worker<N>, io: N::Down, inbound: Inbound) -> Self {
        let original = match inbound {
            Inbound::Redirected(original) => Some(original),
            Inbound::Shared | Inbound::Own(_) => None,
        };
        let (timer, started) = (worker.timers.timer(), worker.clock().now());
        Self { worker, io, timer, started, original, name: Vec::new(), ahead: None }
    }

    /// Carries it to its end.
    pub(crate) async fn serve<P: Proxy>(mut self, route: P::Route) {
        let destination = self.original.map(Target::Original);
        let mut opening = Opening::new(self.worker, &self.timer, destination);
        let opened = P::tunnel(route, &mut opening).await;
        let Opening { tries, idle, place: _place, .. } = opening;
        let index = P::index(route);
        match opened {
            Ok(mut upstream) => {
                let relay = Relay {
                    worker: self.worker,
                    caller: &mut self.io,
                    upstream: &mut upstream,
                    timer: &self.timer,
                    idle,
                    route: index,
                };
                let upload = self.ahead.take().map_or_else(Flow::default, Flow::starting_with);
                let relayed = relay.run(upload, Flow::default()).await;
                self.report(index, tries, &Ok(relayed));
            }
            Err(failure) => self.refuse::<P>(route, tries, failure),
        }
    }

    /// Reads the name of the server first. `unnamed`: whose the connection is without one.
    pub(crate) async fn serve_tls<P: Proxy>(mut self, unnamed: P::Route) {
        let route = match self.hello().await {
            Ok(Hello::Named(name)) => {
                let port = self.original.map_or(0, |original| original.port());
                let route = P::named(&name, port);
                self.name = name;
                route
            }
            Ok(Hello::Malformed) => {
                return self.refuse::<P>(unnamed, 0, Failure::unsent(Kind::BadHello));
            }
            Ok(_) => unnamed,
            Err(failure) => return self.refuse::<P>(unnamed, 0, failure),
        };
        self.serve::<P>(route).await;
    }

    /// What the first bytes are; they stay in `ahead`.
    async fn hello(&mut self) -> Result<Hello, Failure> {
        let worker = self.worker;
        self.timer.set(worker.clock().now() + SILENCE);
        let mut read = None;
        poll_fn(|cx| {
            if worker.is_closing() {
                return Poll::Ready(Err(Failure::unsent(Kind::Cancelled)));
            }
            loop {
                if self.io.poll_readable(cx).is_pending() {
                    break;
                }
                let block = self.ahead.get_or_insert_with(|| worker.blocks.take());
                if !block.has_space() {
                    block.grow(hello::LIMIT);
                }
                match poll_fill(&mut self.io, block, cx) {
                    // It ends before it has said what it wants: that goes by its destination.
                    Poll::Ready(Ok(0)) if read.is_none() => return Poll::Ready(Ok(Hello::Unnamed)),
                    Poll::Ready(Ok(0)) => return Poll::Ready(Ok(Hello::Malformed)),
                    Poll::Ready(Err(_)) => {
                        return Poll::Ready(Err(Failure::unsent(Kind::Cancelled)));
                    }
                    Poll::Ready(Ok(_)) => {}
                    Poll::Pending => break,
                }
                if read.is_none() {
                    self.timer.set(worker.clock().now() + HELLO_PATIENCE);
                }
                match hello::read(block.filled()) {
                    Hello::Incomplete => read = Some(()),
                    hello => return Poll::Ready(Ok(hello)),
                }
            }
            let late = if read.is_none() { Hello::Unnamed } else { Hello::Malformed };
            self.timer.poll_due(cx).map(|()| Ok(late))
        })
        .await
    }

    /// The caller sees that it was cut: its connection had been accepted already.
    fn refuse<P: Proxy>(mut self, route: P::Route, tries: u32, failure: Failure) {
        let index = P::index(route);
        self.worker.recorder().tunnel(index, Ending::of(failure));
        self.io.reset();
        self.report(index, tries, &Err(failure));
        if let Some(block) = self.ahead {
            self.worker.blocks.give(block);
        }
    }

    fn report(&self, route: usize, tries: u32, ended: &Result<Relayed, Failure>) {
        let (status, error, received, sent) = match ended {
            Ok(relayed) => (200, relayed.ending.error(), relayed.received, relayed.sent),
            Err(failure) => (failure.status(), Some(failure.error()), 0, 0),
        };
        self.worker.report_tunnel(&TunnelReport {
            route,
            status,
            tries,
            error,
            duration: self.worker.clock().now() - self.started,
            received,
            sent,
            destination: self.original,
            name: &self.name,
        });
    }
}
