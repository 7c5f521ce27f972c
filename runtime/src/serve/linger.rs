//! What is read after our side has ended.
//!
//! Closing with unread bytes would reset the connection, and might take the answer with it (RFC 9112
//! §9.6). A client that uploads often looks for its answer only when it has written everything.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::AsyncRead;

use crate::clock::Moment;
use crate::net::poll_read;
use crate::timer::Timer;

/// A caller that sends nothing for so long has its answer.
const SILENCE: Duration = Duration::from_secs(1);
/// Whoever goes on for longer, or with more, does not care for it.
const LONGEST: Duration = Duration::from_secs(30);
const MOST: usize = 256 * 1024 * 1024;

/// Reads, and forgets what it has read.
pub(super) struct Linger {
    until: Moment,
    left: usize,
}

impl Linger {
    /// From now on, by this timer.
    pub(super) fn begin(timer: &Timer) -> Self {
        let now = timer.now();
        timer.set(now + SILENCE);
        Self { until: now + LONGEST, left: MOST }
    }

    /// Ready when the connection can be closed.
    pub(super) fn poll<I: AsyncRead + Unpin>(
        &mut self,
        io: &mut I,
        timer: &Timer,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut scratch = [0; 16 * 1024];
        loop {
            match poll_read(io, cx, &mut scratch) {
                Poll::Ready(Ok(read @ 1..)) => self.left = self.left.saturating_sub(read),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return timer.poll_due(cx),
            }
            let now = timer.now();
            if self.left == 0 || now >= self.until {
                return Poll::Ready(());
            }
            timer.set(self.until.min(now + SILENCE));
        }
    }
}
