//! What the admin port knows, and the one thing it can cause.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::observe::metrics::Facts;
use crate::shared::{Phase, Shared};
use crate::upstream::Discovery;

/// Shared by all connections to the admin port, and by the lifecycle.
#[derive(Debug)]
pub(crate) struct Admin {
    pub(super) facts: Facts,
    pub(super) shared: Arc<Shared>,
    pub(super) discovery: Discovery,
    started: AtomicBool,
    quit: Notify,
}

/// Should new calls come here?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    Starting,
    Ready,
    Draining,
}

impl Admin {
    pub(crate) fn new(facts: Facts, shared: Arc<Shared>, discovery: Discovery) -> Self {
        let started = AtomicBool::new(false);
        Self { facts, shared, discovery, started, quit: Notify::new() }
    }

    /// From now on `/ready` says so.
    pub(crate) fn started(&self) {
        self.started.store(true, Ordering::Relaxed);
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
        } else if self.started.load(Ordering::Relaxed) {
            Readiness::Ready
        } else {
            Readiness::Starting
        }
    }
}
