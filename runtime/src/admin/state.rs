//! What the admin port knows, and the one thing it can cause.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

use crate::discover::Discovery;
use crate::observe::metrics::Facts;
use crate::worker::{Phase, Shared};

/// Shared by all connections to the admin port, and by the lifecycle.
#[derive(Debug)]
pub(crate) struct Admin {
    pub(super) facts: Facts,
    pub(super) shared: Arc<Shared>,
    pub(super) discovery: Discovery,
    step: AtomicU8,
    quit: Notify,
}

/// How far the start has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Waits for the first answers of the name servers.
    Names,
    /// Installs and tries the rules of `intercept`.
    Redirect,
    Ready,
}

/// Should new calls come here?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    Starting(&'static str),
    Ready,
    Draining,
}

impl Admin {
    pub(crate) fn new(facts: Facts, shared: Arc<Shared>, discovery: Discovery) -> Self {
        let step = AtomicU8::new(Step::Names as u8);
        Self { facts, shared, discovery, step, quit: Notify::new() }
    }

    /// From now on `/ready` says so.
    pub(crate) fn reached(&self, step: Step) {
        self.step.store(step as u8, Ordering::Relaxed);
    }

    /// Ends when somebody has asked for the end, before or after this call.
    pub(crate) async fn quit_asked(&self) {
        self.quit.notified().await;
    }

    pub(super) fn ask_to_quit(&self) {
        self.quit.notify_one();
    }

    pub(super) fn readiness(&self) -> Readiness {
        if *self.shared.phase.borrow() != Phase::Serving {
            Readiness::Draining
        } else {
            match self.step.load(Ordering::Relaxed) {
                step if step == Step::Names as u8 => Readiness::Starting("starting: names\n"),
                step if step == Step::Redirect as u8 => Readiness::Starting("starting: redirect\n"),
                _ => Readiness::Ready,
            }
        }
    }
}
