//! The thread that writes log lines, so that a slow reader of ours stalls no call.

use std::io::{self, Write, stdout};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::{BUFFERS, Losses};
use crate::notices::was_closed;

/// The thread's end of the channel lives in the thread.
#[derive(Debug)]
pub(crate) struct Writer;

/// A worker's way to the writer.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    full: SyncSender<Full>,
    losses: Arc<Losses>,
}

/// The writer's end.
#[derive(Debug)]
pub(crate) struct Lines(Receiver<Full>);

/// Lines, and where the buffer goes when they are written.
#[derive(Debug)]
struct Full {
    lines: Vec<u8>,
    home: SyncSender<Vec<u8>>,
}

impl Writer {
    /// Writes to standard output until all senders are gone.
    ///
    /// # Errors
    /// If the system has no thread to give.
    pub(crate) fn start(
        workers: usize,
        losses: Arc<Losses>,
    ) -> io::Result<(Sender, JoinHandle<()>)> {
        Self::start_with(workers, losses, Stdout { open: !was_closed(stdout()) })
    }

    pub(crate) fn start_with(
        workers: usize,
        losses: Arc<Losses>,
        output: impl Write + Send + 'static,
    ) -> io::Result<(Sender, JoinHandle<()>)> {
        let (sender, receiver) = channel(workers, Arc::clone(&losses));
        let thread = Builder::new().name("amb-log".to_owned());
        let thread = thread.spawn(move || write(&receiver.0, output, &losses))?;
        Ok((sender, thread))
    }
}

impl Sender {
    /// Hands lines over, or gives them back.
    pub(super) fn send(&self, lines: Vec<u8>, home: &SyncSender<Vec<u8>>) -> Result<(), Vec<u8>> {
        let full = Full { lines, home: home.clone() };
        self.full.try_send(full).map_err(|error| match error {
            TrySendError::Full(full) | TrySendError::Disconnected(full) => full.lines,
        })
    }

    /// A line had no room.
    pub(super) fn lost(&self) {
        self.losses.add(1, "standard output is read too slowly");
    }
}

/// Room for all buffers there are: handing one over never waits.
pub(crate) fn channel(workers: usize, losses: Arc<Losses>) -> (Sender, Lines) {
    let (full, receiver) = sync_channel(workers * BUFFERS);
    (Sender { full, losses }, Lines(receiver))
}

fn write(full: &Receiver<Full>, mut output: impl Write, losses: &Losses) {
    // The rest of a line whose beginning is out: nothing goes before it.
    let mut rest = Vec::new();
    while let Ok(Full { mut lines, home }) = full.recv() {
        let (written, error) = write_most(&mut output, &rest);
        rest.drain(..written);
        let (written, error) = match error {
            None => write_most(&mut output, &lines),
            error => (0, error),
        };
        if let Some(error) = error {
            let (begun, lost) = split(&lines, written);
            rest.extend_from_slice(begun);
            losses.add(count(lost), error);
        }
        lines.clear();
        // Its worker may have ended.
        drop(home.try_send(lines));
    }
    if let (_, Some(error)) = write_most(&mut output, &rest) {
        losses.add(count(&rest), error);
    }
}

/// How much could be written, and why not all of it.
fn write_most(output: &mut impl Write, bytes: &[u8]) -> (usize, Option<io::Error>) {
    let mut written = 0;
    while let Some(left) = bytes.get(written..).filter(|left| !left.is_empty()) {
        match output.write(left) {
            Ok(0) => return (written, Some(io::ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Some(error)),
        }
    }
    (written, None)
}

/// What is left of a line that is partly written, and the lines behind it.
fn split(lines: &[u8], written: usize) -> (&[u8], &[u8]) {
    let (out, left) = lines.split_at_checked(written).unwrap_or((lines, &[]));
    let begun = !out.is_empty() && !out.ends_with(b"\n");
    let end = memchr::memchr(b'\n', left).filter(|_| begun).map_or(0, |end| end + 1);
    left.split_at_checked(end).unwrap_or((left, &[]))
}

fn count(lines: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', lines).count() as u64
}

/// Standard output as it is. The standard library's would take a closed one for one that is written to.
struct Stdout {
    /// It was, when the process started.
    open: bool,
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.open {
            return Err(Errno::BADF.into());
        }
        loop {
            match rustix::io::write(stdout(), bytes) {
                // Whoever opened it does not want to wait. This thread does.
                Err(Errno::AGAIN) => {
                    let stdout = stdout();
                    poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None)?;
                }
                written => return Ok(written?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
