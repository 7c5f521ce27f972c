//! What HTTP/2 callers are cut off for.

/// Frames that came too often, or took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flood {
    /// `PING`.
    Ping,
    /// `SETTINGS`.
    Settings,
    /// Streams that end before their time, by the caller's doing: rapid reset (CVE-2023-44487, CVE-2025-8671).
    Reset,
    /// `WINDOW_UPDATE`, for windows that are kept tiny.
    WindowUpdate,
    /// `CONTINUATION` (CVE-2024-27316).
    Continuation,
    /// `DATA` without data.
    EmptyData,
    /// `PRIORITY`, and frames that nobody knows.
    Other,
    /// A head that does not end.
    SlowHead,
    /// What `h2` has a bound of its own for: heads in too many pieces, and `DATA` without data.
    Streams,
}

impl Flood {
    pub(crate) const ALL: [Self; 9] = [
        Self::Ping,
        Self::Settings,
        Self::Reset,
        Self::WindowUpdate,
        Self::Continuation,
        Self::EmptyData,
        Self::Other,
        Self::SlowHead,
        Self::Streams,
    ];

    /// The label in metrics.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Settings => "settings",
            Self::Reset => "reset",
            Self::WindowUpdate => "window-update",
            Self::Continuation => "continuation",
            Self::EmptyData => "empty-data",
            Self::Other => "other",
            Self::SlowHead => "slow-head",
            Self::Streams => "streams",
        }
    }
}
