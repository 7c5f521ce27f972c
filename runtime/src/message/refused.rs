//! Heads that are none.

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("malformed head")]
    Head,
    #[error("line not ended by CRLF")]
    LineEnd,
    #[error("HTTP version not supported")]
    Version,
    #[error("more than 100 fields, 100 connection options or 64 KiB of head")]
    TooLarge,
    #[error("ambiguous body length")]
    Length,
    #[error("transfer coding not supported")]
    Coding,
    #[error("missing, repeated or malformed host")]
    Host,
    #[error("malformed request target")]
    Target,
    #[error("method not supported")]
    Method,
    #[error("malformed status")]
    Status,
}

impl Refused {
    /// Those that callers are told of.
    #[cfg(test)]
    pub(crate) const OF_REQUESTS: [Self; 9] = [
        Self::Head,
        Self::LineEnd,
        Self::Version,
        Self::TooLarge,
        Self::Length,
        Self::Coding,
        Self::Host,
        Self::Target,
        Self::Method,
    ];

    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::TooLarge => 431,
            Self::Coding | Self::Method => 501,
            Self::Version => 505,
            _ => 400,
        }
    }
}
