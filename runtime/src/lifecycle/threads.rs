//! The workers' threads.

use std::io;
use std::thread::Builder;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::accept::{self, Setup};
use crate::proxy::Proxy;
use crate::spec::Workers;

/// Threads that carry traffic.
#[derive(Debug)]
pub(super) struct Threads {
    running: usize,
    /// One message for each that has ended.
    ended: mpsc::UnboundedReceiver<io::Result<()>>,
}

/// Tells how its thread has ended, even if it panicked.
struct LastWord {
    how: io::Result<()>,
    to: mpsc::UnboundedSender<io::Result<()>>,
}

impl LastWord {
    fn tell(mut self, how: io::Result<()>) {
        self.how = how;
    }
}

impl Drop for LastWord {
    fn drop(&mut self) {
        let how = std::mem::replace(&mut self.how, Ok(()));
        // Nobody listens any more if the process is about to exit.
        drop(self.to.send(how));
    }
}

impl Threads {
    /// # Errors
    /// If the system has no thread to give.
    pub(super) fn start<P: Proxy>(setups: Vec<Setup>) -> io::Result<Self> {
        let (sender, ended) = mpsc::unbounded_channel();
        let running = setups.len();
        for setup in setups {
            let last_word = LastWord { how: Ok(()), to: sender.clone() };
            let name = format!("amb-worker-{}", setup.index);
            Builder::new().name(name).spawn(move || last_word.tell(accept::run::<P>(setup)))?;
        }
        Ok(Self { running, ended })
    }

    /// Ends when any thread has.
    pub(super) async fn one_ended(&mut self) -> io::Result<()> {
        let how = self.ended.recv().await;
        self.running = self.running.saturating_sub(1);
        how.unwrap_or(Ok(()))
    }

    /// Waits for all threads to end, at most that long.
    pub(super) async fn join(&mut self, patience: Duration) {
        let all = async {
            while self.running > 0 {
                // It is over either way.
                drop(self.one_ended().await);
            }
        };
        // Those that have not ended by then do so with the process.
        drop(tokio::time::timeout(patience, all).await);
    }
}

/// How many workers this machine gets.
pub(super) fn count(workers: Workers) -> usize {
    match workers {
        Workers::Exactly(n) => n.max(1),
        Workers::Auto => std::thread::available_parallelism().map_or(1, usize::from),
    }
}
