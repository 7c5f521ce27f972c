//! Both directions of a tunnel, until both have ended.

mod flow;

pub(crate) use flow::Flow;

use std::future::poll_fn;
use std::task::{Poll, ready};
use std::time::Duration;

use crate::net::Io as _;
use crate::observe::report::Ending;
use crate::timer::{Lookout, Timer};
use crate::worker::{Net, Worker};
use flow::End;

/// The two sides of a tunnel, and what is known of it.
pub(crate) struct Relay<'a, N: Net> {
    pub(crate) worker: &'a Worker<N>,
    pub(crate) caller: &'a mut N::Down,
    pub(crate) upstream: &'a mut N::Up,
    pub(crate) timer: &'a Timer,
    /// Without a byte in either direction.
    pub(crate) idle: Duration,
    /// Index into the proxy's routes.
    pub(crate) route: usize,
}

/// What went through a tunnel, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Relayed {
    /// Bytes from the caller.
    pub(crate) received: u64,
    /// Bytes to the caller.
    pub(crate) sent: u64,
    pub(crate) ending: Ending,
}

impl<N: Net> Relay<'_, N> {
    /// Each direction begins with what its flow holds already.
    pub(crate) async fn run(self, mut upload: Flow, mut download: Flow) -> Relayed {
        let Self { worker, caller, upstream, timer, idle, route } = self;
        let mut armed = false;
        let mut lookout = Lookout::default();
        let ending = poll_fn(|cx| {
            let before = (upload.passed(), download.passed());
            let up = upload.poll(caller, upstream, worker, cx);
            let down = download.poll(upstream, caller, worker, cx);
            let passed = (upload.passed() - before.0, download.passed() - before.1);
            worker.recorder().passed(route, passed.0, passed.1);
            match (up, down) {
                (Poll::Ready(End::From), _) | (_, Poll::Ready(End::To)) => {
                    return Poll::Ready(Ending::Caller);
                }
                (Poll::Ready(End::To), _) | (_, Poll::Ready(End::From)) => {
                    return Poll::Ready(Ending::Upstream);
                }
                (Poll::Ready(End::Clean), Poll::Ready(End::Clean)) => {
                    return Poll::Ready(Ending::Done);
                }
                _ => {}
            }
            if !armed || passed != (0, 0) {
                timer.set(worker.clock().now() + idle);
                armed = true;
            }
            // A caller that is not read from is not seen to leave.
            while upload.is_held_up() {
                if lookout.poll_look(&worker.timers, cx).is_pending() {
                    break;
                }
                if caller.is_broken() {
                    return Poll::Ready(Ending::Caller);
                }
            }
            ready!(timer.poll_due(cx));
            Poll::Ready(Ending::Idle)
        })
        .await;
        if ending != Ending::Done {
            // What is not whole must not look as if it were.
            caller.reset();
            upstream.reset();
        }
        worker.recorder().tunnel(route, ending);
        upload.give_back(worker);
        download.give_back(worker);
        Relayed { received: upload.passed(), sent: download.passed(), ending }
    }
}
