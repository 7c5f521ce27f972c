//! A caller's bytes on their way to and from `h2`, measured by a [`Gauge`].

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::gauge::Gauge;
use crate::buffer::Block;
use crate::clock::Clock;
use crate::net::Io;
use crate::observe::metrics::Flood;
use crate::serve::linger::Linger;
use crate::timer::{Timer, Timers};
use crate::wire::http2::{Outlet, Turn};

/// A connection's bytes; those that were read before it was known to be HTTP/2 come first.
pub(super) struct Inlet<I> {
    io: Outlet<I>,
    ahead: Option<Box<Block>>,
    watch: Rc<Watch>,
    timers: Rc<Timers>,
    turn: Turn,
    ending: Option<Ending>,
}

/// What has been seen of a connection's frames.
pub(super) struct Watch {
    gauge: RefCell<Gauge>,
    flood: Cell<Option<Flood>>,
    /// The caller does not take what is written.
    blocked: Cell<bool>,
    clock: Clock,
}

/// Our side has ended.
struct Ending {
    timer: Timer,
    linger: Linger,
}

impl Watch {
    pub(super) fn new(clock: Clock) -> Rc<Self> {
        let gauge = RefCell::new(Gauge::new(clock.now()));
        Rc::new(Self { gauge, flood: Cell::default(), blocked: Cell::default(), clock })
    }

    /// The caller floods us, with this; said once.
    pub(super) fn flood(&self) -> Option<Flood> {
        self.flood.take()
    }

    pub(super) fn is_head_open(&self) -> bool {
        self.gauge.borrow().is_head_open()
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.get()
    }

    /// The end of a turn: what was said in it is written.
    pub(super) fn end_turn<I: Io>(&self, outlet: &Outlet<I>, cx: &mut Context<'_>) {
        self.blocked.set(outlet.poll_turn(cx).is_pending());
    }

    fn received(&self, bytes: &[u8]) {
        let flood = self.gauge.borrow_mut().received(bytes, || self.clock.now());
        if flood.is_some() {
            self.flood.set(flood);
        }
    }
}

impl<I: Io> Inlet<I> {
    pub(super) fn new(
        io: Outlet<I>,
        ahead: Box<Block>,
        watch: Rc<Watch>,
        timers: Rc<Timers>,
    ) -> Self {
        let (turn, ending) = (Turn::default(), None);
        Self { io, ahead: Some(ahead), watch, timers, turn, ending }
    }

    /// Hands out what was read before. True if there was something.
    fn read_ahead(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let Some(block) = &mut self.ahead else { return false };
        let here = block.raw();
        let n = here.len().min(buffer.remaining());
        buffer.put_slice(here.get(..n).unwrap_or_default());
        block.decoded += n;
        if block.raw().is_empty() {
            self.ahead = None;
        }
        n > 0
    }
}

impl<I: Io> AsyncRead for Inlet<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.watch.flood.get().is_some() {
            // Nothing more is to come of this: who watches ends it.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        ready!(this.turn.poll(cx));
        let before = buffer.filled().len();
        if !this.read_ahead(buffer) {
            match Pin::new(&mut this.io).poll_read(cx, buffer) {
                Poll::Ready(read) => read?,
                Poll::Pending => {
                    this.turn.end();
                    return Poll::Pending;
                }
            }
        }
        let came = buffer.filled().get(before..).unwrap_or_default();
        this.turn.read(came.len());
        this.watch.received(came);
        Poll::Ready(Ok(()))
    }
}

impl<I: Io> AsyncWrite for Inlet<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
        self.watch.gauge.borrow_mut().sent(bytes.get(..sent).unwrap_or_default());
        Poll::Ready(Ok(sent))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.ending.is_none() {
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
            let timer = this.timers.timer();
            this.ending = Some(Ending { linger: Linger::begin(&timer), timer });
        }
        let Some(Ending { timer, linger }) = &mut this.ending else { return Poll::Ready(Ok(())) };
        linger.poll(&mut this.io, timer, cx).map(Ok)
    }
}
