//! The steps of a start, in order, each a line on standard error; then the wait for the end.

use std::fmt::Display;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};

use super::capture;
use super::drain::{self, Signals};
use super::listen::{self, ListenError, Listeners, Ports};
use super::threads::{self, Threads};
use crate::accept::{Doors, Setup};
use crate::admin;
use crate::admin::{Admin, Step};
use crate::clock::Clock;
use crate::confine::{self, ConfineError, Needs};
use crate::discover::{Discovery, Lookup, Resolver};
use crate::exit::Exit;
use crate::intercept::Redirect;
use crate::net::Own;
use crate::notices::Notices;
use crate::observe::access_log::{Losses, Sender, Writer};
use crate::observe::metrics::Facts;
use crate::proxy::Proxy;
use crate::random::Random;
use crate::spec::{Inbound, UpstreamSpec, listeners};
use crate::worker::{Phase, Shared};

/// How long the start waits for names.
const FIRST_ANSWERS: Duration = Duration::from_secs(5);

/// How long the last log lines may take.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Runs until the end.
pub(super) fn serve<P: Proxy>() -> Result<(), Exit> {
    let notices = Notices::of(P::SERVICE);
    let runtime = control(notices)?;
    with_its_powers::<P>(notices)?;
    raise_descriptor_limit();
    let workers = threads::count(P::WORKERS);
    let ports = Ports::open(&listeners::<P>(), workers).map_err(unavailable(notices))?;
    for (bound, inbound) in &ports.bound {
        let whose = whose::<P>(*inbound);
        notices.say(format_args!("listening on {bound}{whose}"));
    }
    let done = runtime.block_on(serve_until_the_end::<P>(notices, ports));
    // A call that was cut still holds its log; nothing is left to wait for.
    runtime.shutdown_background();
    done
}

async fn serve_until_the_end<P: Proxy>(notices: Notices, ports: Ports) -> Result<(), Exit> {
    let mut signals = Signals::install().map_err(os(notices, "cannot wait for signals"))?;
    let mut proxy = tokio::select! {
        proxy = Running::start::<P>(notices, ports) => proxy?,
        signal = signals.next() => {
            notices.say(format_args!("{signal} before the start was complete"));
            return Ok(());
        }
    };
    proxy.until_asked_to_stop(&mut signals).await?;
    proxy.stop(&mut signals).await;
    Ok(())
}

/// Tries what a start would need, and starts nothing.
pub(super) fn check<P: Proxy>() -> Result<(), Exit> {
    let notices = Notices::of(P::SERVICE);
    let runtime = control(notices)?;
    with_its_powers::<P>(notices)?;
    let ports = Ports::open(&listeners::<P>(), 1).map_err(unavailable(notices))?;
    let mut free: Vec<_> = ports.bound.iter().map(|(address, _)| address.to_string()).collect();
    let admin = P::OBSERVE.admin.map(|address| bind_admin(notices, address)).transpose()?;
    free.extend(admin.iter().map(|(_, bound)| format!("{bound} for admin")));
    notices.say(format_args!("ports: {} can be had", free.join(", ")));
    capture::check::<P>(notices)?;
    runtime.block_on(async {
        let (discovery, _lookup) = discover(P::UPSTREAMS, notices, Clock::start())?;
        let settled = first_answers(&discovery).await;
        let all = settled && discovery.status.iter().all(|it| it.borrow().error.is_none());
        notices.say(format_args!(
            "names: {}",
            if all { "all resolve" } else { "some do not resolve" }
        ));
        if all { Ok(()) } else { Err(Exit::Unavailable) }
    })
}

/// A proxy that is up.
struct Running {
    notices: Notices,
    phase: watch::Sender<Phase>,
    shared: Arc<Shared>,
    admin: Arc<Admin>,
    threads: Threads,
    /// Ends when the last log line is written.
    log: Option<oneshot::Receiver<()>>,
    /// Redirects for as long as we live.
    _rules: Option<Redirect>,
}

impl Running {
    async fn start<P: Proxy>(notices: Notices, ports: Ports) -> Result<Self, Exit> {
        let (phase, phases) = watch::channel(Phase::Serving);
        let clock = Clock::start();
        let shared = Arc::new(Shared::new::<P>(clock, ports.workers.len(), phases));
        let (discovery, lookup) = discover(P::UPSTREAMS, notices, clock)?;
        let mut own: Vec<_> = ports.bound.iter().map(|(address, _)| *address).collect();
        let admin = Admin::new(Facts::of::<P>(), Arc::clone(&shared), discovery.clone());
        let admin = Arc::new(admin);
        // Before the names are known: `/ready` can say that it is too early.
        if let Some(address) = P::OBSERVE.admin {
            own.push(serve_admin(notices, address, &admin)?);
        }
        if !first_answers(&discovery).await {
            notices.say(format_args!("some names are not known yet; starting all the same"));
        }
        admin.reached(Step::Redirect);
        let captured = capture::install::<P>(notices, &ports, &discovery, clock)?;
        confined::<P>(notices)?;
        let (sender, log) = access_log::<P>(notices, ports.workers.len(), &shared.losses)?;
        let parts = Parts { shared: &shared, discovery, lookup, log: sender, own: Own::new(own) };
        let mut setups = parts.setups(ports.workers).map_err(os(notices, "no entropy"))?;
        let rules = captured.map(|captured| captured.hand_over(&mut setups));
        let threads =
            Threads::start::<P>(setups).map_err(os(notices, "cannot start the workers"))?;
        admin.reached(Step::Ready);
        notices.say(format_args!("READY"));
        Ok(Self { notices, phase, shared, admin, threads, log, _rules: rules })
    }

    async fn until_asked_to_stop(&mut self, signals: &mut Signals) -> Result<(), Exit> {
        let why = tokio::select! {
            signal = signals.next() => signal,
            () = self.admin.quit_asked() => "/quit",
            ended = self.threads.one_ended() => {
                let notices = self.notices;
                return Err(match ended {
                    Err(error) => os(notices, "a worker could not go on")(error),
                    Ok(()) => fault(notices),
                });
            }
        };
        // Whoever reads the notice may rely on it.
        self.phase.send_replace(Phase::Draining);
        self.notices.say(format_args!("draining: {why}"));
        Ok(())
    }

    /// Drains, closes, flushes.
    async fn stop(mut self, signals: &mut Signals) {
        tokio::select! {
            () = drain::callers(&self.shared) => {}
            signal = signals.next() => self.notices.say(format_args!("closing: {signal}")),
        }
        self.phase.send_replace(Phase::Closing);
        self.threads.join(drain::CLOSING).await;
        let cut = drain::open(&self.shared);
        if let Some(log) = self.log {
            // The writer may wait for a reader that never comes.
            let _ = tokio::time::timeout(LAST_LINES, log).await;
        }
        match cut {
            0 => self.notices.say(format_args!("stopped")),
            _ => self.notices.say(format_args!("stopped; connections cut: {cut}")),
        }
    }
}

/// What workers are made of.
struct Parts<'a> {
    shared: &'a Arc<Shared>,
    discovery: Discovery,
    lookup: Lookup,
    log: Option<Sender>,
    own: Own,
}

impl Parts<'_> {
    fn setups(&self, workers: Vec<Listeners>) -> Result<Vec<Setup>, getrandom::Error> {
        let setup = |((index, listeners), (doors, arrivals))| {
            Ok(Setup {
                index,
                listeners,
                shared: Arc::clone(self.shared),
                endpoints: self.discovery.endpoints.clone(),
                lookup: self.lookup.clone(),
                log: self.log.clone(),
                random: Random::from_system()?,
                own: self.own.clone(),
                doors,
                arrivals,
                early: Vec::new(),
            })
        };
        let doors = Doors::new(workers.len());
        workers.into_iter().enumerate().zip(doors).map(setup).collect()
    }
}

/// The control thread's runtime. To be made before anything is said: from here on a full file is no end.
fn control(notices: Notices) -> Result<Runtime, Exit> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(os(notices, "no runtime"))?;
    let _entered = runtime.enter();
    drain::survive_full_files().map_err(os(notices, "cannot handle signals"))?;
    Ok(runtime)
}

/// Not generic, so that the resolver is compiled with this crate and not with every policy.
fn discover(
    upstreams: &'static [UpstreamSpec],
    notices: Notices,
    clock: Clock,
) -> Result<(Discovery, Lookup), Exit> {
    let resolver = Resolver::from_system(notices).map_err(os(notices, "cannot resolve names"))?;
    let resolver = Arc::new(resolver);
    let discovery = Discovery::start(upstreams, &resolver, clock, notices);
    Ok((discovery, Lookup::start(resolver, clock)))
}

/// False if some name has not been answered in time.
async fn first_answers(discovery: &Discovery) -> bool {
    tokio::time::timeout(FIRST_ANSWERS, discovery.settled()).await.is_ok()
}

fn bind_admin(notices: Notices, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Exit> {
    let listener = listen::alone(address).map_err(unavailable(notices))?;
    let bound = listen::local(&listener, address).map_err(unavailable(notices))?;
    Ok((listener, bound))
}

fn serve_admin(
    notices: Notices,
    address: SocketAddr,
    admin: &Arc<Admin>,
) -> Result<SocketAddr, Exit> {
    let (listener, bound) = bind_admin(notices, address)?;
    let listener = asynchronous(listener).map_err(os(notices, "cannot serve the admin port"))?;
    tokio::spawn(admin::serve(listener, Arc::clone(admin)));
    notices.say(format_args!("admin on {bound}"));
    Ok(bound)
}

fn asynchronous(listener: TcpListener) -> io::Result<tokio::net::TcpListener> {
    tokio::net::TcpListener::from_std(listener)
}

/// The log's writer, if the policy wants a log.
fn access_log<P: Proxy>(
    notices: Notices,
    workers: usize,
    losses: &Arc<Losses>,
) -> Result<(Option<Sender>, Option<oneshot::Receiver<()>>), Exit> {
    if P::OBSERVE.access_log.is_none() {
        return Ok((None, None));
    }
    let (sender, thread) =
        Writer::start(workers, Arc::clone(losses)).map_err(os(notices, "no writer for the log"))?;
    Ok((Some(sender), Some(joined(thread))))
}

/// A thread's end, to be awaited.
fn joined(thread: JoinHandle<()>) -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    // Joining blocks, so that is another thread's work.
    tokio::task::spawn_blocking(move || {
        // How it ended matters to nobody; nor does it matter if nobody waits any more.
        drop(thread.join());
        let _ = sender.send(());
    });
    receiver
}

/// ` for payment`, where a port belongs to one upstream.
fn whose<P: Proxy>(inbound: Inbound) -> String {
    match inbound {
        Inbound::Shared | Inbound::Redirected(_) => String::new(),
        Inbound::Own(id) => {
            P::UPSTREAMS.get(id.0).map_or_else(String::new, |spec| format!(" for {}", spec.name))
        }
    }
}

/// Raises what was granted, and looks whether it is enough for the policy's `user`.
fn with_its_powers<P: Proxy>(notices: Notices) -> Result<(), Exit> {
    confine::raise();
    confine::check(P::USER).map_err(unconfined(notices))
}

/// Gives up what nobody needs from here on. Workers start after that.
fn confined<P: Proxy>(notices: Notices) -> Result<(), Exit> {
    let confined = confine::confine(Needs::of::<P>()).map_err(unconfined(notices))?;
    notices.say(format_args!("{confined}"));
    Ok(())
}

/// Every connection takes descriptors; the soft limit is 1,024 on most machines.
fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If that is refused, the old limit holds: fewer connections, but a proxy.
    let _ = setrlimit(Resource::Nofile, limit);
}

fn unavailable(notices: Notices) -> impl Fn(ListenError) -> Exit {
    move |error| {
        notices.say(format_args!("{error}"));
        error.exit()
    }
}

fn unconfined(notices: Notices) -> impl Fn(ConfineError) -> Exit {
    move |error| {
        notices.say(format_args!("{error}"));
        error.exit()
    }
}

fn os<E: Display>(notices: Notices, what: &str) -> impl Fn(E) -> Exit {
    move |error| {
        notices.say(format_args!("{what}: {error}"));
        Exit::Os
    }
}

fn fault(notices: Notices) -> Exit {
    notices.say(format_args!("a worker has ended by itself; please report this"));
    Exit::Internal
}
