//! One thread that carries traffic: its listeners, its connections, and what they share.

use std::cell::{Cell, RefCell, RefMut};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};

use crate::clock::Clock;
use crate::http1::block::Blocks;
use crate::http1::server;
use crate::intercept::original;
use crate::net::{Event, Net};
use crate::observe::access_log::{Log, Sender};
use crate::observe::metrics::Recorder;
use crate::observe::report::Report;
use crate::proxy::{BreakerId, Inbound, Proxy, UpstreamId};
use crate::random::Random;
use crate::shared::{Phase, Shared};
use crate::tcp::Tcp;
use crate::timer::Timers;
use crate::upstream::{Endpoints, Lookup, Upstream};

/// How often resting connections are looked at.
const SWEEP: Duration = Duration::from_secs(1);

/// What the connections of one thread share.
pub(crate) struct Worker<N: Net> {
    pub(crate) net: N,
    pub(crate) timers: Rc<Timers>,
    pub(crate) blocks: Blocks,
    pub(crate) shared: Arc<Shared>,
    recorder: Arc<Recorder>,
    random: RefCell<Random>,
    upstreams: Box<[Upstream<N>]>,
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
            recorder: shared.recorder(index),
            random: RefCell::new(random),
            upstreams: P::UPSTREAMS.iter().map(upstream).collect(),
            breakers: P::BREAKERS,
            log,
            phase: Cell::new(Phase::Serving),
            shared,
        }
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
            self.upstreams.iter().for_each(|upstream| upstream.pool.sweep(now));
        }
    }

    async fn write_log(&self) {
        if let Some(log) = &self.log {
            log.drive().await;
        }
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
    let open = Rc::new(Cell::new(0_usize));
    for stream in setup.early {
        stream.set_nonblocking(true)?;
        welcome::<P>(&worker, &open, tokio::net::TcpStream::from_std(stream)?, Inbound::Shared);
    }
    for (listener, inbound) in setup.listeners {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (worker, open) = (Rc::clone(&worker), Rc::clone(&open));
        tokio::task::spawn_local(accept::<P>(worker, listener, inbound, open));
    }
    worker.watch_phase().await;
    while open.get() > 0 {
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
    open: Rc<Cell<usize>>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => welcome::<P>(&worker, &open, stream, inbound),
            // Out of file descriptors: others must end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Serves a caller for as long as it stays.
fn welcome<P: Proxy>(
    worker: &Rc<Worker<Tcp>>,
    open: &Rc<Cell<usize>>,
    stream: tokio::net::TcpStream,
    listener: Inbound,
) {
    let connection = Connection::count(worker, open);
    // A connection that cannot be set up is served all the same, only later.
    drop(stream.set_nodelay(true));
    tokio::task::spawn_local(async move {
        let inbound = original::inbound::<P>(&stream, listener);
        server::serve::<P, Tcp>(&connection.worker, stream, inbound).await;
    });
}

/// An open connection of a caller, counted while it lives.
struct Connection {
    worker: Rc<Worker<Tcp>>,
    open: Rc<Cell<usize>>,
}

impl Connection {
    fn count(worker: &Rc<Worker<Tcp>>, open: &Rc<Cell<usize>>) -> Self {
        worker.recorder().connection();
        worker.shared.connections.fetch_add(1, Ordering::Relaxed);
        open.set(open.get() + 1);
        Self { worker: Rc::clone(worker), open: Rc::clone(open) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.worker.shared.connections.fetch_sub(1, Ordering::Relaxed);
        self.open.set(self.open.get() - 1);
    }
}
