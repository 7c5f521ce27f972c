//! Both directions of a tunnel, until both have ended.

use std::future::poll_fn;
use std::task::{Poll, ready};
use std::time::Duration;

use super::flow::{End, Flow};
use crate::net::Io as _;
use crate::observe::report::Ending;
use crate::timer::Timer;
use crate::worker::{Net, Worker};

/// The two sides of a tunnel, and what is known of it.
pub(super) struct Relay<'a, N: Net> {
    pub(super) worker: &'a Worker<N>,
    pub(super) caller: &'a mut N::Down,
    pub(super) upstream: &'a mut N::Up,
    pub(super) timer: &'a Timer,
    /// Without a byte in either direction.
    pub(super) idle: Duration,
    /// Index into the proxy's routes.
    pub(super) route: usize,
}

/// What went through a tunnel, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Relayed {
    /// Bytes from the caller.
    pub(super) received: u64,
    /// Bytes to the caller.
    pub(super) sent: u64,
    pub(super) ending: Ending,
}

impl<N: Net> Relay<'_, N> {
    /// Each direction begins with what its flow holds already.
    pub(super) async fn run(self, mut upload: Flow, mut download: Flow) -> Relayed {
        let Self { worker, caller, upstream, timer, idle, route } = self;
        let mut armed = false;
        let ending = poll_fn(|cx| {
            let before = (upload.passed, download.passed);
            let up = upload.poll(caller, upstream, worker, cx);
            let down = download.poll(upstream, caller, worker, cx);
            let passed = (upload.passed - before.0, download.passed - before.1);
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
        Relayed { received: upload.passed, sent: download.passed, ending }
    }
}
