//! Moving bytes: from a stream into a block, from a block into a stream.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Block, Outgoing};
use crate::net::{Io, poll_read};

/// Lets all connections be read that have become readable together: they are written to afterwards,
/// one right after the other. Whoever was woken by the first write is still awake when the second
/// comes, and the processor goes through each half of the work again and again.
pub(crate) async fn after_reads() {
    let mut last_in_line = false;
    poll_fn(|cx| {
        if last_in_line {
            return Poll::Ready(());
        }
        last_in_line = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Reads once into the block's free space; 0 at the end of the stream. A block without any is an error:
/// nobody shall take it for the end.
pub(crate) fn poll_fill<I: Io>(
    io: &mut I,
    block: &mut Block,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    if !block.has_space() {
        return Poll::Ready(Err(io::ErrorKind::StorageFull.into()));
    }
    let read = ready!(poll_read(io, cx, block.space()))?;
    block.filled += read;
    Poll::Ready(Ok(read))
}

/// Writes the head that is due, then the body bytes that are: both in one call where they fit.
pub(crate) fn poll_drain<I: Io>(
    io: &mut I,
    block: &Block,
    out: &mut Outgoing,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    loop {
        let head = out.head.get(out.head_sent..).unwrap_or_default();
        let body = out.ready(block);
        let written = match (head, body) {
            ([], []) => return Pin::new(io).poll_flush(cx),
            ([], body) => ready!(Pin::new(&mut *io).poll_write(cx, body))?,
            (head, []) => ready!(Pin::new(&mut *io).poll_write(cx, head))?,
            (head, body) => {
                let both = [IoSlice::new(head), IoSlice::new(body)];
                ready!(Pin::new(&mut *io).poll_write_vectored(cx, &both))?
            }
        };
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        let of_head = written.min(head.len());
        out.head_sent += of_head;
        out.sent += written - of_head;
        out.passed += (written - of_head) as u64;
    }
}
