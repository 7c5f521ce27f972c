//! Pipes: bytes of tunnels and large bodies go from one socket to the other within the kernel
//! (splice(2)), uncopied.
//!
//! For a long stream that is less than half of the work. A pipe belongs to a direction only while
//! there is something in it; where the system gives no more of them, bytes are copied.

use std::cell::RefCell;

use rustix::fd::OwnedFd;
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

/// What a pipe is asked to hold. The system may leave it at less (pipe(7)).
pub(crate) const PIPE_SIZE: usize = 256 * 1024;
/// Pipes kept for reuse, per worker.
const KEPT: usize = 16;

/// A pipe, and how many bytes are in it.
#[derive(Debug)]
pub struct Pipe {
    pub(crate) out: OwnedFd,
    pub(crate) into: OwnedFd,
    pub(crate) held: usize,
}

/// One worker's unused pipes, all of them empty.
#[derive(Debug, Default)]
pub(crate) struct Pipes(RefCell<Vec<Pipe>>);

impl Pipes {
    /// None if the system has none to give.
    pub(crate) fn take(&self) -> Option<Pipe> {
        self.0.borrow_mut().pop().or_else(|| {
            let (out, into) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
            // A small one will do, more often.
            let _size = fcntl_setpipe_size(&into, PIPE_SIZE);
            Some(Pipe { out, into, held: 0 })
        })
    }

    /// One with bytes in it is closed: they are nobody else's.
    pub(crate) fn give(&self, pipe: Pipe) {
        let mut kept = self.0.borrow_mut();
        if pipe.held == 0 && kept.len() < KEPT {
            kept.push(pipe);
        }
    }
}
