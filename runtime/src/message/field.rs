//! Field lines as offsets.

use std::ops::Range;

use super::is_name;

/// A piece of a head block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Heads are bounded far below `u32::MAX`.
    pub(crate) const fn new(range: Range<usize>) -> Self {
        Self { start: range.start as u32, end: range.end as u32 }
    }

    pub(crate) const fn start(self) -> usize {
        self.start as usize
    }

    pub(crate) const fn end(self) -> usize {
        self.end as usize
    }

    pub(crate) const fn len(self) -> usize {
        self.end() - self.start()
    }

    /// The bytes it stands for; empty if it does not belong to this block.
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start()..self.end()).unwrap_or_default()
    }
}

/// One field line of a head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: Span,
    /// Without the white space around it.
    pub(crate) value: Span,
    /// From the name to the line's end, CRLF included.
    pub(crate) line: Span,
    pub(crate) known: Known,
    /// Not forwarded.
    pub(crate) dropped: bool,
}

impl Field {
    /// Names are compared without regard to case (RFC 9110 §5.1).
    pub(crate) fn is_named(&self, bytes: &[u8], name: &str) -> bool {
        self.name.len() == name.len() && is_name(self.name.of(bytes), name.as_bytes())
    }
}

/// Fields that the engine itself understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Connection,
    ContentLength,
    Date,
    Expect,
    Host,
    KeepAlive,
    ProxyAuthorization,
    ProxyConnection,
    RetryAfter,
    Te,
    Traceparent,
    TransferEncoding,
    Upgrade,
    Other,
}

/// Which of these a head has: what it has none of need not be looked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kinds(u16);

impl Kinds {
    pub(crate) const fn add(&mut self, known: Known) {
        self.0 |= 1 << known as u16;
    }

    pub(crate) const fn has(self, known: Known) -> bool {
        self.0 & (1 << known as u16) != 0
    }
}

impl Known {
    /// By length and first letter: most names are settled by these two.
    #[inline(always)]
    pub(crate) fn of(name: &[u8]) -> Self {
        let Some(first) = name.first().map(u8::to_ascii_lowercase) else { return Self::Other };
        let candidates: &[(&[u8], Self)] = match name.len() {
            2 => &[(b"te", Self::Te)],
            4 => &[(b"host", Self::Host), (b"date", Self::Date)],
            6 => &[(b"expect", Self::Expect)],
            7 => &[(b"upgrade", Self::Upgrade)],
            10 => &[(b"connection", Self::Connection), (b"keep-alive", Self::KeepAlive)],
            11 => &[(b"traceparent", Self::Traceparent), (b"retry-after", Self::RetryAfter)],
            14 => &[(b"content-length", Self::ContentLength)],
            16 => &[(b"proxy-connection", Self::ProxyConnection)],
            17 => &[(b"transfer-encoding", Self::TransferEncoding)],
            19 => &[(b"proxy-authorization", Self::ProxyAuthorization)],
            _ => &[],
        };
        candidates
            .iter()
            .find(|(it, _)| it.first() == Some(&first) && is_name(name, it))
            .map_or(Self::Other, |&(_, known)| known)
    }

    /// Meant for this connection only (RFC 9110 §7.6.1).
    pub(crate) const fn is_hop_by_hop(self) -> bool {
        matches!(
            self,
            Self::Connection
                | Self::KeepAlive
                | Self::ProxyAuthorization
                | Self::ProxyConnection
                | Self::Te
                | Self::TransferEncoding
                | Self::Upgrade
        )
    }

    /// Fields that `Connection` cannot make the proxy drop: without them the message means
    /// something else.
    pub(crate) const fn is_structural(self) -> bool {
        matches!(self, Self::Host | Self::ContentLength | Self::TransferEncoding)
    }
}
