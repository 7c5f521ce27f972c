//! A compiled policy under siege: callers and upstreams that say any bytes at any time, on virtual time.
//!
//! A [`Scenario`](super::Scenario) is what the language's tests can say. Here connections come late and
//! are kept, heads and bodies trickle, interim responses come, and nobody has to read.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::script::{Pipe, ScriptedNet, field, read_head, worker};
use super::trace::What;
use crate::clock::{Clock, Moment};
use crate::net::ConnectError;
use crate::observe::event::Event;
use crate::proxy::Proxy;
use crate::serve::http1;
use crate::spec::{Inbound, Protocol, breakers};
use crate::state::breaker::Transition;
use crate::worker::{Phase, Shared, Worker};

/// Longer than any policy allows: a call that has not ended by then never does.
const EVER: Duration = Duration::from_secs(24 * 3600);
/// The field that says which call a request is of.
const NUMBER: &str = "x-siege";

/// What an upstream does with one request.
#[derive(Clone, Debug)]
pub struct Blow {
    /// Until it accepts the connection, if it is a new one; refuses it after that time otherwise.
    pub accepts: Result<Duration, Duration>,
    /// Bytes of the request's body that it reads.
    pub takes: usize,
    /// Whole bytes of HTTP, or of anything else.
    pub answer: Vec<u8>,
    /// How many parts the answer is said in …
    pub pieces: usize,
    /// … each after so much time.
    pub pace: Duration,
    pub then: Then,
}

/// How an upstream goes on behind its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It reads another request, if it has read all of this one.
    Keep,
    Close,
    /// It says and reads nothing more, and keeps the connection open.
    Hang,
}

/// A call, on a connection of its own.
#[derive(Clone, Debug)]
pub struct Raid {
    /// From the start of the siege.
    pub at: Duration,
    pub method: String,
    pub host: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    /// Bytes, in so many parts …
    pub body: usize,
    pub pieces: usize,
    /// … each after so much time.
    pub pace: Duration,
    /// Before each kibibyte of the answer is read.
    pub reads: Duration,
}

/// What happens in a test.
#[derive(Clone, Debug, Default)]
pub struct Siege {
    /// Of the waits' randomness.
    pub seed: u64,
    /// By upstream: each blow falls on one request, and they begin again behind the last.
    pub blows: Vec<(String, Vec<Blow>)>,
    pub raids: Vec<Raid>,
}

/// What it came to.
#[derive(Clone, Debug)]
pub struct Besieged {
    pub calls: Vec<Raided>,
    /// In order, with the number of the call.
    pub happened: Vec<(Duration, usize, Happened)>,
    pub breakers: Vec<&'static str>,
}

/// One call. Times are from the siege's start.
#[derive(Clone, Debug, Default)]
pub struct Raided {
    /// Empty if no upstream has that name.
    pub upstream: &'static str,
    /// The route's name, or the upstream's where no route matched.
    pub route: &'static str,
    pub began: Duration,
    /// When its last byte was sent.
    pub complete: Option<Duration>,
    /// When the answer's first byte came, interim responses left aside.
    pub answered: Option<Duration>,
    /// When the proxy was done with it; its connection may linger, so that the caller can read.
    pub ended: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The proxy asked for a connection.
    Reached,
    /// An upstream read the head of a request, on a connection that had carried others or not.
    Asked {
        kept: bool,
    },
    /// An upstream has read so much of a request's body.
    Got {
        body: usize,
    },
    /// A try has ended.
    Tried,
    /// There will be another try, so much later.
    Waits(Duration),
    /// Index into the breakers.
    Opened(usize),
    HalfOpened(usize),
    Closed(usize),
}

impl Siege {
    /// Runs it all; takes no real time.
    ///
    /// # Panics
    /// If there is no runtime to be had.
    pub fn run<P: Proxy>(&self) -> Besieged {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build_local(LocalOptions::default());
        match runtime {
            Ok(runtime) => runtime.block_on(self.play::<P>()),
            Err(error) => super::fail(&error),
        }
    }

    async fn play<P: Proxy>(&self) -> Besieged {
        let (_phase, phases) = watch::channel(Phase::Serving);
        let clock = Clock::start_at(UNIX_EPOCH + Duration::from_secs(1_767_225_600));
        let shared = Arc::new(Shared::new::<P>(clock, 1, phases));
        let field = Rc::new(Field::new::<P>(&self.blows, clock));
        let net = ScriptedNet::besieged(Rc::clone(&field), Arc::clone(&shared));
        let worker = worker::<P>(net, shared, self.seed, Some(Protocol::Http1));
        let raids = self.raids.iter().cloned().enumerate();
        let running: Vec<_> = raids
            .map(|(number, raid)| {
                tokio::task::spawn_local(call::<P>(Rc::clone(&worker), number, raid))
            })
            .collect();
        let mut calls = Vec::new();
        for call in running {
            calls.push(call.await.unwrap_or_default());
        }
        for (call, raided) in calls.iter_mut().enumerate() {
            let record = worker.net.record.borrow();
            let ended = record.iter().find_map(|entry| match entry.what {
                What::Event(Event::Ended(ended)) if entry.call == call => Some((entry.at, ended)),
                _ => None,
            });
            let Some((at, ended)) = ended else { continue };
            let route = P::ROUTES.get(ended.route);
            (raided.upstream, raided.route) = route.map_or(("", ""), |it| (it.upstream, it.route));
            raided.ended = Some(at - Moment::START);
        }
        let happened = field.seen.take();
        Besieged { calls, happened, breakers: breakers(P::ROUTES).collect() }
    }
}

/// One call on a connection of its own.
async fn call<P: Proxy>(worker: Rc<Worker<ScriptedNet>>, number: usize, raid: Raid) -> Raided {
    sleep(raid.at).await;
    let clock = worker.clock();
    let now = move || clock.now() - Moment::START;
    let (ours, theirs) = tokio::io::duplex(4 * 1024);
    let mut raided = Raided { began: now(), ..Raided::default() };
    let served = tokio::task::spawn_local(async move {
        let serve = http1::serve::<P, ScriptedNet>(&worker, Pipe(theirs), Inbound::Shared);
        let mut serve = pin!(serve);
        poll_fn(|cx| {
            worker.net.current.set(number);
            serve.as_mut().poll(cx)
        })
        .await;
    });
    let (from, to) = tokio::io::split(ours);
    let said = say(to, &raid, number);
    let heard = hear(from, raid.reads);
    let said = async { said.await.ok().map(|()| now()) };
    let heard = async { heard.await.map(|()| now()) };
    let served = timeout(EVER, served);
    (raided.complete, raided.answered, _) = tokio::join!(said, heard, served);
    raided
}

async fn say(
    mut to: tokio::io::WriteHalf<DuplexStream>,
    raid: &Raid,
    number: usize,
) -> io::Result<()> {
    let Raid { method, host, target, headers, body, .. } = raid;
    let mut head = format!(
        "{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{NUMBER}: {number}\r\n"
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if *body > 0 {
        head.push_str(&format!("content-length: {body}\r\n"));
    }
    to.write_all((head + "\r\n").as_bytes()).await?;
    let bytes = vec![b'x'; *body];
    for piece in bytes.chunks(body.div_ceil(raid.pieces.max(1)).max(1)) {
        pause(raid.pace).await;
        to.write_all(piece).await?;
    }
    Ok(())
}

/// Returns at the first byte of an answer that is no interim one, and reads on.
async fn hear(mut from: tokio::io::ReadHalf<DuplexStream>, reads: Duration) -> Option<()> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 1024];
    let answered = loop {
        if is_final(&bytes) {
            break Some(());
        }
        pause(reads).await;
        match from.read(&mut piece).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(piece.get(..count)?),
            _ => break None,
        }
    };
    tokio::task::spawn_local(async move {
        loop {
            pause(reads).await;
            if from.read(&mut piece).await.is_ok_and(|count| count > 0) {
                continue;
            }
            break;
        }
    });
    answered
}

/// Has an answer begun, behind complete interim ones?
fn is_final(mut bytes: &[u8]) -> bool {
    const INTERIM: &[u8] = b"HTTP/1.1 1";
    loop {
        let known = INTERIM.len().min(bytes.len());
        if bytes.is_empty() || known < INTERIM.len() {
            return false;
        }
        if bytes.get(..known) != INTERIM.get(..known) {
            return true;
        }
        match memchr::memmem::find(bytes, b"\r\n\r\n") {
            Some(end) => bytes = bytes.get(end + 4..).unwrap_or_default(),
            None => return false,
        }
    }
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// The upstreams' side.
#[derive(Debug)]
pub(super) struct Field {
    blows: Vec<RefCell<VecDeque<Blow>>>,
    seen: RefCell<Vec<(Duration, usize, Happened)>>,
    clock: Clock,
}

impl Field {
    fn new<P: Proxy>(blows: &[(String, Vec<Blow>)], clock: Clock) -> Self {
        let of = |upstream: &str| {
            let blows = blows.iter().find(|(name, _)| name == upstream);
            RefCell::new(
                blows.map_or_else(VecDeque::new, |(_, blows)| blows.iter().cloned().collect()),
            )
        };
        let names = P::UPSTREAMS.iter().map(|upstream| upstream.name).chain(["otherwise"]);
        Self { blows: names.map(of).collect(), seen: RefCell::default(), clock }
    }

    fn see(&self, call: usize, what: Happened) {
        self.seen.borrow_mut().push((self.clock.now() - Moment::START, call, what));
    }

    /// What the proxy says that happened.
    pub(super) fn told(&self, call: usize, event: Event) {
        let what = match event {
            Event::Tried(_) => Happened::Tried,
            Event::Waits(wait) => Happened::Waits(wait),
            Event::Breaker(id, Transition::Opened { .. }) => Happened::Opened(id.0),
            Event::Breaker(id, Transition::HalfOpened) => Happened::HalfOpened(id.0),
            Event::Breaker(id, Transition::Closed) => Happened::Closed(id.0),
            Event::Routed(_) | Event::Ended(_) => return,
        };
        self.see(call, what);
    }

    fn next(&self, upstream: usize) -> Option<Blow> {
        let mut blows = self.blows.get(upstream)?.borrow_mut();
        let by = usize::from(blows.len() > 1);
        blows.rotate_left(by);
        blows.back().cloned()
    }

    pub(super) async fn connect(
        self: &Rc<Self>,
        upstream: usize,
        call: usize,
    ) -> Result<Pipe, ConnectError> {
        self.see(call, Happened::Reached);
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let blow = self.next(upstream).ok_or_else(refused)?;
        match blow.accepts {
            Ok(later) => pause(later).await,
            Err(later) => {
                pause(later).await;
                return Err(refused().into());
            }
        }
        let (ours, theirs) = tokio::io::duplex(4 * 1024);
        let field = Rc::clone(self);
        tokio::task::spawn_local(async move { drop(field.serve(theirs, upstream, blow).await) });
        Ok(Pipe(ours))
    }

    async fn serve(&self, mut io: DuplexStream, upstream: usize, first: Blow) -> io::Result<()> {
        let (mut blow, mut kept) = (first, false);
        loop {
            let whole = self.receive(&mut io, &blow, kept).await?;
            let length = blow.answer.len().div_ceil(blow.pieces.max(1)).max(1);
            for piece in blow.answer.chunks(length) {
                pause(blow.pace).await;
                io.write_all(piece).await?;
            }
            match blow.then {
                Then::Keep if whole => {}
                Then::Keep | Then::Close => return Ok(()),
                Then::Hang => {
                    sleep(EVER).await;
                    return Ok(());
                }
            }
            (blow, kept) = (self.next(upstream).unwrap_or(blow), true);
        }
    }

    /// Reads a head, and of its body what it takes; returns whether that was all.
    async fn receive(&self, io: &mut DuplexStream, blow: &Blow, kept: bool) -> io::Result<bool> {
        let (mut bytes, end) = read_head(io).await?;
        let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
        let number = |name| field(&head, name).and_then(|value| value.parse::<usize>().ok());
        let (call, length) = (number(NUMBER).unwrap_or(0), number("content-length").unwrap_or(0));
        self.see(call, Happened::Asked { kept });
        while bytes.len() - end < blow.takes.min(length) {
            if io.read_buf(&mut bytes).await? == 0 {
                break;
            }
        }
        let body = bytes.len() - end;
        self.see(call, Happened::Got { body });
        Ok(body >= length)
    }
}
