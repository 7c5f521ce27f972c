//! Upstreams that play a script.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::io::Errno;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf,
};

use super::http2;
use super::scenario::Version;
use super::siege::Field;
use super::trace::{Entry, What};
use crate::clock::Moment;
use crate::grpc::{self, Grpc};
use crate::net::{Connect, ConnectError, Io, Target};
use crate::observe::event::{Ended, Event, Record};
use crate::proxy::Proxy;
use crate::random::Random;
use crate::spec::{Protocol, UpstreamId};
use crate::state::breaker::State;
use crate::units::v4;
use crate::worker::{Shared, Worker};

/// What an upstream does when it is called.
#[derive(Clone, Debug)]
pub struct Step {
    pub(super) reply: Reply,
    pub(super) after: Duration,
    pub(super) headers: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    Status(u16),
    Grpc(Grpc),
    Refused,
    Reset,
    Never,
}

/// What a proxy may have none of while it carries a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    Nothing,
    Descriptors,
    /// Name servers that say anything.
    Names,
}

/// Answers with that status and no body.
pub fn status(status: u16) -> Step {
    Step::of(Reply::Status(status))
}

/// Answers a call of gRPC without a message: the status stands in the head.
pub fn grpc(code: Grpc) -> Step {
    Step::of(Reply::Grpc(code))
}

/// Does not accept the connection.
pub fn refused() -> Step {
    Step::of(Reply::Refused)
}

/// Reads the request and closes the connection.
pub fn reset() -> Step {
    Step::of(Reply::Reset)
}

/// Reads the request and never answers.
pub fn timeout() -> Step {
    Step::of(Reply::Never)
}

impl Step {
    fn of(reply: Reply) -> Self {
        Self { reply, after: Duration::ZERO, headers: Vec::new() }
    }

    /// Does it that much later.
    #[must_use]
    pub fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }

    /// One more field of the answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The steps still to come; the last repeats.
#[derive(Debug)]
pub(super) struct Script {
    steps: VecDeque<Step>,
    /// What is done without any.
    well: Step,
}

impl Script {
    /// Without steps an upstream answers 200, or `grpc(ok)`.
    pub(super) fn new(steps: &[Step], protocol: Protocol) -> Self {
        let well = if protocol == Protocol::Grpc { grpc(Grpc::Ok) } else { status(200) };
        Self { steps: steps.iter().cloned().collect(), well }
    }

    fn next(&mut self) -> Step {
        match self.steps.len() {
            0 | 1 => self.steps.front().unwrap_or(&self.well).clone(),
            _ => self.steps.pop_front().unwrap_or_else(|| self.well.clone()),
        }
    }
}

/// What an upstream saw of one try.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Which of the scenario's calls.
    pub(super) call: usize,
    pub(super) upstream: usize,
    /// When the try reached for it.
    pub(super) at: Moment,
    /// The connection was not accepted.
    pub(super) refused: bool,
    /// All breakers as they stood then.
    pub(super) breakers: Vec<&'static str>,
    /// The request head as it arrived.
    pub(super) head: String,
}

/// The network of a scenario.
#[derive(Debug)]
pub(super) struct ScriptedNet {
    pub(super) scripts: RefCell<Vec<Script>>,
    pub(super) seen: Rc<RefCell<Vec<Seen>>>,
    pub(super) shared: Arc<Shared>,
    /// What the upstreams speak, in the order of their scripts.
    pub(super) versions: Vec<Version>,
    /// The call whose connection runs now.
    pub(super) current: Cell<usize>,
    /// For each call, what there is none of.
    pub(super) lacks: RefCell<Vec<Lack>>,
    /// What happened, in order.
    pub(super) record: RefCell<Vec<Entry>>,
    /// Upstreams that do what no script says.
    pub(super) siege: Option<Rc<Field>>,
}

impl ScriptedNet {
    /// Whoever is called does as the siege says.
    pub(super) fn besieged(siege: Rc<Field>, shared: Arc<Shared>) -> Self {
        Self {
            scripts: RefCell::default(),
            seen: Rc::default(),
            shared,
            versions: Vec::new(),
            current: Cell::new(0),
            lacks: RefCell::default(),
            record: RefCell::default(),
            siege: Some(siege),
        }
    }

    async fn play(&self, upstream: usize) -> io::Result<Pipe> {
        let step =
            self.scripts.borrow_mut().get_mut(upstream).map_or_else(|| status(200), Script::next);
        if matches!(step.reply, Reply::Refused) {
            self.see(upstream, true);
            tokio::time::sleep(step.after).await;
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let seen = Rc::clone(&self.seen);
        let at = seen.borrow().len();
        self.see(upstream, false);
        let version = self.versions.get(upstream).copied().unwrap_or(Version::Http1);
        tokio::task::spawn_local(async move {
            // A caller that gave up has closed its end: then there is nothing to do.
            match version {
                Version::Http1 => drop(serve(theirs, step, &seen, at).await),
                Version::Http2 => drop(http2::serve(theirs, step, &seen, at).await),
            }
        });
        Ok(Pipe(ours))
    }
}

impl ScriptedNet {
    fn see(&self, upstream: usize, refused: bool) {
        let (call, at) = (self.current.get(), self.shared.clock.now());
        let breakers = self.breakers().collect();
        let seen = Seen { call, upstream, at, refused, breakers, head: String::new() };
        self.write(What::Try(self.seen.borrow().len()));
        self.seen.borrow_mut().push(seen);
    }

    fn write(&self, what: What) {
        let (call, at) = (self.current.get(), self.shared.clock.now());
        self.record.borrow_mut().push(Entry { at, call, what });
    }

    /// What a call came to.
    pub(super) fn ended(&self, call: usize) -> Option<Ended> {
        self.record.borrow().iter().find_map(|entry| match entry.what {
            What::Event(Event::Ended(ended)) if entry.call == call => Some(ended),
            _ => None,
        })
    }

    /// The states of the breakers, as metrics call them.
    pub(super) fn breakers(&self) -> impl Iterator<Item = &'static str> {
        self.shared.breakers.iter().map(|breaker| match breaker.state() {
            State::Closed => "closed",
            State::Open { .. } => "open",
            State::HalfOpen => "half-open",
        })
    }
}

impl Connect for ScriptedNet {
    type Down = Pipe;
    type Up = Pipe;

    /// Every try gets a connection, and with it a step of the script.
    const CALLS: usize = 1;

    /// `otherwise pass` goes to a script behind those of the policy's upstreams.
    async fn connect(&self, target: Target<'_>) -> Result<Pipe, ConnectError> {
        let upstream = match target {
            Target::Upstream(id, _) => id.0,
            Target::Original(_) | Target::Name(..) => self.scripts.borrow().len().saturating_sub(1),
        };
        if let Some(siege) = &self.siege {
            return siege.connect(upstream, self.current.get()).await;
        }
        let lack = self.lacks.borrow().get(self.current.get()).copied();
        match (lack, target) {
            (Some(Lack::Descriptors), _) => {
                self.see(upstream, true);
                Err(ConnectError::Want(io::Error::from(Errno::MFILE)))
            }
            (Some(Lack::Names), Target::Name(dialled)) => {
                dialled.unresolved.set(true);
                std::future::pending().await
            }
            _ => Ok(self.play(upstream).await?),
        }
    }
}

impl Record for ScriptedNet {
    fn record(&self, event: Event) {
        if let Some(siege) = &self.siege {
            siege.told(self.current.get(), event);
        }
        self.write(What::Event(event));
    }
}

/// Plays one step on one connection.
async fn serve(
    mut io: DuplexStream,
    step: Step,
    seen: &RefCell<Vec<Seen>>,
    at: usize,
) -> io::Result<()> {
    read_request(&mut io, |head| {
        if let Some(seen) = seen.borrow_mut().get_mut(at) {
            seen.head = head.to_owned();
        }
    })
    .await?;
    tokio::time::sleep(step.after).await;
    match step.reply {
        Reply::Grpc(code) => {
            let (kind, number) = (grpc::CONTENT_TYPE, code.number());
            let mut answer = format!(
                "HTTP/1.1 200 Scripted\r\nconnection: close\r\ncontent-length: 0\r\ncontent-type: {kind}\r\ngrpc-status: {number}\r\n"
            );
            for (name, value) in &step.headers {
                answer.push_str(&format!("{name}: {value}\r\n"));
            }
            answer.push_str("\r\n");
            io.write_all(answer.as_bytes()).await
        }
        Reply::Status(status) => {
            let mut answer = format!("HTTP/1.1 {status} Scripted\r\nconnection: close\r\n");
            if !matches!(status, 100..=199 | 204 | 304) {
                answer.push_str("content-length: 0\r\n");
            }
            for (name, value) in &step.headers {
                answer.push_str(&format!("{name}: {value}\r\n"));
            }
            answer.push_str("\r\n");
            io.write_all(answer.as_bytes()).await
        }
        Reply::Refused | Reply::Reset => Ok(()),
        Reply::Never => std::future::pending().await,
    }
}

/// A worker on this network. Addresses mean nothing there: what happens is chosen by upstream.
pub(super) fn worker<P: Proxy>(
    net: ScriptedNet,
    shared: Arc<Shared>,
    seed: u64,
    speaks: Option<Protocol>,
) -> Rc<Worker<ScriptedNet>> {
    let mut worker = Worker::new::<P>(net, 0, shared, Random::from_seed(seed), None);
    if let Some(protocol) = speaks {
        worker.speak(protocol);
    }
    let worker = Rc::new(worker);
    let nowhere = [v4([192, 0, 2, 1], 80)];
    for id in 0..P::UPSTREAMS.len() {
        if let Some(upstream) = worker.upstream(UpstreamId(id)) {
            upstream.update(&nowhere);
        }
    }
    let timers = Rc::clone(&worker.timers);
    tokio::task::spawn_local(async move { timers.drive().await });
    worker
}

/// All that has come with a head, and where that ends.
pub(super) async fn read_head(io: &mut DuplexStream) -> io::Result<(Vec<u8>, usize)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
            return Ok((bytes, end + 4));
        }
        if io.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Reads head and body; shows the head as soon as it is there.
async fn read_request(io: &mut DuplexStream, show: impl FnOnce(&str)) -> io::Result<()> {
    let (mut bytes, end) = read_head(io).await?;
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
    show(&head);
    let length = field(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < end + length {
        if io.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// The value of a field in a head, as text.
pub(super) fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    all_fields(head, name).next()
}

/// The values of all lines of a field.
pub(super) fn all_fields<'h>(head: &'h str, name: &str) -> impl Iterator<Item = &'h str> {
    head.lines().skip(1).filter_map(move |line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// A stream in memory.
#[derive(Debug)]
pub(super) struct Pipe(pub(super) DuplexStream);

impl Io for Pipe {
    /// A stream in memory cannot say: the read that follows will.
    fn poll_readable(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
