//! A proxy between a caller and an upstream in memory, whose bytes come in given pieces.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::call::{Call, Opening, Outcome};
use crate::clock::Clock;
use crate::failure::Failure;
use crate::filter::{Filter, Forward};
use crate::message::RequestHead;
use crate::net::{Connect, ConnectError, Io, Target};
use crate::observe::event::Record;
use crate::policy::Upstream;
use crate::proxy::Proxy;
use crate::random::Random;
use crate::serve::http1::serve;
use crate::spec::{Address, Inbound, Observe, RouteSpec, Spec, UpstreamId, UpstreamSpec, Workers};
use crate::units::v4;
use crate::worker::{Net, Phase, Shared, Worker};

/// One upstream, for every call.
struct Plain;

impl Spec for Plain {
    const SERVICE: &'static str = "plain";
    const WORKERS: Workers = Workers::Exactly(1);
    const LISTEN: SocketAddr = v4([127, 0, 0, 1], 0);
    const UPSTREAMS: &'static [UpstreamSpec] =
        &[UpstreamSpec::new("a", Address::Fixed(&[v4([192, 0, 2, 1], 80)]))];
    const ROUTES: &'static [RouteSpec] = &[RouteSpec::new("a", "a")];
    const OBSERVE: Observe = Observe { metrics: false, access_log: None, admin: None };
    const POLICY: &'static [u8] = b"";
}

impl Upstream for Plain {
    const ID: UpstreamId = UpstreamId(0);
}

impl Proxy for Plain {
    type Route = ();

    const OTHERWISE: () = ();

    async fn tunnel<N: Net>((): (), _: &mut Opening<'_, N>) -> Result<N::Up, Failure> {
        std::future::pending().await
    }

    fn route(_: &RequestHead<'_>, _: Inbound) {}

    fn index((): ()) -> usize {
        0
    }

    async fn call<N: Net>((): (), call: &mut Call<'_, N>) -> Outcome<N> {
        Forward::<Self>::call(call).await
    }
}

/// Runs `work` with a proxy, while time stands still.
pub(crate) fn with_proxy(work: impl AsyncFnOnce(&Between)) {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build_local(LocalOptions::default())
        .unwrap();
    runtime.block_on(async {
        let (_phase, phases) = watch::channel(Phase::Serving);
        let shared = Arc::new(Shared::new::<Plain>(Clock::start(), 1, phases));
        let net = Ends::default();
        let worker = Worker::new::<Plain>(net, 0, shared, Random::from_seed(0), None);
        worker.upstream(UpstreamId(0)).unwrap().update(&[v4([192, 0, 2, 1], 80)]);
        let timers = Rc::clone(&worker.timers);
        tokio::task::spawn_local(async move { timers.drive().await });
        work(&Between(worker)).await;
    });
}

/// The proxy.
pub(crate) struct Between(Worker<Ends>);

impl Between {
    /// What upstream and caller have got in the end, when they say these pieces, of which none can be
    /// read with another. The upstream begins when it has so many bytes, and closes after its last piece.
    pub(crate) fn carry(
        &self,
        request: &[&[u8]],
        response: (usize, &[&[u8]]),
    ) -> (Vec<u8>, Vec<u8>) {
        let [asked, got] = self.exchange(request, response);
        (asked.bytes.take(), got.bytes.take())
    }

    /// In how many writes they have got it.
    pub(crate) fn writes(&self, request: &[&[u8]], response: (usize, &[&[u8]])) -> [usize; 2] {
        self.exchange(request, response).map(|got| got.writes.get())
    }

    fn exchange(&self, request: &[&[u8]], (due, response): (usize, &[&[u8]])) -> [Rc<Got>; 2] {
        let caller = End::saying(request, 0, Ending::Polite);
        let got = Rc::clone(&caller.got);
        let upstream = End::saying(response, due, Ending::AtOnce);
        let asked = Rc::clone(&upstream.got);
        self.0.net.0.replace(Some(upstream));
        let mut serve = pin!(serve::<Plain, Ends>(&self.0, caller, Inbound::Shared));
        let mut cx = Context::from_waker(Waker::noop());
        while serve.as_mut().poll(&mut cx).is_pending() {}
        [asked, got]
    }

    /// How long a caller's connection lasts that says this and no more, and takes so many bytes.
    pub(crate) async fn lasts(&self, request: &[&[u8]], room: usize) -> Duration {
        let start = Instant::now();
        let caller = End { room, ..End::saying(request, 0, Ending::Polite) };
        let answer: &[&[u8]] = &[b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"];
        self.0.net.0.replace(Some(End::saying(answer, 1, Ending::AtOnce)));
        serve::<Plain, Ends>(&self.0, caller, Inbound::Shared).await;
        start.elapsed()
    }

    /// What a caller that stays has got so much later.
    pub(crate) async fn stay(
        &self,
        request: &[&[u8]],
        (due, response): (usize, &[&[u8]]),
        time: Duration,
    ) -> Vec<u8> {
        let caller = End::saying(request, 0, Ending::Polite);
        let got = Rc::clone(&caller.got);
        self.0.net.0.replace(Some(End::saying(response, due, Ending::AtOnce)));
        let serve = serve::<Plain, Ends>(&self.0, caller, Inbound::Shared);
        // It may end, or not.
        drop(tokio::time::timeout(time, serve).await);
        got.bytes.take()
    }
}

/// The upstream's end of the one connection that there will be.
#[derive(Default)]
struct Ends(RefCell<Option<End>>);

impl Connect for Ends {
    type Down = End;
    type Up = End;

    async fn connect(&self, _: Target<'_>) -> Result<End, ConnectError> {
        self.0.take().ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionRefused).into())
    }
}

impl Record for Ends {}

/// When somebody who has said everything ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    AtOnce,
    /// When the other side has.
    Polite,
}

/// What somebody was told.
#[derive(Default)]
struct Got {
    bytes: RefCell<Vec<u8>>,
    writes: Cell<usize>,
}

/// Somebody who says pieces, and keeps what is said back.
struct End {
    pieces: VecDeque<Vec<u8>>,
    /// So many bytes are waited for first.
    due: usize,
    /// Whoever asks for a piece has to wait once.
    announced: bool,
    /// Who waits until enough has been said.
    waiting: Option<Waker>,
    got: Rc<Got>,
    ending: Ending,
    /// So many bytes are taken.
    room: usize,
}

impl End {
    fn saying(pieces: &[&[u8]], due: usize, ending: Ending) -> Self {
        let pieces = pieces.iter().filter(|piece| !piece.is_empty());
        let pieces = pieces.map(|piece| piece.to_vec()).collect();
        Self {
            pieces,
            due,
            announced: false,
            waiting: None,
            got: Rc::default(),
            ending,
            room: usize::MAX,
        }
    }
}

impl Io for End {
    fn poll_readable(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.got.bytes.borrow().len() < self.due {
            self.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.announced = !self.announced;
        if self.announced && !self.pieces.is_empty() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let ended = self.ending == Ending::AtOnce;
        let Some(piece) = self.pieces.front_mut() else {
            return if ended { Poll::Ready(Ok(())) } else { Poll::Pending };
        };
        let now = piece.len().min(buffer.remaining());
        buffer.put_slice(&piece[..now]);
        if now == piece.len() {
            self.pieces.pop_front();
        } else {
            piece.drain(..now);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for End {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let left = self.room.saturating_sub(self.got.bytes.borrow().len());
        let bytes = &bytes[..bytes.len().min(left)];
        if bytes.is_empty() {
            return Poll::Pending;
        }
        self.got.bytes.borrow_mut().extend_from_slice(bytes);
        self.got.writes.update(|writes| writes + 1);
        self.waiting.take().into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ending = Ending::AtOnce;
        Poll::Ready(Ok(()))
    }
}
