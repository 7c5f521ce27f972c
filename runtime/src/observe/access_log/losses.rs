//! Log lines that nobody will read.

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::notices::Notices;

/// Counts them, and tells of the first.
#[derive(Debug)]
pub(crate) struct Losses {
    lines: AtomicU64,
    notices: Notices,
}

impl Losses {
    pub(crate) const fn new(notices: Notices) -> Self {
        Self { lines: AtomicU64::new(0), notices }
    }

    pub(crate) fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    pub(in crate::observe) fn add(&self, lines: u64, why: impl Display) {
        if lines > 0 && self.lines.fetch_add(lines, Ordering::Relaxed) == 0 {
            self.notices
                .say(format_args!("access log: lines are lost, and counted from now on: {why}"));
        }
    }
}
