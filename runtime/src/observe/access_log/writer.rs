//! The thread that writes log lines, so that a slow reader of ours stalls no call.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};

use super::BUFFERS;

/// The thread's end of the channel lives in the thread.
#[derive(Debug)]
pub(crate) struct Writer;

/// A worker's way to the writer.
#[derive(Clone, Debug)]
pub(crate) struct Sender(SyncSender<Full>);

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
    pub(crate) fn start(workers: usize) -> io::Result<(Sender, JoinHandle<()>)> {
        Self::start_with(workers, io::stdout())
    }

    pub(crate) fn start_with(
        workers: usize,
        output: impl Write + Send + 'static,
    ) -> io::Result<(Sender, JoinHandle<()>)> {
        let (sender, receiver) = channel(workers);
        let thread = Builder::new().name("amb-log".to_owned());
        let thread = thread.spawn(move || write(&receiver.0, output))?;
        Ok((sender, thread))
    }
}

impl Sender {
    /// Hands lines over, or gives them back.
    pub(super) fn send(&self, lines: Vec<u8>, home: &SyncSender<Vec<u8>>) -> Result<(), Vec<u8>> {
        let full = Full { lines, home: home.clone() };
        self.0.try_send(full).map_err(|error| match error {
            TrySendError::Full(full) | TrySendError::Disconnected(full) => full.lines,
        })
    }
}

/// Room for all buffers there are: handing one over never waits.
pub(crate) fn channel(workers: usize) -> (Sender, Lines) {
    let (sender, receiver) = sync_channel(workers * BUFFERS);
    (Sender(sender), Lines(receiver))
}

fn write(full: &Receiver<Full>, mut output: impl Write) {
    while let Ok(Full { mut lines, home }) = full.recv() {
        // If nobody reads our output there is nobody to tell.
        drop(output.write_all(&lines).and_then(|()| output.flush()));
        lines.clear();
        // Its worker may have ended.
        drop(home.try_send(lines));
    }
}
