//! Bytes that nobody looks at, in both directions, until both have ended.
//!
//! A tunnel begins where HTTP ends: behind a `101`. Each direction is a [`Flow`] of its own, so
//! that one may end while the other goes on; what ends the whole tunnel early is a broken
//! connection on either side, or silence on both.

mod flow;

pub(crate) use flow::Flow;

use std::future::poll_fn;
use std::task::{Poll, ready};

use self::flow::End;
use crate::filter::Call;
use crate::http1::response::Response;
use crate::net::{Io as _, Net};

/// What went through a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    /// Bytes to the caller.
    pub(crate) sent: u64,
    /// Why it ended before both sides were done, if it did.
    pub(crate) error: Option<&'static str>,
}

/// Carries what is left of a call whose answer is that the connection is a tunnel from now on. The
/// answer's head is the first thing that the caller gets.
pub(crate) async fn carry<N: Net>(call: &mut Call<'_, N>, response: Response<N>) -> Carried {
    let Some(mut link) = response.link else {
        return Carried { sent: 0, error: Some("proxy_internal_error") };
    };
    let ahead = call.request.take_ahead(call.worker);
    let (mut upload, mut download) =
        (Flow::starting_with(ahead), Flow::starting_with(response.block));
    let mut armed = false;
    let end = poll_fn(|cx| {
        let before = (upload.passed, download.passed);
        let (io, worker) = (&mut call.caller.io, call.worker);
        let up = upload.poll(io, &mut link.io, worker, cx);
        let down = download.poll(&mut link.io, io, worker, cx);
        let passed = (upload.passed - before.0, download.passed - before.1);
        worker.recorder().passed(call.route, passed.0, passed.1);
        match (up, down) {
            (Poll::Ready(End::From), _) | (_, Poll::Ready(End::To)) => {
                return Poll::Ready(Some("client_closed"));
            }
            (Poll::Ready(End::To), _) | (_, Poll::Ready(End::From)) => {
                return Poll::Ready(Some("connection_terminated"));
            }
            (Poll::Ready(End::Clean), Poll::Ready(End::Clean)) => return Poll::Ready(None),
            _ => {}
        }
        if !armed || passed != (0, 0) {
            call.caller.timer.set(worker.clock().now() + call.limits.idle);
            armed = true;
        }
        ready!(call.caller.timer.poll_due(cx));
        Poll::Ready(Some("connection_timeout"))
    })
    .await;
    if end.is_some() {
        // What is not whole must not look as if it were.
        call.caller.io.reset();
        link.io.reset();
    }
    call.request.received += upload.passed;
    upload.give_back(call.worker);
    download.give_back(call.worker);
    Carried { sent: download.passed, error: end }
}
