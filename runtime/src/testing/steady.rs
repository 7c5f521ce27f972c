//! A caller and an upstream in memory that say the same again and again: what calls cost without
//! a kernel.
//!
//! Time stands still and the randomness is seeded, so two runs take the same instructions. Each
//! side keeps the proxy waiting once per message, as sockets do.

use std::io::{self, IoSlice};
use std::marker::PhantomData;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, UNIX_EPOCH};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;

use crate::buffer::{Block, Decoder, Keep};
use crate::call::{Call, Caller, Outcome, Request, Response};
use crate::clock::Clock;
use crate::failure::{Failure, Kind};
use crate::filter::Filter;
use crate::message::{Method, RequestHead, RequestParts, ResponseParts};
use crate::net::{Connect, ConnectError, Io, Target};
use crate::observe::access_log::{Lines, Log, channel};
use crate::observe::event::Record;
use crate::proxy::Proxy;
use crate::random::Random;
use crate::serve::http1::serve;
use crate::spec::{Inbound, UpstreamId};
use crate::timer::Timer;
use crate::units::v4;
use crate::wire::http1::write::Persistence;
use crate::wire::http1::{parse, write};
use crate::worker::{Net, Phase, Shared, Worker};

/// A proxy of which every call is the same.
pub struct Steady<P: Proxy> {
    worker: Worker<Memory>,
    request: &'static [u8],
    response: &'static [u8],
    /// Nobody reads them: what is counted is this thread's work.
    _lines: Lines,
    policy: PhantomData<P>,
}

impl<P: Proxy> Steady<P> {
    /// Makes a proxy and lets `work` use it. Both messages have to be complete and keep the
    /// connection.
    ///
    /// # Panics
    /// If there is no runtime to be had.
    pub fn run(request: &'static [u8], response: &'static [u8], work: impl FnOnce(&Self)) {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build_local(LocalOptions::default());
        match runtime {
            Ok(runtime) => runtime.block_on(async { work(&Self::new(request, response)) }),
            Err(error) => super::fail(&error),
        }
    }

    fn new(request: &'static [u8], response: &'static [u8]) -> Self {
        let (_, phases) = watch::channel(Phase::Serving);
        let clock = Clock::start_at(UNIX_EPOCH + Duration::from_secs(1_767_225_600));
        let shared = Arc::new(Shared::new::<P>(clock, 1, phases));
        let (sender, lines) = channel(1, Arc::clone(&shared.losses));
        let log = Log::new::<P>(sender);
        let worker = Worker::new::<P>(Memory { response }, 0, shared, Random::from_seed(0), log);
        let nowhere = [v4([192, 0, 2, 1], 80)];
        for id in 0..P::UPSTREAMS.len() {
            if let Some(upstream) = worker.upstream(UpstreamId(id)) {
                upstream.update(&nowhere);
            }
        }
        Self { worker, request, response, _lines: lines, policy: PhantomData }
    }

    /// Calls on one connection, each after the answer to the last.
    pub fn calls(&self, calls: usize) {
        let caller = Repeating { text: self.request, left: calls, turn: Turn::Announced };
        let mut serve = pin!(serve::<P, Memory>(&self.worker, caller, Inbound::Shared));
        let mut cx = Context::from_waker(Waker::noop());
        while serve.as_mut().poll(&mut cx).is_pending() {}
    }

    /// The first half of calls: a head parsed, routed, edited by the filters of `F`, and written.
    pub fn requests<F: Filter>(&self, calls: usize) {
        let (mut io, timer) = self.caller();
        let mut out = self.worker.blocks.take_outgoing();
        for _ in 0..calls {
            let mut request = self.request();
            let index = P::index(P::route(&request.head(), Inbound::Shared));
            let ends = (Caller::Http1(&mut io), &timer);
            let messages = (&mut request, &mut *out);
            let call = Call::new(&self.worker, ends, messages, Inbound::Shared, index);
            self.poll::<F>(call);
            self.worker.blocks.give(request.end(&self.worker));
        }
    }

    /// Polls the pipeline `F` once per call: what it decides before it waits.
    pub fn decisions<F: Filter>(&self, calls: usize) {
        let (mut io, timer) = self.caller();
        let (mut request, mut out) = (self.request(), self.worker.blocks.take_outgoing());
        for _ in 0..calls {
            let ends = (Caller::Http1(&mut io), &timer);
            let messages = (&mut request, &mut *out);
            let call = Call::new(&self.worker, ends, messages, Inbound::Shared, 0);
            self.poll::<F>(call);
        }
    }

    /// The second half of calls: a response head parsed and written.
    pub fn responses(&self, calls: usize) {
        for _ in 0..calls {
            let mut block = self.block(self.response);
            let mut parts = ResponseParts::default();
            let Block { bytes, fields, filled, .. } = &mut *block;
            let head = bytes.get_mut(..*filled).unwrap_or_default();
            let parsed = parse::response(head, fields, &mut parts, Method::Get);
            let Ok(Some(complete)) = parsed else { super::fail(&malformed()) };
            block.begin_body(complete.length);
            let decoder = Decoder::new(complete.framing);
            let mut response =
                Response::<Memory>::of_upstream(block, parts, complete.framing, decoder);
            response.decode(Keep::Framing);
            let mut out = self.worker.blocks.take_outgoing();
            let additions = write::ResponseAdditions {
                lines: response.block.edits.lines(),
                chunked: false,
                connection: Persistence::Implied,
            };
            let block = &response.block;
            write::response(
                &block.bytes,
                &block.fields,
                &response.parts,
                &additions,
                &mut out.head,
            );
            self.worker.blocks.give_outgoing(out);
            response.discard(&self.worker);
        }
    }

    /// Routes the request's head again and again; the sum of the indices, so that it is done.
    pub fn routes(&self, calls: usize) -> usize {
        let request = self.request();
        let index = |head: RequestHead<'_>| P::index(P::route(&head, Inbound::Shared));
        (0..calls).map(|_| index(std::hint::black_box(request.head()))).sum()
    }

    fn caller(&self) -> (Repeating, Timer) {
        let io = Repeating { text: self.request, left: 0, turn: Turn::Taken };
        (io, self.worker.timers.timer())
    }

    fn request(&self) -> Request {
        let mut block = self.block(self.request);
        let mut parts = RequestParts::default();
        let Block { bytes, fields, filled, .. } = &mut *block;
        let head = bytes.get_mut(..*filled).unwrap_or_default();
        let Ok(Some(complete)) = parse::request(head, fields, &mut parts) else {
            super::fail(&malformed())
        };
        Request::new(block, parts, complete.length, complete.framing)
    }

    fn block(&self, text: &[u8]) -> Box<Block> {
        let mut block = self.worker.blocks.take();
        block.append(text);
        block
    }

    fn poll<F: Filter>(&self, mut call: Call<'_, Memory>) {
        let pipeline = pin!(F::call(&mut call));
        let polled = pipeline.poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(Ok(response)) = polled {
            response.discard(&self.worker);
        }
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a message of the measurement is malformed")
}

/// Where a measured pipeline ends: writes the head for the upstream, and goes no further.
#[derive(Debug)]
pub struct Written;

impl Filter for Written {
    type Next = Self;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        let worker = call.worker;
        let traceparent = call.trace.map(|trace| trace.span(&mut worker.random()));
        let traceparent = traceparent.as_ref().map(<[u8; 55]>::as_slice);
        let mut out = worker.blocks.take_outgoing();
        call.request.begin_try(&mut out, "192.0.2.1:80", traceparent, 1);
        worker.blocks.give_outgoing(out);
        Err(Failure::unsent(Kind::Cancelled))
    }

    fn choose<N: Net>(_call: &mut Call<'_, N>) {}
}

/// Where a measured pipeline ends: a try that the upstream did not accept.
#[derive(Debug)]
pub struct Unreached;

impl Filter for Unreached {
    type Next = Self;

    async fn call<N: Net>(_call: &mut Call<'_, N>) -> Outcome<N> {
        Err(Failure::unsent(Kind::Refused))
    }

    fn choose<N: Net>(call: &mut Call<'_, N>) {
        call.upstream = Some(UpstreamId(0));
    }
}

/// Every upstream gives the same response.
struct Memory {
    response: &'static [u8],
}

impl Connect for Memory {
    type Down = Repeating;
    type Up = Repeating;

    async fn connect(&self, _: Target<'_>) -> Result<Repeating, ConnectError> {
        Ok(Repeating { text: self.response, left: usize::MAX, turn: Turn::Taken })
    }
}

impl Record for Memory {}

/// Says its text after each message that it is sent.
struct Repeating {
    text: &'static [u8],
    left: usize,
    turn: Turn,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It has been read.
    Taken,
    /// There is something to read, but who asks has to wait once.
    Announced,
    Readable,
}

impl Repeating {
    fn poll_turn(&mut self) -> Poll<()> {
        match self.turn {
            Turn::Readable => Poll::Ready(()),
            Turn::Announced => {
                self.turn = Turn::Readable;
                Poll::Pending
            }
            Turn::Taken => Poll::Pending,
        }
    }

    fn sent(&mut self, bytes: usize) -> Poll<io::Result<usize>> {
        self.turn = Turn::Announced;
        Poll::Ready(Ok(bytes))
    }
}

impl Io for Repeating {
    fn poll_readable(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_turn().map(Ok)
    }
}

impl AsyncRead for Repeating {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_turn());
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            self.turn = Turn::Taken;
            buffer.put_slice(self.text);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Repeating {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.sent(bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.sent(pieces.iter().map(|piece| piece.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
