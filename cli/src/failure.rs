//! Why a command did not do what it was asked, and the exit code that says so.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

/// Each message is one sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// What was found has been shown already.
    Findings,
    /// The machine or the project lacks something.
    Stopped(String),
    /// The command line asks for something that cannot be.
    Usage(String),
    /// Our own mistake.
    Internal(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Findings | Self::Stopped(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::Internal(_) => ExitCode::from(70),
        }
    }

    /// `FILE cannot be written: permission denied`.
    pub(crate) fn unwritable(path: &Path, error: &impl Display) -> Self {
        Self::Stopped(format!("{} cannot be written: {error}", path.display()))
    }

    /// `FILE cannot be read: no such file`.
    pub(crate) fn unreadable(path: &Path, error: &impl Display) -> Self {
        Self::Usage(format!("{} cannot be read: {error}", path.display()))
    }
}
