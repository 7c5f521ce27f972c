//! Exit codes (sysexits.h).

use std::process::ExitCode;

/// Why a proxy ends before its time; the sentence stands on standard error already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// An unknown flag.
    Usage = 64,
    /// A port is taken, or a name does not resolve (`--check`).
    Unavailable = 69,
    /// A fault of ours.
    Internal = 70,
    /// The system refuses something: threads, sockets, permissions.
    Os = 71,
    /// The system grants less than the policy needs.
    NoPermission = 77,
    /// The policy cannot be carried out on this machine.
    Configuration = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
