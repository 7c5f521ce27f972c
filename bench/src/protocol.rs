//! What a proxy speaks, with callers and with the origin.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    /// Without encryption, and without asking first.
    Http2,
}

impl Protocol {
    /// Where every proxy looks for its upstream; `policies/bench.amb` says the same.
    pub(crate) fn origin(self) -> &'static str {
        match self {
            Self::Http1 => "127.0.0.1:18480",
            Self::Http2 => "127.0.0.1:18481",
        }
    }

    /// One of two texts.
    pub(crate) fn either<'a>(self, http1: &'a str, http2: &'a str) -> &'a str {
        match self {
            Self::Http1 => http1,
            Self::Http2 => http2,
        }
    }
}
