//! A proxy on real sockets, its ports chosen by the kernel and its upstreams by the test.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::accept::{self, Doors, Setup};
use crate::clock::Clock;
use crate::discover::{Lookup, Resolver};
use crate::lifecycle::Ports;
use crate::net::Own;
use crate::notices::Notices;
use crate::observe::access_log::Writer;
use crate::proxy::Proxy;
use crate::random::Random;
use crate::spec::{Inbound, Listener, listeners};
use crate::units::v4;
use crate::worker::{Phase, Shared};

/// A running proxy; dropping it lets it finish and ends it.
#[derive(Debug)]
pub struct Live {
    bound: Vec<SocketAddr>,
    /// Names of the listeners' upstreams; empty for the shared one.
    owners: Vec<&'static str>,
    phase: watch::Sender<Phase>,
    threads: Vec<JoinHandle<io::Result<()>>>,
    /// Answers look-ups of `otherwise pass`.
    _control: Runtime,
    /// Addresses stay valid for as long as somebody could change them.
    _endpoints: Vec<watch::Sender<Arc<[SocketAddr]>>>,
    log: Lines,
    shared: Arc<Shared>,
}

/// Bytes of log that are kept without growing.
const LOG: usize = 4 * 1024 * 1024;

/// Log lines, in memory.
#[derive(Clone, Debug)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Live {
    /// Starts `workers` threads. `endpoints` stand in for the addresses of the policy; an upstream
    /// may have several.
    ///
    /// # Panics
    /// If the system has no port, thread or entropy to give.
    pub fn start<P: Proxy>(workers: usize, endpoints: &[(&str, SocketAddr)]) -> Self {
        Self::try_start::<P>(workers, endpoints).unwrap_or_else(|error| super::fail(&error))
    }

    fn try_start<P: Proxy>(workers: usize, given: &[(&str, SocketAddr)]) -> io::Result<Self> {
        let any = |listener| Listener { address: v4([127, 0, 0, 1], 0), ..listener };
        let listeners: Vec<_> = listeners::<P>().into_iter().map(any).collect();
        let ports = Ports::open(&listeners, workers).map_err(io::Error::other)?;
        let control = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let lookup = control.block_on(async {
            let resolver = Resolver::from_system(Notices::of("live")).map_err(io::Error::other)?;
            Ok::<_, io::Error>(Lookup::start(Arc::new(resolver), Clock::start()))
        })?;
        let addresses = |name: &'static str| {
            given.iter().filter(move |(given, _)| *given == name).map(|(_, address)| *address)
        };
        let endpoints = P::UPSTREAMS.iter().map(|upstream| addresses(upstream.name));
        let endpoints: Vec<watch::Sender<Arc<[SocketAddr]>>> =
            endpoints.map(|addresses| watch::channel(Arc::from_iter(addresses)).0).collect();
        let (phase, phases) = watch::channel(Phase::Serving);
        let shared = Arc::new(Shared::new::<P>(Clock::start(), workers, phases));
        // Room enough that keeping lines allocates nothing while a test counts.
        let log = Lines(Arc::new(Mutex::new(Vec::with_capacity(LOG))));
        let (sender, _) = Writer::start_with(workers, Arc::clone(&shared.losses), log.clone())?;
        let bound: Vec<_> = ports.bound.iter().map(|(address, _)| *address).collect();
        let setup = |((index, listeners), (doors, arrivals))| Setup {
            index,
            listeners,
            shared: Arc::clone(&shared),
            endpoints: endpoints.iter().map(watch::Sender::subscribe).collect(),
            lookup: lookup.clone(),
            log: Some(sender.clone()),
            random: Random::from_seed(index as u64),
            own: Own::new(bound.clone()),
            doors,
            arrivals,
            early: Vec::new(),
        };
        let setups: Vec<_> =
            ports.workers.into_iter().enumerate().zip(Doors::new(workers)).map(setup).collect();
        let run = |setup| std::thread::spawn(move || accept::run::<P>(setup));
        let owner = |(_, inbound): &(SocketAddr, Inbound)| match inbound {
            Inbound::Own(id) => P::UPSTREAMS.get(id.0).map_or("", |upstream| upstream.name),
            Inbound::Shared | Inbound::Redirected(_) => "",
        };
        let owners = ports.bound.iter().map(owner).collect();
        Ok(Self {
            bound,
            owners,
            phase,
            threads: setups.into_iter().map(run).collect(),
            _control: control,
            _endpoints: endpoints,
            log,
            shared,
        })
    }

    /// The shared listener.
    pub fn address(&self) -> SocketAddr {
        self.own("")
    }

    /// The own listener of an upstream.
    ///
    /// # Panics
    /// If the policy gives it none.
    pub fn own(&self, upstream: &str) -> SocketAddr {
        let named = self.owners.iter().zip(&self.bound).find(|(owner, _)| **owner == upstream);
        named.map_or_else(|| super::fail(&io::ErrorKind::NotFound.into()), |(_, bound)| *bound)
    }

    /// Connections that each worker has carried so far.
    pub fn carried(&self) -> Vec<u64> {
        self.shared.recorders.iter().map(|recorder| recorder.connections()).collect()
    }

    /// The access log so far. Lines arrive within about 100 ms.
    pub fn log(&self) -> String {
        let lines = self.log.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&lines).into_owned()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.phase.send_replace(Phase::Closing);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

impl Write for Lines {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
