//! What filters see of a head.

use super::{Field, Known, Method, Span};

/// A request head: a view that copies nothing.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) fields: &'a [Field],
    pub(crate) parts: &'a RequestParts,
}

/// Offsets and facts of a parsed request head.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RequestParts {
    pub(crate) method: Method,
    pub(crate) method_name: Span,
    /// Path and query in origin form.
    pub(crate) target: Span,
    /// Without the query.
    pub(crate) path: Span,
    /// The name dialled, lower case, without port and trailing dot.
    pub(crate) host: Span,
    /// The port dialled, if one was written.
    pub(crate) port: Option<u16>,
    /// HTTP/1.1 rather than 1.0.
    pub(crate) modern: bool,
    /// A `Host` that goes on.
    pub(crate) has_host: bool,
    /// What an absolute target names in its place; else empty.
    pub(crate) authority: Span,
    pub(crate) keep_alive: bool,
    pub(crate) expects_continue: bool,
    /// The caller offers to go on in another protocol.
    pub(crate) upgrade: bool,
}

/// Offsets and facts of a parsed response head.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ResponseParts {
    pub(crate) status: u16,
    /// Status code and reason phrase, as they stand in the status line.
    pub(crate) status_text: Span,
    pub(crate) keep_alive: bool,
}

/// The segments of a path, between its slashes.
pub struct Segments<'a> {
    list: [&'a [u8]; MOST_SEGMENTS],
    len: usize,
}

/// Longer paths are cut here. The checker keeps patterns shorter, so that a cut path matches only
/// what ends in `**`.
const MOST_SEGMENTS: usize = 32;

impl<'a> RequestHead<'a> {
    pub fn method(&self) -> Method {
        self.parts.method
    }

    /// The method's token.
    pub fn method_name(&self) -> &'a [u8] {
        self.parts.method_name.of(self.bytes)
    }

    /// The name dialled: lower case, without port. Empty if the caller named none.
    pub fn host(&self) -> &'a [u8] {
        self.parts.host.of(self.bytes)
    }

    /// The path of the request target, without the query.
    pub fn path(&self) -> &'a [u8] {
        self.parts.path.of(self.bytes)
    }

    /// Path and query, in origin form.
    pub fn target(&self) -> &'a [u8] {
        self.parts.target.of(self.bytes)
    }

    /// What stands for a target that is a host alone (RFC 9112 §3.2.4).
    pub(crate) fn empty_target(&self) -> &'static [u8] {
        if self.parts.method == Method::Options { b"*" } else { b"/" }
    }

    /// The query with its question mark; empty if there is none.
    pub fn query(&self) -> &'a [u8] {
        self.target().get(self.parts.path.len()..).unwrap_or_default()
    }

    pub fn segments(&self) -> Segments<'a> {
        Segments::of(self.path())
    }

    /// The value of the first field line of that name (lower case).
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.lines(name).next()
    }

    /// Is there a field line of that name (lower case)?
    pub fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// Has any field line of that name (lower case) exactly this value?
    pub fn is(&self, name: &str, value: &[u8]) -> bool {
        self.lines(name).any(|line| line == value)
    }

    pub(crate) fn known(&self, known: Known) -> Option<&'a [u8]> {
        let field = self.fields.iter().find(|field| field.known == known)?;
        Some(field.value.of(self.bytes))
    }

    fn lines(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let bytes = self.bytes;
        let named = move |field: &&Field| field.is_named(bytes, name);
        self.fields.iter().filter(named).map(move |field| field.value.of(bytes))
    }
}

impl<'a> Segments<'a> {
    fn of(path: &'a [u8]) -> Self {
        let mut segments = Self { list: [&[]; MOST_SEGMENTS], len: 0 };
        let parts = path.strip_prefix(b"/").unwrap_or(path).split(|&byte| byte == b'/');
        for (slot, part) in segments.list.iter_mut().zip(parts) {
            *slot = part;
            segments.len += 1;
        }
        segments
    }

    pub fn as_slice(&self) -> &[&'a [u8]] {
        self.list.get(..self.len).unwrap_or_default()
    }
}
