//! Calls through a compiled policy, on scripted upstreams and virtual time.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::marker::PhantomData;

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::http2;
use super::observed::{Answer, Observed};
use super::script::{Lack, Pipe, Script, ScriptedNet, Step, worker};
use crate::clock::Clock;
use crate::grpc;
use crate::proxy::Proxy;
use crate::serve::http1;
use crate::spec::{Inbound, Protocol, UpstreamSpec};
use crate::worker::{Phase, Shared, Worker};

/// Turns of the tasks that a caller's end needs to become known.
const LEAVING: u32 = 64;

/// One or more like calls of the application.
#[derive(Clone, Debug)]
pub struct Request {
    pub(super) method: String,
    pub(super) host: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: usize,
    times: u32,
    every: Option<Duration>,
    pace: Duration,
    pub(super) pause: Duration,
    leaves: Option<Duration>,
    lacks: Lack,
}

impl Request {
    pub fn new(method: &str, host: &str, target: &str) -> Self {
        let [method, host, target] = [method, host, target].map(str::to_owned);
        Self {
            method,
            host,
            target,
            headers: Vec::new(),
            body: 0,
            times: 1,
            every: None,
            pace: Duration::ZERO,
            pause: Duration::ZERO,
            leaves: None,
            lacks: Lack::Nothing,
        }
    }

    /// A call of gRPC: `grpc("pricing.shop.svc", "shop.v1.Pricing/Quote")`.
    pub fn grpc(host: &str, method: &str) -> Self {
        let call = Self::new("POST", host, &format!("/{method}"));
        call.header("content-type", grpc::CONTENT_TYPE).header("te", "trailers")
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A body of that many bytes.
    #[must_use]
    pub fn body(mut self, bytes: usize) -> Self {
        self.body = bytes;
        self
    }

    /// That often, each when the one before has ended …
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// … or so long after the one before began.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = Some(every);
        self
    }

    /// Over HTTP/1.1: so much time between two bytes.
    #[must_use]
    pub fn pace(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// So much time before the second half of the body.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// The caller leaves so long after it has come, if it has no answer by then.
    #[must_use]
    pub fn leaves(mut self, after: Duration) -> Self {
        self.leaves = Some(after);
        self
    }

    /// The proxy has nothing left to connect with while this call is carried.
    #[must_use]
    pub fn wants(mut self) -> Self {
        self.lacks = Lack::Descriptors;
        self
    }

    /// No name server says anything while this call is carried.
    #[must_use]
    pub fn nameless(mut self) -> Self {
        self.lacks = Lack::Names;
        self
    }

    /// What is sent at once, each with the time before it.
    fn pieces<'b>(&self, bytes: &'b [u8]) -> Vec<(Duration, &'b [u8])> {
        if !self.pace.is_zero() {
            return bytes.chunks(1).map(|byte| (self.pace, byte)).collect();
        }
        let later = if self.pause.is_zero() { 0 } else { self.body.div_ceil(2) };
        let (first, second) = bytes.split_at(bytes.len() - later);
        vec![(Duration::ZERO, first), (self.pause, second)]
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { method, host, target, headers, body, .. } = self;
        let mut text =
            format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if *body > 0 {
            text.push_str(&format!("content-length: {body}\r\n"));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.resize(bytes.len() + body, b'x');
        bytes
    }
}

/// What is spoken on one side of the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Http1,
    Http2,
}

/// What happens in a test.
#[derive(Clone, Debug)]
pub struct Scenario<P> {
    seed: u64,
    callers: Version,
    /// If not what the policy says.
    upstreams: Option<Version>,
    requests: Vec<Request>,
    scripts: Vec<(String, Vec<Step>)>,
    policy: PhantomData<P>,
}

impl<P: Proxy> Default for Scenario<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Proxy> Scenario<P> {
    pub fn new() -> Self {
        Self {
            seed: 0,
            callers: Version::Http1,
            upstreams: None,
            requests: Vec::new(),
            scripts: Vec::new(),
            policy: PhantomData,
        }
    }

    /// What the application speaks; HTTP/1.1 unless set.
    #[must_use]
    pub fn callers(mut self, version: Version) -> Self {
        self.callers = version;
        self
    }

    /// What all upstreams speak, whatever the policy says.
    #[must_use]
    pub fn upstreams(mut self, version: Version) -> Self {
        self.upstreams = Some(version);
        self
    }

    /// Of the waits' randomness; 0 unless set.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    #[must_use]
    pub fn request(mut self, request: Request) -> Self {
        self.requests.push(request);
        self
    }

    /// What an upstream does, call by call; the last step repeats.
    #[must_use]
    pub fn given(mut self, upstream: &str, steps: &[Step]) -> Self {
        self.scripts.push((upstream.to_owned(), steps.to_vec()));
        self
    }

    /// Runs it all; takes no real time.
    ///
    /// # Panics
    /// If there is no runtime to be had.
    pub fn run(self) -> Observed {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build_local(LocalOptions::default());
        match runtime {
            Ok(runtime) => runtime.block_on(self.play()),
            Err(error) => super::fail(&error),
        }
    }

    async fn play(self) -> Observed {
        // The other end stays: a phase that nobody can change is the end of the process.
        let (_phase, phases) = watch::channel(Phase::Serving);
        let clock = Clock::start_at(UNIX_EPOCH + Duration::from_secs(1_767_225_600));
        let shared = Arc::new(Shared::new::<P>(clock, 1, phases));
        let net = ScriptedNet {
            scripts: RefCell::new(self.scripts()),
            seen: Rc::default(),
            shared: Arc::clone(&shared),
            versions: self.versions(),
            current: Cell::new(0),
            lacks: RefCell::default(),
            record: RefCell::default(),
            siege: None,
        };
        let speaks = self.upstreams.map(|version| match version {
            Version::Http1 => Protocol::Http1,
            Version::Http2 => Protocol::Http2,
        });
        let worker = worker::<P>(net, shared, self.seed, speaks);
        let answers = self.requests(&worker).await;
        Observed::new::<P>(&worker, answers)
    }

    fn scripts(&self) -> Vec<Script> {
        let script = |(name, protocol): (&str, Protocol)| {
            let given = self.scripts.iter().find(|(given, _)| given == name);
            Script::new(given.map_or(&[], |(_, steps)| steps), protocol)
        };
        let upstreams = P::UPSTREAMS.iter().map(|upstream| (upstream.name, upstream.protocol));
        upstreams.chain([("otherwise", Protocol::Http1)]).map(script).collect()
    }

    /// What each script is played in.
    fn versions(&self) -> Vec<Version> {
        let spoken = |spec: &UpstreamSpec| match (self.upstreams, spec.protocol) {
            (Some(version), _) => version,
            (None, Protocol::Http2 | Protocol::Grpc) => Version::Http2,
            (None, Protocol::Auto) => self.callers,
            (None, Protocol::Http1 | Protocol::Tcp | Protocol::TlsPassthrough) => Version::Http1,
        };
        // `otherwise pass` speaks as the caller does.
        P::UPSTREAMS.iter().map(spoken).chain([self.callers]).collect()
    }

    async fn requests(&self, worker: &Rc<Worker<ScriptedNet>>) -> Vec<Answer> {
        let (mut answers, mut running) = (Vec::new(), Vec::new());
        for request in &self.requests {
            for turn in 0..request.times {
                match request.every.filter(|_| turn > 0) {
                    Some(every) => tokio::time::sleep(every).await,
                    None => finish(&mut running, &mut answers).await,
                }
                let index = answers.len() + running.len();
                worker.net.lacks.borrow_mut().push(request.lacks);
                let call = call::<P>(Rc::clone(worker), index, request.clone(), self.callers);
                running.push(tokio::task::spawn_local(call));
            }
        }
        finish(&mut running, &mut answers).await;
        answers
    }
}

/// Waits for the calls under way.
async fn finish(running: &mut Vec<JoinHandle<Answer>>, answers: &mut Vec<Answer>) {
    for call in running.drain(..) {
        answers.push(call.await.unwrap_or_default());
    }
}

/// One call on a connection of its own.
async fn call<P: Proxy>(
    worker: Rc<Worker<ScriptedNet>>,
    index: usize,
    request: Request,
    version: Version,
) -> Answer {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let clock = worker.clock();
    let began = clock.now();
    tokio::task::spawn_local(async move {
        let mut serve =
            pin!(http1::serve::<P, ScriptedNet>(&worker, Pipe(theirs), Inbound::Shared));
        poll_fn(|cx| {
            // Everything that happens in this poll belongs to this call.
            worker.net.current.set(index);
            serve.as_mut().poll(cx)
        })
        .await;
    });
    let answered = async {
        match version {
            Version::Http1 => {
                let bodiless = request.method == "HEAD";
                let bytes = request.bytes();
                exchange(ours, &request.pieces(&bytes), bodiless).await.unwrap_or_default()
            }
            Version::Http2 => http2::exchange(ours, &request).await.unwrap_or_default(),
        }
    };
    let Some(leaves) = request.leaves else {
        return Answer { head: answered.await, elapsed: clock.now() - began };
    };
    let head = tokio::time::timeout(leaves, answered).await.unwrap_or_default();
    let elapsed = clock.now() - began;
    // It has left, which takes no time; the next call comes when that is known.
    for _ in 0..LEAVING {
        tokio::task::yield_now().await;
    }
    Answer { head, elapsed }
}

/// Sends a request and reads the answer's head and body; returns the head.
async fn exchange(
    io: DuplexStream,
    pieces: &[(Duration, &[u8])],
    bodiless: bool,
) -> std::io::Result<String> {
    let (mut from, mut to) = tokio::io::split(io);
    let write = async {
        for (before, piece) in pieces {
            if !before.is_zero() {
                tokio::time::sleep(*before).await;
            }
            if to.write_all(piece).await.is_err() {
                break;
            }
        }
        pending::<Infallible>().await
    };
    let read = async {
        let mut bytes = Vec::new();
        loop {
            if let Some(end) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(bytes.get(..end + 4).unwrap_or_default());
                let length = super::script::field(&head, "content-length");
                let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
                if bodiless || bytes.len() >= end + 4 + length {
                    return Ok(head.into_owned());
                }
            }
            if from.read_buf(&mut bytes).await? == 0 {
                return Ok(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    };
    // The proxy may answer without reading all of it.
    tokio::select! {
        biased;
        never = write => match never {},
        head = read => head,
    }
}
