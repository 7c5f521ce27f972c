//! A connection to an upstream, driven by a task of its own until it ends.
//!
//! An upstream that has vanished says nothing, and a call that waits for a long answer cannot know
//! the difference. So a silent connection with calls on it is asked for a sign of life; not often,
//! for servers take many such questions for an attack (gRPC's allow one in five minutes).

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::Ping;
use h2::client::Connection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::clock::Clock;
use crate::net::Io;
use crate::timer::Timer;
use crate::wire::http2::Turn;

/// How often a connection is looked at, and how long the answer to a ping may take.
const LOOK: Duration = Duration::from_secs(10);
/// Looks at a silent connection until the first ping …
const FIRST: u32 = 3;
/// … and until the next one, if nothing but the answer came.
const NEXT: u32 = 30;

/// A stream that counts what is heard on it.
pub(super) struct Heard<I> {
    io: I,
    reads: Rc<Cell<u64>>,
    turn: Turn,
}

impl<I: Io> Heard<I> {
    pub(super) fn new(io: I) -> (Self, Rc<Cell<u64>>) {
        let reads = Rc::new(Cell::new(0));
        (Self { io, reads: Rc::clone(&reads), turn: Turn::default() }, reads)
    }
}

/// What shows that a connection is needed, and that it is alive.
pub(super) struct Life {
    pub(super) reads: Rc<Cell<u64>>,
    pub(super) calls: Rc<Cell<usize>>,
}

/// Runs the connection to its end.
pub(super) async fn drive<I: Io>(
    mut connection: Connection<Heard<I>, Bytes>,
    life: Life,
    clock: Clock,
    timer: Timer,
) {
    let mut pings = connection.ping_pong();
    let mut silence = Silence::default();
    timer.set(clock.now() + LOOK);
    poll_fn(|cx| {
        loop {
            if Pin::new(&mut connection).poll(cx).is_ready() {
                return Poll::Ready(());
            }
            if let Some(pings) = &mut pings {
                // The answer is heard like anything else; taking it makes room for the next.
                drop(pings.poll_pong(cx));
            }
            ready!(timer.poll_due(cx));
            timer.set(clock.now() + LOOK);
            if life.calls.get() == 0 {
                silence = Silence::default();
                continue;
            }
            match silence.look(life.reads.get()) {
                Verdict::Fine => {}
                Verdict::Ask => {
                    if let Some(pings) = &mut pings {
                        // One that cannot be sent will not be answered, either.
                        drop(pings.send_ping(Ping::opaque()));
                    }
                }
                // Nobody is there. What is left of the calls ends with the connection.
                Verdict::Dead => return Poll::Ready(()),
            }
        }
    })
    .await;
}

/// How long nothing has been heard.
#[derive(Debug)]
struct Silence {
    heard: u64,
    looks: u32,
    patience: u32,
    asked: bool,
}

impl Default for Silence {
    fn default() -> Self {
        Self { heard: 0, looks: 0, patience: FIRST, asked: false }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    Ask,
    Dead,
}

impl Silence {
    fn look(&mut self, heard: u64) -> Verdict {
        if heard != self.heard {
            self.patience = if self.asked { NEXT } else { FIRST };
            (self.heard, self.looks, self.asked) = (heard, 0, false);
            return Verdict::Fine;
        }
        if self.asked {
            return Verdict::Dead;
        }
        self.looks += 1;
        self.asked = self.looks >= self.patience;
        if self.asked { Verdict::Ask } else { Verdict::Fine }
    }
}

impl<I: Io> AsyncRead for Heard<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.turn.poll(cx));
        let before = buffer.filled().len();
        match Pin::new(&mut this.io).poll_read(cx, buffer) {
            Poll::Ready(read) => read?,
            Poll::Pending => {
                this.turn.end();
                return Poll::Pending;
            }
        }
        this.turn.read(buffer.filled().len() - before);
        this.reads.set(this.reads.get() + 1);
        Poll::Ready(Ok(()))
    }
}

impl<I: Io> AsyncWrite for Heard<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_asked_and_then_believed() {
        use Verdict::{Ask, Dead, Fine};
        /// Reads counted at each look, and what each look says.
        type Row = (&'static [u64], &'static [Verdict]);
        let rows: [Row; 3] = [
            (&[1, 1, 1, 1, 1], &[Fine, Fine, Fine, Ask, Dead]),
            (&[1, 1, 1, 1, 2, 2, 2, 2], &[Fine, Fine, Fine, Ask, Fine, Fine, Fine, Fine]),
            (&[1, 2, 3, 4, 5, 6], &[Fine; 6]),
        ];
        for (heard, verdicts) in rows {
            let mut silence = Silence::default();
            let looks: Vec<_> = heard.iter().map(|&heard| silence.look(heard)).collect();
            assert_eq!(looks, verdicts);
        }
    }

    #[test]
    fn one_that_answers_is_asked_seldom() {
        let mut silence = Silence::default();
        let mut heard = 1;
        let mut asked = Vec::new();
        for look in 0..100 {
            if silence.look(heard) == Verdict::Ask {
                asked.push(look);
                heard += 1;
            }
        }
        assert_eq!(asked, [3, 34, 65, 96]);
    }
}
