//! One direction of a tunnel.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::buffer::{Block, Outgoing, poll_drain, poll_fill};
use crate::net::{Io, Pipe};
use crate::worker::{Net, Worker};

/// Bytes on their way from one side to the other.
///
/// It holds a pipe or a buffer only while there is something in it: of many tunnels most are silent.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    block: Option<Box<Block>>,
    out: Outgoing,
    pipe: Option<Pipe>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    /// There is no more to read, and the other side is still to be told.
    Ending,
    Ended,
}

/// How a flow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All that was sent has arrived, and so has its end.
    Clean,
    /// The side that it comes from is broken.
    From,
    /// The side that it goes to takes no more.
    To,
}

impl Flow {
    /// What the block holds goes first: a head, and bytes that came too early to go.
    pub(crate) fn starting_with(mut block: Box<Block>, mut out: Outgoing) -> Self {
        block.decoded = block.filled;
        out.passed = 0;
        Self { block: Some(block), out, ..Self::default() }
    }

    /// Bytes that have come through.
    pub(crate) fn passed(&self) -> u64 {
        self.out.passed
    }

    /// The other side does not take what is there.
    pub(super) fn is_held_up(&self) -> bool {
        let unsent = |block| !self.out.has_caught_up(block);
        self.pipe.as_ref().is_some_and(|pipe| pipe.held > 0)
            || self.block.as_deref().is_some_and(unsent)
    }

    /// Moves what can be moved. Ready once, and from then on, when this direction has ended.
    pub(super) fn poll<A: Io, B: Io, N: Net>(
        &mut self,
        from: &mut A,
        to: &mut B,
        worker: &Worker<N>,
        cx: &mut Context<'_>,
    ) -> Poll<End> {
        loop {
            if self.stage == Stage::Ended {
                return Poll::Ready(End::Clean);
            }
            if ready!(self.poll_write(to, cx)).is_err() {
                return Poll::Ready(End::To);
            }
            if self.stage == Stage::Ending {
                if ready!(Pin::new(&mut *to).poll_shutdown(cx)).is_err() {
                    return Poll::Ready(End::To);
                }
                self.give_back(worker);
                self.stage = Stage::Ended;
            } else if ready!(self.poll_read(from, to, worker, cx)).is_err() {
                return Poll::Ready(End::From);
            }
        }
    }

    /// The tunnel is over: the worker needs the buffer elsewhere.
    pub(super) fn give_back<N: Net>(&mut self, worker: &Worker<N>) {
        if let Some(block) = self.block.take() {
            worker.blocks.give(block);
        }
        if let Some(pipe) = self.pipe.take() {
            worker.pipes.give(pipe);
        }
    }

    fn poll_write<B: Io>(&mut self, to: &mut B, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if let Some(block) = &self.block {
            ready!(poll_drain(to, block, &mut self.out, cx))?;
        }
        while let Some(pipe) = self.pipe.as_mut().filter(|pipe| pipe.held > 0) {
            self.out.passed += ready!(to.poll_out_of(pipe, cx))? as u64;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read<A: Io, B: Io, N: Net>(
        &mut self,
        from: &mut A,
        to: &B,
        worker: &Worker<N>,
        cx: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        if from.poll_readable(cx).is_pending() {
            self.give_back(worker);
            return Poll::Pending;
        }
        let splices = from.splices() && to.splices();
        if splices && self.pipe.is_none() {
            self.pipe = worker.pipes.take();
        }
        if let Some(pipe) = &mut self.pipe {
            let moved = from.poll_into(pipe, u64::MAX, cx);
            return self.have_read(moved, worker);
        }
        let block = self.block.get_or_insert_with(|| worker.blocks.take());
        // Who fills a buffer has more to say.
        let full = block.head_end == 0 && block.filled == block.bytes.len();
        block.begin_body(0);
        block.filled = 0;
        self.out.begin_body(block);
        if full {
            worker.blocks.enlarge(block);
        }
        let read = poll_fill(from, block, cx);
        block.decoded = block.filled;
        self.have_read(read, worker)
    }

    fn have_read<N: Net>(
        &mut self,
        read: Poll<std::io::Result<usize>>,
        worker: &Worker<N>,
    ) -> Poll<std::io::Result<()>> {
        match read {
            Poll::Ready(Ok(read)) => {
                if read == 0 {
                    self.stage = Stage::Ending;
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.give_back(worker);
                Poll::Pending
            }
        }
    }
}
