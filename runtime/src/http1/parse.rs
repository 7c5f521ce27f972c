//! Heads: bytes to offsets. Whatever two parsers could understand differently is refused.
//!
//! httparse finds the tokens; this module adds the rules that keep a proxy and its neighbours of
//! one mind about where a message ends and to whom it goes (RFC 9112 §3.2, §5, §6.3, §11.2).

use std::mem::MaybeUninit;

use super::body::Framing;
use super::{FIELD_LIMIT, HEAD_LIMIT, write};
use crate::message::{Field, Kinds, Known, Method, RequestParts, ResponseParts, Span, is_name};

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("malformed head")]
    Head,
    #[error("line not ended by CRLF")]
    LineEnd,
    #[error("HTTP version not supported")]
    Version,
    #[error("more than 100 fields or 64 KiB of head")]
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
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::TooLarge => 431,
            Self::Coding | Self::Method => 501,
            Self::Version => 505,
            _ => 400,
        }
    }
}

/// A complete head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Complete {
    /// The head's length, final empty line included.
    pub(crate) length: usize,
    pub(crate) framing: Framing,
}

/// Parses a request head into `parts`; `None` while it is incomplete. The host is put into lower
/// case in place.
pub(crate) fn request(
    bytes: &mut [u8],
    fields: &mut Vec<Field>,
    parts: &mut RequestParts,
) -> Result<Option<Complete>, Refused> {
    let mut slots = [const { MaybeUninit::uninit() }; FIELD_LIMIT];
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(bytes, &mut slots) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return partial(bytes),
        Err(httparse::Error::Version) => return Err(version(bytes)),
        Err(error) => return Err(refused(error)),
    };
    let at = Offsets::new(bytes);
    let method = request.method.unwrap_or_default();
    parts.method = Method::of(method.as_bytes());
    parts.method_name = at.of(method.as_bytes());
    parts.target = at.of(request.path.unwrap_or_default().as_bytes());
    parts.modern = request.version == Some(1);
    let kinds = collect(at, request.headers, length, fields);
    check_start(bytes, parts.method_name)?;
    check_lines(bytes, fields, length)?;
    let framing = length_fields(bytes, fields, kinds, parts.modern)?.unwrap_or(Framing::None);
    if parts.method == Method::Connect && framing != Framing::None {
        // What follows is the tunnel's (RFC 9110 §9.3.6).
        return Err(Refused::Length);
    }
    parts.keep_alive = connection(bytes, fields, kinds, parts.modern);
    parts.expects_continue =
        parts.modern && kinds.has(Known::Expect) && expects_continue(bytes, fields);
    parts.upgrade = parts.modern
        && kinds.has(Known::Upgrade)
        && framing == Framing::None
        && offers_upgrade(bytes, fields);
    if parts.upgrade {
        write::keep_upgrade(fields);
    }
    address(bytes, fields, parts)?;
    Ok(Some(Complete { length, framing }))
}

/// Parses a response head into `parts`; `None` while it is incomplete. `to` is the method that it
/// answers.
pub(crate) fn response(
    bytes: &[u8],
    fields: &mut Vec<Field>,
    parts: &mut ResponseParts,
    to: Method,
) -> Result<Option<Complete>, Refused> {
    let mut slots = [const { MaybeUninit::uninit() }; FIELD_LIMIT];
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let parsed = config.parse_response_with_uninit_headers(&mut response, bytes, &mut slots);
    let length = match parsed {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return partial(bytes),
        Err(error) => return Err(refused(error)),
    };
    let at = Offsets::new(bytes);
    parts.status = response.code.unwrap_or_default();
    let modern = response.version == Some(1);
    let kinds = collect(at, response.headers, length, fields);
    check_lines(bytes, fields, length)?;
    parts.status_text = status_text(bytes, fields, length)?;
    if !(100..=599).contains(&parts.status) {
        return Err(Refused::Status);
    }
    let framing = length_fields(bytes, fields, kinds, modern)?;
    let framing = response_framing(framing, parts.status, to);
    parts.keep_alive = connection(bytes, fields, kinds, modern);
    Ok(Some(Complete { length, framing }))
}

/// More bytes are needed, unless there are too many already.
fn partial(bytes: &[u8]) -> Result<Option<Complete>, Refused> {
    if bytes.len() >= HEAD_LIMIT { Err(Refused::TooLarge) } else { Ok(None) }
}

/// 505 is for a request line that is well-formed but for a version that we do not speak; anything
/// else that stands where the version should is malformed (RFC 9112 §2.3, §3).
fn version(bytes: &[u8]) -> Refused {
    let line = bytes.trim_ascii_start().split(|&byte| byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|&byte| byte == b' ').skip(2);
    match (words.next(), words.next()) {
        (Some([b'H', b'T', b'T', b'P', b'/', major, b'.', minor]), None)
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Refused::Version
        }
        _ => Refused::Head,
    }
}

fn refused(error: httparse::Error) -> Refused {
    match error {
        httparse::Error::TooManyHeaders => Refused::TooLarge,
        httparse::Error::Version => Refused::Version,
        httparse::Error::NewLine => Refused::LineEnd,
        _ => Refused::Head,
    }
}

/// Where slices lie within the bytes they were cut from.
#[derive(Clone, Copy)]
struct Offsets(usize);

impl Offsets {
    fn new(bytes: &[u8]) -> Self {
        Self(bytes.as_ptr() as usize)
    }

    fn of(self, part: &[u8]) -> Span {
        let start = (part.as_ptr() as usize).saturating_sub(self.0);
        Span::new(start..start + part.len())
    }
}

fn collect(
    at: Offsets,
    headers: &[httparse::Header<'_>],
    length: usize,
    fields: &mut Vec<Field>,
) -> Kinds {
    let mut kinds = Kinds::default();
    // A line ends where the next begins; the last before the empty line.
    let next = headers.iter().skip(1).map(|header| at.of(header.name.as_bytes()).start());
    let ends = next.chain([length.saturating_sub(2)]);
    fields.clear();
    fields.extend(headers.iter().zip(ends).map(|(header, line_end)| {
        let name = at.of(header.name.as_bytes());
        let known = Known::of(header.name.as_bytes());
        kinds.add(known);
        Field {
            name,
            value: at.of(header.value),
            line: Span::new(name.start()..line_end),
            known,
            dropped: known.is_hop_by_hop(),
        }
    }));
    kinds
}

/// Empty lines before a request are tolerated (RFC 9112 §2.2), if they are whole.
fn check_start(bytes: &[u8], method: Span) -> Result<(), Refused> {
    let before = bytes.get(..method.start()).unwrap_or_default();
    let whole = before.chunks(2).all(|line| line == b"\r\n");
    if whole { Ok(()) } else { Err(Refused::LineEnd) }
}

/// httparse lets a bare LF end a line; here it does not (RFC 9112 §2.2 allows, §11.1 warns).
fn check_lines(bytes: &[u8], fields: &[Field], length: usize) -> Result<(), Refused> {
    let ends_well = |end: usize| bytes.get(end.wrapping_sub(2)..end) == Some(b"\r\n".as_slice());
    let first = fields.first().map_or(length - 2.min(length), |field| field.line.start());
    let lines = fields.iter().all(|field| ends_well(field.line.end()));
    if lines && ends_well(first) && ends_well(length) { Ok(()) } else { Err(Refused::LineEnd) }
}

/// `Transfer-Encoding` and `Content-Length`, as RFC 9112 §6.3 would have them, and no mercy.
pub(crate) fn length_fields(
    bytes: &[u8],
    fields: &mut [Field],
    kinds: Kinds,
    modern: bool,
) -> Result<Option<Framing>, Refused> {
    if !kinds.has(Known::TransferEncoding) && !kinds.has(Known::ContentLength) {
        return Ok(None);
    }
    let mut chunked = None;
    let mut length: Option<u64> = None;
    for field in fields {
        let value = field.value.of(bytes);
        match field.known {
            Known::TransferEncoding if chunked.is_some() => return Err(Refused::Length),
            Known::TransferEncoding => chunked = Some(coding(value)?),
            Known::ContentLength => {
                let declared = decimal(value).ok_or(Refused::Length)?;
                if length.is_some_and(|length| length != declared) {
                    return Err(Refused::Length);
                }
                field.dropped = length.is_some();
                length = Some(declared);
            }
            _ => {}
        }
    }
    match (chunked, length) {
        (Some(_), Some(_)) => Err(Refused::Length),
        (Some(_), None) if !modern => Err(Refused::Length),
        (Some(framing), None) => Ok(Some(framing)),
        (None, Some(length)) => Ok(Some(Framing::Length(length))),
        (None, None) => Ok(None),
    }
}

/// Only `chunked` alone; other codings before it are not implemented, after it not allowed.
fn coding(value: &[u8]) -> Result<Framing, Refused> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(Framing::Chunked);
    }
    let last = value.rsplit(|&byte| byte == b',').next().unwrap_or_default();
    let known = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
    Err(if known { Refused::Coding } else { Refused::Length })
}

/// Digits only: no sign, no comma, no white space inside.
fn decimal(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.len() <= 18 && value.iter().all(u8::is_ascii_digit);
    digits.then(|| value.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

/// Some responses have no body whatever their fields say (RFC 9112 §6.3).
fn response_framing(declared: Option<Framing>, status: u16, to: Method) -> Framing {
    let bodiless = to == Method::Head || matches!(status, 100..=199 | 204 | 304);
    if bodiless { Framing::None } else { declared.unwrap_or(Framing::Close) }
}

/// Reads `Connection`: marks the fields that go no further, and says whether it stays open: `close`
/// wins over `keep-alive` (RFC 9110 §7.6.1, RFC 9112 §9.3).
fn connection(bytes: &[u8], fields: &mut [Field], kinds: Kinds, modern: bool) -> bool {
    let (mut keep, mut close) = (modern, false);
    if !kinds.has(Known::Connection) {
        return keep;
    }
    for index in 0..fields.len() {
        let Some(field) = fields.get(index) else { continue };
        if field.known != Known::Connection {
            continue;
        }
        for option in field.value.of(bytes).split(|&byte| byte == b',') {
            match option.trim_ascii() {
                option if is_name(option, b"close") => close = true,
                option if is_name(option, b"keep-alive") => keep = true,
                name => drop_named(bytes, fields, name),
            }
        }
    }
    keep && !close
}

/// Is there an `Upgrade` that is meant? Not to HTTP/2: what goes through a tunnel is beyond the
/// policy's reach, and nobody needs that way any more (RFC 9113 §3.1).
fn offers_upgrade(bytes: &[u8], fields: &[Field]) -> bool {
    let is_http2 =
        |name: &[u8]| name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"h2c"));
    fields.iter().any(|field| field.known == Known::Upgrade)
        && has_option(bytes, fields, Known::Connection, |name| {
            name.eq_ignore_ascii_case(b"upgrade")
        })
        && !has_option(bytes, fields, Known::Upgrade, is_http2)
}

/// Does any entry of a comma-separated field pass the test?
fn has_option(bytes: &[u8], fields: &[Field], known: Known, test: impl Fn(&[u8]) -> bool) -> bool {
    let lines = fields.iter().filter(|field| field.known == known);
    let mut entries = lines.flat_map(|line| line.value.of(bytes).split(|&byte| byte == b','));
    entries.any(|entry| test(entry.trim_ascii()))
}

fn drop_named(bytes: &[u8], fields: &mut [Field], name: &[u8]) {
    for field in fields {
        if !field.known.is_structural() && field.name.of(bytes).eq_ignore_ascii_case(name) {
            field.dropped = true;
        }
    }
}

pub(crate) fn expects_continue(bytes: &[u8], fields: &[Field]) -> bool {
    fields.iter().any(|field| {
        field.known == Known::Expect && field.value.of(bytes).eq_ignore_ascii_case(b"100-continue")
    })
}

/// Whom the request is for: target form, `Host`, and that they agree (RFC 9112 §3.2).
pub(crate) fn address(
    bytes: &mut [u8],
    fields: &[Field],
    parts: &mut RequestParts,
) -> Result<(), Refused> {
    let mut hosts = fields.iter().filter(|field| field.known == Known::Host);
    let host = hosts.next().map(|field| field.value);
    if hosts.next().is_some() || (host.is_none() && parts.modern) {
        return Err(Refused::Host);
    }
    parts.has_host = host.is_some();
    let named = origin_form(bytes, parts)?;
    if let (Some(named), Some(host)) = (named, host)
        && !named.of(bytes).eq_ignore_ascii_case(host.of(bytes))
    {
        return Err(Refused::Host);
    }
    (parts.host, parts.port) = match named.or(host) {
        Some(authority) => split_authority(bytes, authority)?,
        None => (Span::default(), None),
    };
    if parts.method == Method::Connect && (parts.host.len() == 0 || parts.port.is_none()) {
        return Err(Refused::Target);
    }
    if let Some(host) = bytes.get_mut(parts.host.start()..parts.host.end()) {
        host.make_ascii_lowercase();
    }
    Ok(())
}

/// Reduces the target to origin form; returns the authority of an absolute one, or of `CONNECT`,
/// which has nothing else.
fn origin_form(bytes: &[u8], parts: &mut RequestParts) -> Result<Option<Span>, Refused> {
    let target = parts.target.of(bytes);
    if parts.method == Method::Connect {
        let authority = parts.target;
        parts.path = Span::new(parts.target.end()..parts.target.end());
        return Ok(Some(authority));
    }
    if target.contains(&b'#') {
        return Err(Refused::Target);
    }
    let mut authority = None;
    let asterisk = target == b"*" && parts.method == Method::Options;
    if !target.starts_with(b"/") && !asterisk {
        let scheme = target.get(..7).ok_or(Refused::Target)?;
        if !scheme.eq_ignore_ascii_case(b"http://") {
            return Err(Refused::Target);
        }
        let rest = target.get(7..).unwrap_or_default();
        let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
        let start = parts.target.start() + 7;
        authority = Some(Span::new(start..start + end));
        parts.target = Span::new(start + end..parts.target.end());
    }
    let target = parts.target.of(bytes);
    let path = memchr::memchr(b'?', target).unwrap_or(target.len());
    parts.path = Span::new(parts.target.start()..parts.target.start() + path);
    Ok(authority)
}

/// `name[:port]`, without the dot that makes a name absolute.
fn split_authority(bytes: &[u8], authority: Span) -> Result<(Span, Option<u16>), Refused> {
    let text = authority.of(bytes);
    let literal = text.starts_with(b"[");
    let name = if literal {
        memchr::memchr(b']', text).ok_or(Refused::Host)? + 1
    } else {
        memchr::memchr(b':', text).unwrap_or(text.len())
    };
    let (name, rest) = text.split_at_checked(name).ok_or(Refused::Host)?;
    let port = match rest {
        [] | [b':'] => None,
        [b':', digits @ ..] => Some(port(digits).ok_or(Refused::Host)?),
        _ => return Err(Refused::Host),
    };
    let valid = if literal {
        name.iter().all(|&b| is_literal_byte(b))
    } else {
        name.iter().all(|&b| is_name_byte(b))
    };
    if !valid || name.starts_with(b".") || (name.is_empty() && !rest.is_empty()) {
        return Err(Refused::Host);
    }
    let name = name.strip_suffix(b".").unwrap_or(name);
    Ok((Span::new(authority.start()..authority.start() + name.len()), port))
}

fn port(digits: &[u8]) -> Option<u16> {
    decimal(digits).and_then(|port| u16::try_from(port).ok())
}

/// `reg-name` of RFC 3986 §3.2.2, without percent-encoding: no host that we could mean has any.
const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b';'
                | b'='
        )
}

const fn is_literal_byte(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b'[' | b']' | b':' | b'.')
}

/// From the status code to the end of the status line.
fn status_text(bytes: &[u8], fields: &[Field], length: usize) -> Result<Span, Refused> {
    let end = fields.first().map_or(length - 2.min(length), |field| field.line.start());
    let line = bytes.get(..end.saturating_sub(2)).ok_or(Refused::Head)?;
    let skipped = line.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let version = b"HTTP/1.1 ".len();
    Ok(Span::new(skipped + version..line.len()))
}
