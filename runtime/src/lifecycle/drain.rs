//! The end of a proxy that applications still need for a while.
//!
//! When a pod stops, all its containers are told at once; the application may still have calls to
//! make. So a proxy that is asked to stop says "not ready", goes on accepting, and closes when
//! nobody has been connected for a moment.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::worker::Shared;

/// Nobody has been connected for that long: nobody will be.
const QUIET: Duration = Duration::from_millis(250);

/// The longest time that callers are waited for. Kubernetes kills after 30 s by default.
const PATIENCE: Duration = Duration::from_secs(25);

/// How long calls in flight may take to end once no more are accepted.
pub(super) const CLOSING: Duration = Duration::from_secs(5);

/// How often the connections are looked at while draining.
const LOOK: Duration = Duration::from_millis(25);

/// SIGTERM, SIGINT and SIGHUP.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// None if whoever started us has it ignored, as `nohup` does.
    hang_up: Option<Signal>,
}

impl Signals {
    /// From now on none of them ends the process by itself.
    ///
    /// # Errors
    /// If the system refuses a handler.
    pub(super) fn install() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: if hang_up_is_ignored() { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    /// The next signal's name.
    pub(super) async fn next(&mut self) -> &'static str {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = hang_up => "SIGHUP",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// From now on SIGXFSZ does not end the process: where standard output or error is a file that may grow no
/// more, the write fails like any other (setrlimit(2), RLIMIT_FSIZE).
///
/// # Errors
/// If the system refuses a handler.
pub(super) fn survive_full_files() -> std::io::Result<()> {
    // The handler stays when nobody listens any more.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

/// A mask of signals, in hexadecimal: SIGHUP is the first (proc(5)).
fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|it| it & 1 == 1)
}

/// Ends when no caller has been connected for a while, or has been waited for long enough.
pub(super) async fn callers(shared: &Shared) {
    let end = Instant::now() + PATIENCE;
    let mut seen = connected(shared);
    let mut quiet_since = Instant::now();
    while Instant::now() < end {
        tokio::time::sleep(LOOK).await;

        let total = connected(shared);
        // A connection may have come and gone between two looks.
        if open(shared) > 0 || total != seen {
            seen = total;
            quiet_since = Instant::now();
        } else if quiet_since.elapsed() >= QUIET {
            return;
        }
    }
}

/// Connections of callers that are open.
pub(super) fn open(shared: &Shared) -> usize {
    shared.connections.load(Ordering::Relaxed)
}

/// Callers that have connected so far.
fn connected(shared: &Shared) -> u64 {
    shared.recorders.iter().map(|recorder| recorder.connections()).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::{PATIENCE, QUIET, callers};
    use crate::testing::sample;

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_a_moment_only() {
        let (_phase, shared) = sample::shared();
        let start = Instant::now();
        callers(&shared).await;
        assert!((QUIET..QUIET * 2).contains(&start.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_stays_is_waited_for_until_patience_ends() {
        let (_phase, shared) = sample::shared();
        shared.connections.store(1, Ordering::Relaxed);
        let start = Instant::now();
        callers(&shared).await;
        assert!((PATIENCE..PATIENCE + QUIET).contains(&start.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn callers_that_come_and_go_between_two_looks_are_seen() {
        let (_phase, shared) = sample::shared();
        let start = Instant::now();
        let busy = async {
            for _ in 0..10 {
                sleep(Duration::from_millis(200)).await;
                shared.recorders[0].connection();
            }
        };
        tokio::join!(callers(&shared), busy);
        assert!(start.elapsed() > Duration::from_secs(2));
    }
}
