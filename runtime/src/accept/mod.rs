//! One thread that carries traffic: it accepts connections and serves each to its end.

mod handover;

pub(crate) use handover::{Arrival, Doors};

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::UnboundedReceiver;

use self::handover::Stay;
use crate::discover::{Endpoints, Lookup, is_own_want};
use crate::intercept::original;
use crate::net::Own;
use crate::net::tcp::Tcp;
use crate::notices::Notices;
use crate::observe::access_log::{Log, Sender};
use crate::proxy::{Incoming, Proxy};
use crate::random::Random;
use crate::serve::{http1, opaque};
use crate::spec::Inbound;
use crate::worker::{Net, Phase, Shared, Worker};

/// What a worker thread is started with.
pub(crate) struct Setup {
    pub(crate) index: usize,
    pub(crate) listeners: Vec<(TcpListener, Inbound)>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) endpoints: Vec<Endpoints>,
    pub(crate) lookup: Lookup,
    pub(crate) log: Option<Sender>,
    pub(crate) random: Random,
    pub(crate) own: Own,
    pub(crate) doors: Doors,
    /// Connections that other workers hand over.
    pub(crate) arrivals: UnboundedReceiver<Arrival>,
    /// Callers of the shared port that have been accepted already.
    pub(crate) early: Vec<TcpStream>,
}

/// Carries traffic until the process stops and the last connection has ended.
pub(crate) fn run<P: Proxy>(setup: Setup) -> std::io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(work::<P>(setup))
}

async fn work<P: Proxy>(setup: Setup) -> std::io::Result<()> {
    let net = Tcp { lookup: setup.lookup, own: setup.own };
    let log = setup.log.and_then(Log::new::<P>);
    let mut worker = Worker::new::<P>(net, setup.index, setup.shared, setup.random, log);
    worker.notices = Some(Notices::of(P::SERVICE));
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
        let (stream, stay) = (tokio::net::TcpStream::from_std(stream)?, doors.here(&worker.shared));
        welcome::<P>(&worker, stream, Inbound::Shared, stay);
    }
    tokio::task::spawn_local(take_over::<P>(Rc::clone(&worker), setup.arrivals));
    let mut accepting = Vec::new();
    for (listener, inbound) in setup.listeners {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (worker, doors) = (Rc::clone(&worker), Rc::clone(&doors));
        accepting.push(tokio::task::spawn_local(accept::<P>(worker, listener, inbound, doors)));
    }
    worker.watch_phase().await;
    for ended in accepting {
        // How it ended matters to nobody.
        drop(ended.await);
    }
    doors.close();
    while !doors.is_over() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    if let Some(log) = &worker.log {
        log.flush();
    }
    Ok(())
}

/// Accepts until the process closes.
async fn accept<P: Proxy>(
    worker: Rc<Worker<Tcp>>,
    listener: tokio::net::TcpListener,
    inbound: Inbound,
    doors: Rc<Doors>,
) {
    let mut phase = worker.shared.phase.clone();
    let mut closing = pin!(phase.wait_for(|phase| *phase == Phase::Closing));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut closing => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let stay = doors.stay(&worker.shared);
                match doors.is_own(&stay) {
                    true => welcome::<P>(&worker, stream, inbound, stay),
                    false => hand_over(&doors, stream, inbound, stay),
                }
            }
            // Out of file descriptors: others must end first.
            Err(error) => {
                if is_own_want(&error, Ipv4Addr::LOCALHOST.into()) {
                    worker.tell_want("accept callers", &error);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    // Whoever got through already is not turned away.
    let Ok(listener) = listener.into_std() else { return };
    while let Ok((stream, _)) = listener.accept() {
        if stream.set_nonblocking(true).is_ok()
            && let Ok(stream) = tokio::net::TcpStream::from_std(stream)
        {
            welcome::<P>(&worker, stream, inbound, doors.here(&worker.shared));
        }
    }
}

/// Lets another worker carry a connection.
fn hand_over(doors: &Doors, stream: tokio::net::TcpStream, inbound: Inbound, stay: Stay) {
    if let Ok(stream) = stream.into_std() {
        doors.send(Arrival { stream, inbound, stay });
    }
}

async fn take_over<P: Proxy>(worker: Rc<Worker<Tcp>>, mut arrivals: UnboundedReceiver<Arrival>) {
    while let Some(Arrival { stream, inbound, stay }) = arrivals.recv().await {
        // Without room in the system's tables it is closed, as if it had not been accepted.
        if let Ok(stream) = tokio::net::TcpStream::from_std(stream) {
            welcome::<P>(&worker, stream, inbound, stay);
        }
    }
}

/// Serves a caller for as long as it stays.
fn welcome<P: Proxy>(
    worker: &Rc<Worker<Tcp>>,
    stream: tokio::net::TcpStream,
    listener: Inbound,
    stay: Stay,
) {
    worker.recorder().connection();
    let worker = Rc::clone(worker);
    // A connection that cannot be set up is served all the same, only later.
    drop(stream.set_nodelay(true));
    tokio::task::spawn_local(async move {
        let inbound = original::inbound::<P>(&stream, listener);
        serve::<P, Tcp>(&worker, stream, inbound).await;
        drop(stay);
    });
}

/// Carries a connection, whatever it is, to its end.
async fn serve<P: Proxy, N: Net>(worker: &Worker<N>, io: N::Down, inbound: Inbound) {
    let tunnel = |io| opaque::OpaqueConnection::new(worker, io, inbound);
    match P::accept(inbound, worker) {
        Incoming::Http => http1::serve::<P, N>(worker, io, inbound).await,
        // In boxes, so that a resting connection of HTTP has no room for what it is not.
        Incoming::Tunnel(route) => Box::pin(tunnel(io).serve::<P>(route)).await,
        Incoming::Tls { unnamed } => Box::pin(tunnel(io).serve_tls::<P>(unnamed)).await,
    }
}
