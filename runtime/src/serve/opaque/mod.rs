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

pub(crate) mod hello;

use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use self::hello::Hello;
use crate::buffer::{Block, Outgoing, poll_fill};
use crate::call::{Asker, Opening};
use crate::clock::Moment;
use crate::failure::{Failure, Kind};
use crate::net::Io as _;
use crate::net::Target;
use crate::observe::report::{Ending, TunnelReport};
use crate::proxy::Proxy;
use crate::relay::{Flow, Relay, Relayed};
use crate::spec::Inbound;
use crate::timer::{Lookout, Timer};
use crate::worker::{Net, Worker};

/// A TLS caller speaks first. One that is silent for so long may speak another protocol.
const SILENCE: Duration = Duration::from_secs(1);
/// A ClientHello that has begun must be complete within this time.
const HELLO_PATIENCE: Duration = Duration::from_secs(10);

/// A connection that is a tunnel as a whole.
pub(crate) struct OpaqueConnection<'a, N: Net> {
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

impl<'a, N: Net> OpaqueConnection<'a, N> {
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
        let asker = Asker::Connection(&self.io, Lookout::default());
        let mut opening = Opening::new((self.worker, &self.timer), destination, asker);
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
                let upload = match self.ahead.take() {
                    Some(ahead) => Flow::starting_with(ahead, Outgoing::default()),
                    None => Flow::default(),
                };
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
