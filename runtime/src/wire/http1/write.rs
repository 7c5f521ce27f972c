//! Heads to bytes: whole runs of untouched lines are copied at once.

use crate::message::{Field, Known, RequestHead, ResponseParts};

/// How our status lines begin, and how our request lines end.
const VERSION: &[u8] = b"HTTP/1.1 ";
const VERSION_END: &[u8] = b" HTTP/1.1\r\n";

/// Copies the field lines that are still wanted, and what `run` holds before them.
fn copy(bytes: &[u8], mut run: Option<(usize, usize)>, fields: &[Field], to: &mut Vec<u8>) {
    let mut flush = |run: Option<(usize, usize)>| {
        if let Some(lines) = run.and_then(|(start, end)| bytes.get(start..end)) {
            to.extend_from_slice(lines);
        }
    };
    for field in fields {
        let (start, end) = (field.line.start(), field.line.end());
        run = match run {
            _ if field.dropped => {
                flush(run);
                None
            }
            // Lines follow each other without a gap.
            Some((first, _)) => Some((first, end)),
            None => Some((start, end)),
        };
    }
    flush(run);
}

/// What a try adds to the request head.
pub(crate) struct Additions<'a> {
    /// Path without the query, if a rewrite changed it.
    pub(crate) path: Option<&'a [u8]>,
    /// Host, if a rewrite changed it or the caller named none.
    pub(crate) host: Option<&'a [u8]>,
    /// Lines of the call's filters.
    pub(crate) lines: &'a [u8],
    /// `traceparent` of this try.
    pub(crate) traceparent: Option<&'a [u8]>,
    /// From the second try on.
    pub(crate) attempt: Option<u32>,
    pub(crate) chunked: bool,
    /// Asks for another protocol; the field that names it is among the head's own.
    pub(crate) upgrade: bool,
}

/// The request head as the upstream gets it, always HTTP/1.1.
pub(crate) fn request(head: RequestHead<'_>, add: &Additions<'_>, to: &mut Vec<u8>) {
    let whole = if add.path.is_none() && add.host.is_none() { request_line(head) } else { None };
    if whole.is_none() {
        write_request_line(head, add, to);
    }
    copy(head.bytes, whole, head.fields, to);
    to.extend_from_slice(add.lines);
    if let Some(traceparent) = add.traceparent {
        line(to, b"traceparent", traceparent);
    }
    if let Some(attempt) = add.attempt {
        line(to, b"x-amb-attempt", itoa::Buffer::new().format(attempt).as_bytes());
    }
    if add.chunked {
        line(to, b"transfer-encoding", b"chunked");
    }
    if add.upgrade {
        to.extend_from_slice(Persistence::Upgrade.line());
    }
    to.extend_from_slice(b"\r\n");
}

/// Where the request line stands, if it can go out as it came in.
fn request_line(head: RequestHead<'_>) -> Option<(usize, usize)> {
    let (method, target) = (head.parts.method_name, head.parts.target);
    let end = target.end() + VERSION_END.len();
    let rest = head.bytes.get(target.end()..end)?;
    let adjacent = method.end() + 1 == target.start() && head.target().starts_with(b"/");
    (adjacent && rest == VERSION_END).then_some((method.start(), end))
}

fn write_request_line(head: RequestHead<'_>, add: &Additions<'_>, to: &mut Vec<u8>) {
    to.extend_from_slice(head.method_name());
    to.push(b' ');
    match add.path {
        Some(path) => {
            to.extend_from_slice(path);
            to.extend_from_slice(head.query());
        }
        None => {
            match head.target() {
                b"" => to.extend_from_slice(head.empty_target()),
                [b'?', ..] => to.push(b'/'),
                _ => {}
            }
            to.extend_from_slice(head.target());
        }
    }
    to.extend_from_slice(VERSION_END);
    if let Some(host) = add.host {
        line(to, b"host", host);
    }
}

/// What the engine adds to a response head.
pub(crate) struct ResponseAdditions<'a> {
    pub(crate) lines: &'a [u8],
    pub(crate) chunked: bool,
    pub(crate) connection: Persistence,
}

/// What the caller is told about its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// Stays open; nothing need be said.
    Implied,
    /// Stays open for a caller that speaks HTTP/1.0 and asked for it.
    Said,
    Close,
    /// It is another protocol's from now on.
    Upgrade,
}

impl Persistence {
    pub(crate) const fn line(self) -> &'static [u8] {
        match self {
            Self::Implied => b"",
            Self::Said => b"connection: keep-alive\r\n",
            Self::Close => b"connection: close\r\n",
            Self::Upgrade => b"connection: upgrade\r\n",
        }
    }
}

/// The response head as the caller gets it.
pub(crate) fn response(
    bytes: &[u8],
    fields: &[Field],
    parts: &ResponseParts,
    add: &ResponseAdditions<'_>,
    to: &mut Vec<u8>,
) {
    let whole = status_line(bytes, parts);
    if whole.is_none() {
        to.extend_from_slice(VERSION);
        to.extend_from_slice(parts.status_text.of(bytes));
        to.extend_from_slice(b"\r\n");
    }
    copy(bytes, whole, fields, to);
    to.extend_from_slice(add.lines);
    if add.chunked {
        line(to, b"transfer-encoding", b"chunked");
    }
    to.extend_from_slice(add.connection.line());
    to.extend_from_slice(b"\r\n");
}

/// Where the status line stands, if it can go out as it came in.
fn status_line(bytes: &[u8], parts: &ResponseParts) -> Option<(usize, usize)> {
    let start = parts.status_text.start().checked_sub(VERSION.len())?;
    let end = parts.status_text.end() + 2;
    let version = bytes.get(start..parts.status_text.start())?;
    let whole = version == VERSION && bytes.get(end - 2..end) == Some(b"\r\n");
    whole.then_some((start, end))
}

/// An interim response (RFC 9110 §15.2), without what was meant for our connection.
pub(crate) fn interim(bytes: &[u8], fields: &[Field], parts: &ResponseParts, to: &mut Vec<u8>) {
    let nothing =
        ResponseAdditions { lines: b"", chunked: false, connection: Persistence::Implied };
    response(bytes, fields, parts, &nothing, to);
}

fn line(to: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    to.extend_from_slice(name);
    to.extend_from_slice(b": ");
    to.extend_from_slice(value);
    to.extend_from_slice(b"\r\n");
}

/// `Upgrade` goes further after all: its meaning is passed on, so it is (RFC 9110 §7.8).
pub(crate) fn keep_upgrade(fields: &mut [Field]) {
    for field in fields {
        field.dropped &= field.known != Known::Upgrade;
    }
}

/// The value of a response's `retry-after`, if it has one.
pub(crate) fn retry_after<'a>(bytes: &'a [u8], fields: &[Field]) -> Option<&'a [u8]> {
    let field = fields.iter().find(|field| field.known == Known::RetryAfter)?;
    Some(field.value.of(bytes))
}
