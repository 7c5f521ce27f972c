//! One thread that carries traffic: its listeners, its connections, and what they share.

use std::cell::{Cell, RefCell, RefMut};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::clock::Clock;
use crate::discover::{Endpoints, Lookup};
use crate::handover::{Arrival, Doors, Place};
use crate::http1::block::Blocks;
use crate::http1::server;
use crate::intercept::original;
use crate::net::tcp::Tcp;
use crate::net::{Connect, Pipes};
use crate::observe::access_log::{Log, Sender};
use crate::observe::event::{Event, Record};
use crate::observe::metrics::Recorder;
use crate::observe::report::{Report, TunnelReport};
use crate::proxy::{Directory, Incoming, Proxy};
use crate::random::Random;
use crate::shared::{Phase, Shared};
use crate::spec::{BreakerId, Inbound, UpstreamId};
use crate::timer::Timers;
use crate::upstream::Upstream;
use crate::{http2, tunnel};

/// The network as calls see it: it connects, and may keep a record of what happens to them.
pub trait Net: Connect + Record {}

impl<N: Connect + Record> Net for N {}

impl Record for Tcp {}

/// How often resting connections are looked at.
const SWEEP: Duration = Duration::from_secs(1);

/// What the connections of one thread share.
pub(crate) struct Worker<N: Net> {
    pub(crate) net: N,
    pub(crate) timers: Rc<Timers>,
    pub(crate) blocks: Blocks,
    pub(crate) pipes: Pipes,
    pub(crate) shared: Arc<Shared>,
    recorder: Arc<Recorder>,
    random: RefCell<Random>,
    upstreams: Box<[Upstream<N>]>,
    /// Connections to where redirected callers of HTTP/2 wanted to go, whom no upstream is for.
    pub(crate) passing: http2::Pool,
    breakers: &'static [&'static str],
    log: Option<Log>,
    phase: Cell<Phase>,
}

/// What a worker thread is started with.
pub(crate) struct Setup {
    pub(crate) index: usize,
    pub(crate) listeners: Vec<(TcpListener, Inbound)>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) endpoints: Vec<Endpoints>,
    pub(crate) lookup: Lookup,
    pub(crate) log: Option<Sender>,
    pub(crate) random: Random,
    pub(crate) own: Vec<SocketAddr>,
    pub(crate) doors: Doors,
    /// Connections that other workers hand over.
    pub(crate) arrivals: UnboundedReceiver<Arrival>,
    /// Callers of the shared port that have been accepted already.
    pub(crate) early: Vec<TcpStream>,
}

impl<N: Net> Worker<N> {
    pub(crate) fn new<P: Proxy>(
        net: N,
        index: usize,
        shared: Arc<Shared>,
        random: Random,
        log: Option<Log>,
    ) -> Self {
        let upstream = |spec| Upstream::new(spec, index);
        Self {
            net,
            timers: Timers::new(shared.clock),
            blocks: Blocks::default(),
            pipes: Pipes::default(),
            recorder: shared.recorder(index),
            random: RefCell::new(random),
            upstreams: P::UPSTREAMS.iter().map(upstream).collect(),
            passing: http2::Pool::default(),
            breakers: P::BREAKERS,
            log,
            phase: Cell::new(Phase::Serving),
            shared,
        }
    }

    /// From now on this is spoken with all upstreams.
    #[cfg(feature = "testing")]
    pub(crate) fn speak(&mut self, protocol: crate::spec::Protocol) {
        self.upstreams.iter_mut().for_each(|upstream| upstream.protocol = protocol);
    }

    pub(crate) fn clock(&self) -> Clock {
        self.shared.clock
    }

    pub(crate) fn random(&self) -> RefMut<'_, Random> {
        self.random.borrow_mut()
    }

    pub(crate) fn upstream(&self, id: UpstreamId) -> Option<&Upstream<N>> {
        self.upstreams.get(id.0)
    }

    pub(crate) fn breaker_name(&self, id: BreakerId) -> &'static str {
        self.breakers.get(id.0).copied().unwrap_or_default()
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(crate) fn is_serving(&self) -> bool {
        self.phase.get() == Phase::Serving
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.phase.get() == Phase::Closing
    }

    /// Counts and logs a finished call.
    pub(crate) fn report(&self, report: &Report<'_>) {
        self.recorder().record(report);
        self.net.record(Event::Ended(report.ended()));
        if let Some(log) = &self.log {
            log.write(report, self.clock(), self.random().id());
            self.recorder().lines_dropped(log.take_dropped());
        }
    }

    /// Counts and logs a finished tunnel that was no call.
    pub(crate) fn report_tunnel(&self, report: &TunnelReport<'_>) {
        self.recorder().connects(report.route, report.tries);
        if let Some(log) = &self.log {
            log.write_tunnel(report, self.clock(), self.random().id());
            self.recorder().lines_dropped(log.take_dropped());
        }
    }

    /// Addresses of an upstream as they become known.
    async fn follow(&self, id: usize, mut endpoints: Endpoints) {
        let Some(upstream) = self.upstreams.get(id) else { return };
        loop {
            upstream.update(Arc::clone(&endpoints.borrow_and_update()));
            if endpoints.changed().await.is_err() {
                return;
            }
        }
    }

    /// The process's phase as it changes; every idle connection hears of it.
    async fn watch_phase(&self) {
        let mut phase = self.shared.phase.clone();
        loop {
            self.phase.set(*phase.borrow_and_update());
            self.timers.wake_all();
            if self.is_closing() || phase.changed().await.is_err() {
                return;
            }
        }
    }

    /// Closes connections that have rested long enough.
    async fn sweep(&self) {
        loop {
            tokio::time::sleep(SWEEP).await;
            let now = self.clock().now();
            self.upstreams.iter().for_each(|upstream| upstream.sweep(now));
            self.passing.sweep(now);
        }
    }

    async fn write_log(&self) {
        if let Some(log) = &self.log {
            log.drive().await;
        }
    }
}

impl<N: Net> Directory for Worker<N> {
    fn lists(&self, upstream: UpstreamId, address: SocketAddr) -> bool {
        self.upstream(upstream).is_some_and(|upstream| upstream.has(address))
    }
}

/// Carries traffic until the process stops and the last connection has ended.
pub(crate) fn run<P: Proxy>(setup: Setup) -> std::io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(work::<P>(setup))
}

async fn work<P: Proxy>(setup: Setup) -> std::io::Result<()> {
    let net = Tcp { lookup: setup.lookup, own: setup.own };
    let log = setup.log.and_then(Log::new::<P>);
    let worker = Worker::new::<P>(net, setup.index, setup.shared, setup.random, log);
    let worker = Rc::new(worker);
    let timers = Rc::clone(&worker.timers);
    tokio::task::spawn_local(async move { timers.drive().await });
    for (id, endpoints) in setup.endpoints.into_iter().enumerate() {
        let worker = Rc::clone(&worker);
        tokio::task::spawn_local(async move { worker.follow(id, endpoints).await });
    }
    let (sweeper, logger) = (Rc::clone(&worker), Rc::clone(&worker));
    tokio::task::spawn_local(async move { sweeper.sweep().await });
    tokio::task::spawn_local(async move { logger.write_log().await });
    let doors = Rc::new(setup.doors);
    for stream in setup.early {
        stream.set_nonblocking(true)?;
        let (stream, place) =
            (tokio::net::TcpStream::from_std(stream)?, doors.here(&worker.shared));
        welcome::<P>(&worker, stream, Inbound::Shared, place);
    }
    tokio::task::spawn_local(take_over::<P>(Rc::clone(&worker), setup.arrivals));
    for (listener, inbound) in setup.listeners {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (worker, doors) = (Rc::clone(&worker), Rc::clone(&doors));
        tokio::task::spawn_local(accept::<P>(worker, listener, inbound, doors));
    }
    worker.watch_phase().await;
    while doors.carried() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    if let Some(log) = &worker.log {
        log.flush();
    }
    Ok(())
}

async fn accept<P: Proxy>(
    worker: Rc<Worker<Tcp>>,
    listener: tokio::net::TcpListener,
    inbound: Inbound,
    doors: Rc<Doors>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let place = doors.place(&worker.shared);
                match doors.is_own(&place) {
                    true => welcome::<P>(&worker, stream, inbound, place),
                    false => hand_over(&doors, stream, inbound, place),
                }
            }
            // Out of file descriptors: others must end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Lets another worker carry a connection.
fn hand_over(doors: &Doors, stream: tokio::net::TcpStream, inbound: Inbound, place: Place) {
    if let Ok(stream) = stream.into_std() {
        doors.send(Arrival { stream, inbound, place });
    }
}

async fn take_over<P: Proxy>(worker: Rc<Worker<Tcp>>, mut arrivals: UnboundedReceiver<Arrival>) {
    while let Some(Arrival { stream, inbound, place }) = arrivals.recv().await {
        // Without room in the system's tables it is closed, as if it had not been accepted.
        if let Ok(stream) = tokio::net::TcpStream::from_std(stream) {
            welcome::<P>(&worker, stream, inbound, place);
        }
    }
}

/// Serves a caller for as long as it stays.
fn welcome<P: Proxy>(
    worker: &Rc<Worker<Tcp>>,
    stream: tokio::net::TcpStream,
    listener: Inbound,
    place: Place,
) {
    worker.recorder().connection();
    let worker = Rc::clone(worker);
    // A connection that cannot be set up is served all the same, only later.
    drop(stream.set_nodelay(true));
    tokio::task::spawn_local(async move {
        let inbound = original::inbound::<P>(&stream, listener);
        serve::<P, Tcp>(&worker, stream, inbound).await;
        drop(place);
    });
}

/// Carries a connection, whatever it is, to its end.
async fn serve<P: Proxy, N: Net>(worker: &Worker<N>, io: N::Down, inbound: Inbound) {
    let tunnel = |io| tunnel::Connection::new(worker, io, inbound);
    match P::accept(inbound, worker) {
        Incoming::Http => server::serve::<P, N>(worker, io, inbound).await,
        // In boxes, so that a resting connection of HTTP has no room for what it is not.
        Incoming::Tunnel(route) => Box::pin(tunnel(io).serve::<P>(route)).await,
        Incoming::Tls { unnamed } => Box::pin(tunnel(io).serve_tls::<P>(unnamed)).await,
    }
}
