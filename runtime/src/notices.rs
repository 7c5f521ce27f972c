//! What a proxy tells its operator: lines on standard error.

use std::fmt::Arguments;
use std::io::Write as _;

/// Writes lines that say which service's ambassador speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notices {
    service: &'static str,
}

impl Notices {
    pub(crate) const fn of(service: &'static str) -> Self {
        Self { service }
    }

    /// One line, written at once, so that lines of several threads do not mix.
    pub(crate) fn say(self, what: Arguments<'_>) {
        let line = format!("amb {}: {what}\n", self.service);
        // If standard error is closed there is nobody to tell.
        drop(std::io::stderr().write_all(line.as_bytes()));
    }
}
