//! How much of a connection is read before its calls have their turn.

use std::task::{Context, Poll};

/// Frames of so many bytes cost little memory, however small they are.
const BYTES: usize = 64 * 1024;

/// What one turn of a connection's task has read.
#[derive(Debug, Default)]
pub(crate) struct Turn(usize);

impl Turn {
    /// Pending once it is enough; then the task is woken again at once.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 < BYTES {
            return Poll::Ready(());
        }
        self.end();
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    pub(crate) fn read(&mut self, bytes: usize) {
        self.0 += bytes;
    }

    /// There is nothing more to read.
    pub(crate) fn end(&mut self) {
        self.0 = 0;
    }
}
