//! What goes out on a connection, gathered below `h2`: it writes each frame of some size by itself.
//!
//! Whoever drives a connection writes once in each turn of its task, when nothing more is to be said.
//! So the frames of a turn share a write, as those of many calls do.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// So many bytes wait for the end of a turn at most; more are written before it.
const MOST: usize = 64 * 1024;
/// So many keep their memory from turn to turn.
const KEPT: usize = 16 * 1024;

/// A connection of which `h2` has one handle, and whoever drives it the other.
pub(crate) struct Outlet<I>(Rc<RefCell<Inner<I>>>);

struct Inner<I> {
    io: I,
    waiting: Vec<u8>,
    /// Of these so many have been written.
    written: usize,
    /// Why nothing more can be.
    broken: Option<io::ErrorKind>,
}

impl<I: AsyncRead + AsyncWrite + Unpin> Outlet<I> {
    pub(crate) fn new(io: I) -> Self {
        Self(Rc::new(RefCell::new(Inner { io, waiting: Vec::new(), written: 0, broken: None })))
    }

    pub(crate) fn handle(&self) -> Self {
        Self(Rc::clone(&self.0))
    }

    /// Writes what waits; pending while the other side does not take it. An error is told to `h2`, whose
    /// task is woken for it.
    pub(crate) fn poll_turn(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.0.borrow_mut();
        if inner.waiting.is_empty() || inner.broken.is_some() {
            return Poll::Ready(());
        }
        if ready!(inner.poll_out(cx)).is_err() {
            cx.waker().wake_by_ref();
        }
        Poll::Ready(())
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> Inner<I> {
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_whole()?;
        while let Some(rest @ [_, ..]) = self.waiting.get(self.written..) {
            match ready!(Pin::new(&mut self.io).poll_write(cx, rest)) {
                Ok(written @ 1..) => self.written += written,
                Ok(0) => self.broken = Some(io::ErrorKind::WriteZero),
                Err(error) => self.broken = Some(error.kind()),
            }
            self.is_whole()?;
        }
        self.written = 0;
        self.waiting.clear();
        self.waiting.shrink_to(KEPT);
        Poll::Ready(Ok(()))
    }

    fn is_whole(&self) -> io::Result<()> {
        self.broken.map_or(Ok(()), |kind| Err(kind.into()))
    }

    fn poll_take(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.is_whole()?;
        if self.waiting.len() + bytes.len() > MOST && !self.waiting.is_empty() {
            ready!(self.poll_out(cx))?;
        }
        let taken = bytes.get(..MOST).unwrap_or(bytes);
        self.waiting.extend_from_slice(taken);
        Poll::Ready(Ok(taken.len()))
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncRead for Outlet<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.borrow_mut().io).poll_read(cx, buffer)
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Outlet<I> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().poll_take(cx, bytes)
    }

    /// It is not the end of the turn yet.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.borrow().is_whole())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.0.borrow_mut();
        ready!(inner.poll_out(cx))?;
        Pin::new(&mut inner.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// What has reached the other side, which reads only then.
    async fn arrived(other: &mut tokio::io::DuplexStream, most: usize) -> usize {
        let mut bytes = vec![0; most];
        let read = tokio::time::timeout(std::time::Duration::ZERO, other.read(&mut bytes)).await;
        read.map_or(0, Result::unwrap)
    }

    fn write(
        outlet: &mut Outlet<impl AsyncRead + AsyncWrite + Unpin>,
        bytes: &[u8],
    ) -> Poll<Option<usize>> {
        let mut cx = Context::from_waker(Waker::noop());
        let written = Pin::new(&mut *outlet).poll_write(&mut cx, bytes).map(Result::ok);
        assert!(Pin::new(outlet).poll_flush(&mut cx).is_ready());
        written
    }

    #[tokio::test]
    async fn a_turn_is_written_at_once_and_memory_is_bounded() {
        let (io, mut other) = tokio::io::duplex(3 * MOST);
        let mut outlet = Outlet::new(io);
        let driver = outlet.handle();
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..MOST / 1024 {
            assert_eq!(write(&mut outlet, &[1; 1024]), Poll::Ready(Some(1024)));
        }
        assert_eq!(arrived(&mut other, MOST).await, 0);
        // More than a turn's worth does not wait for its end.
        assert_eq!(write(&mut outlet, &[2; 1024]), Poll::Ready(Some(1024)));
        assert_eq!(arrived(&mut other, 2 * MOST).await, MOST);
        assert!(driver.poll_turn(&mut cx).is_ready());
        assert_eq!(arrived(&mut other, MOST).await, 1024);
        assert!(driver.0.borrow().waiting.capacity() <= KEPT);
        // Who does not read is waited for.
        while write(&mut outlet, &[3; 10_000]).is_ready() {}
        assert!(driver.poll_turn(&mut cx).is_pending());
        assert!(driver.0.borrow().waiting.len() <= MOST);
    }

    #[tokio::test]
    async fn a_connection_that_is_broken_says_so() {
        let (io, other) = tokio::io::duplex(1024);
        let mut outlet = Outlet::new(io);
        drop(other);
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(write(&mut outlet, b"x"), Poll::Ready(Some(1)));
        assert!(outlet.handle().poll_turn(&mut cx).is_ready());
        assert!(matches!(Pin::new(&mut outlet).poll_flush(&mut cx), Poll::Ready(Err(_))));
        assert!(matches!(Pin::new(&mut outlet).poll_write(&mut cx, b"x"), Poll::Ready(Err(_))));
    }
}
