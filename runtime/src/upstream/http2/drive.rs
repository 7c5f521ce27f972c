//! A connection to an upstream, driven by a task of its own until it ends.
//!
//! An upstream that has vanished says nothing, and a call that waits for a long answer cannot know
//! the difference. So a silent connection with calls on it is asked for a sign of life: once early,
//! later seldom, for servers take many such questions for an attack. Those of gRPC allow one in five
//! minutes, none without a call, and count from one to the next, whatever they say in between.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
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
use crate::wire::http2::{Outlet, Turn};

/// How often a connection is looked at, and how long the answer to a ping may take.
const LOOK: Duration = Duration::from_secs(10);
/// Looks at a silent connection until it is asked.
const QUIET: u32 = 3;
/// Looks from one ping to the next, at least: more than five minutes.
const APART: u32 = 31;

/// A stream that counts what is heard on it.
pub(super) struct Heard<I> {
    io: Outlet<I>,
    reads: Rc<Cell<u64>>,
    turn: Turn,
}

impl<I: Io> Heard<I> {
    pub(super) fn new(io: I) -> Self {
        Self { io: Outlet::new(io), reads: Rc::default(), turn: Turn::default() }
    }

    /// What is needed besides to drive it.
    pub(super) fn life(&self, calls: Rc<Cell<usize>>) -> Life<I> {
        Life { outlet: self.io.handle(), reads: Rc::clone(&self.reads), calls }
    }
}

/// What shows that a connection is needed, and that it is alive; and where its turns end.
pub(super) struct Life<I> {
    outlet: Outlet<I>,
    reads: Rc<Cell<u64>>,
    calls: Rc<Cell<usize>>,
}

/// Runs the connection to its end.
pub(super) async fn drive<I: Io>(
    mut connection: Connection<Heard<I>, Bytes>,
    life: Life<I>,
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
            if timer.poll_due(cx).is_pending() {
                // One that nobody reads is silent, too.
                let _ = life.outlet.poll_turn(cx);
                return Poll::Pending;
            }
            timer.set(clock.now() + LOOK);
            match silence.look(life.reads.get(), life.calls.get() > 0) {
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
    quiet: u32,
    /// Looks since the last ping; as many as it takes before the first one.
    since: u32,
    asked: bool,
}

impl Default for Silence {
    fn default() -> Self {
        Self { heard: 0, quiet: 0, since: APART, asked: false }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    Ask,
    Dead,
}

impl Silence {
    fn look(&mut self, heard: u64, needed: bool) -> Verdict {
        self.since = self.since.saturating_add(1);
        if heard != self.heard || !needed {
            (self.heard, self.quiet, self.asked) = (heard, 0, false);
            return Verdict::Fine;
        }
        if self.asked {
            return Verdict::Dead;
        }
        self.quiet += 1;
        self.asked = self.quiet >= QUIET && self.since >= APART;
        if !self.asked {
            return Verdict::Fine;
        }
        self.since = 0;
        Verdict::Ask
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
            let looks: Vec<_> = heard.iter().map(|&heard| silence.look(heard, true)).collect();
            assert_eq!(looks, verdicts);
        }
    }

    /// At which of a thousand looks a connection is asked that answers, and on which something else is
    /// heard, or no call is, every so many looks.
    fn asked(heard_every: usize, idle_every: usize) -> Vec<usize> {
        let mut silence = Silence::default();
        let mut heard = 1;
        let mut asked = Vec::new();
        for look in 0..1_000 {
            heard += u64::from(look % heard_every == heard_every - 1);
            if silence.look(heard, look % idle_every != idle_every - 1) == Verdict::Ask {
                asked.push(look);
                heard += 1;
            }
        }
        asked
    }

    #[test]
    fn one_that_answers_is_asked_seldom() {
        assert_eq!(asked(9_999, 9_999)[..4], [3, 34, 65, 96]);
        for heard_every in [1, 2, 3, 4, 5, 6, 9, 30, 31, 32, 9_999] {
            for idle_every in [3, 6, 10, 31, 40, 9_999] {
                let asked = asked(heard_every, idle_every);
                let apart = asked.windows(2).all(|pair| pair[1] - pair[0] > 30);
                assert!(apart, "heard every {heard_every}, idle every {idle_every}: {asked:?}");
            }
        }
    }
}
