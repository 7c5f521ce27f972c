//! Heads: bytes to offsets. Whatever two parsers could understand differently is refused.
//!
//! `lines` finds the tokens; this module adds the rules that keep a proxy and its neighbours of
//! one mind about where a message ends and to whom it goes (RFC 9112 §3.2, §6.3, §11.2).

use super::literal::is_plain_literal;
use super::write;
use crate::buffer::Framing;
use crate::message::lines::{Line, Lines, close_up};
use crate::message::{
    FIELD_LIMIT, Field, HEAD_LIMIT, Kinds, Known, Method, Refused, RequestParts, ResponseParts,
    Span, is_name,
};

/// The port of a URL that names none.
const HTTP_PORT: u16 = 80;
/// `Connection` may have this many options.
const OPTION_LIMIT: usize = FIELD_LIMIT;

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
    let mut lines = Lines::new(bytes);
    let Some(line) = lines.request_line()? else { return partial(bytes) };
    parts.method = Method::of(line.method.of(bytes));
    parts.method_name = line.method;
    parts.target = line.target;
    parts.modern = line.modern;
    let Some(kinds) = collect(&mut lines, bytes, fields)? else { return partial(bytes) };
    let length = lines.at();
    let framing = length_fields(bytes, fields, kinds, parts.modern)?.unwrap_or(Framing::None);
    if parts.method == Method::Connect && framing != Framing::None {
        // What follows is the tunnel's (RFC 9110 §9.3.6).
        return Err(Refused::Length);
    }
    parts.keep_alive = connection(bytes, fields, kinds, parts.modern)?;
    parts.expects_continue =
        parts.modern && kinds.has(Known::Expect) && expects_continue(bytes, fields);
    parts.upgrade = parts.modern
        && kinds.has(Known::Upgrade)
        && matches!(framing, Framing::None | Framing::Length(0))
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
    bytes: &mut [u8],
    fields: &mut Vec<Field>,
    parts: &mut ResponseParts,
    to: Method,
) -> Result<Option<Complete>, Refused> {
    match strict_response(bytes, fields, parts, to) {
        Err(Refused::Head) => match close_up(bytes, true) {
            Some(readable) => {
                strict_response(bytes.get(..readable).unwrap_or_default(), fields, parts, to)
            }
            None => Err(Refused::Head),
        },
        read => read,
    }
}

fn strict_response(
    bytes: &[u8],
    fields: &mut Vec<Field>,
    parts: &mut ResponseParts,
    to: Method,
) -> Result<Option<Complete>, Refused> {
    let mut lines = Lines::new(bytes);
    let Some(line) = lines.status_line()? else { return partial(bytes) };
    parts.status = line.status;
    parts.status_text = line.text;
    let modern = line.modern;
    let Some(kinds) = collect(&mut lines, bytes, fields)? else { return partial(bytes) };
    if !(100..=599).contains(&parts.status) {
        return Err(Refused::Status);
    }
    let framing = length_fields(bytes, fields, kinds, modern)?;
    let framing = response_framing(framing, parts.status, to);
    if matches!(parts.status, 100..=199 | 204) && kinds.has(Known::ContentLength) {
        // It has no body, and may not speak of its length (RFC 9110 §8.6).
        drop_known(fields, Known::ContentLength);
    }
    parts.keep_alive = connection(bytes, fields, kinds, modern)?;
    Ok(Some(Complete { length: lines.at(), framing }))
}

/// The method of a request that was refused, as far as its answer's body depends on it.
pub(crate) fn refused_method(bytes: &[u8]) -> Method {
    let line = bytes.trim_ascii_start();
    if line.starts_with(b"HEAD ") { Method::Head } else { Method::Get }
}

/// More bytes are needed, unless there are too many already.
fn partial(bytes: &[u8]) -> Result<Option<Complete>, Refused> {
    if bytes.len() >= HEAD_LIMIT { Err(Refused::TooLarge) } else { Ok(None) }
}

/// The field lines, and which kinds there are; `None` while some are missing.
fn collect(
    lines: &mut Lines<'_>,
    bytes: &[u8],
    fields: &mut Vec<Field>,
) -> Result<Option<Kinds>, Refused> {
    let mut kinds = Kinds::default();
    fields.clear();
    while let Some(line) = lines.line()? {
        let Line::Field { name, value } = line else {
            let bounded = lines.at() <= HEAD_LIMIT;
            return if bounded { Ok(Some(kinds)) } else { Err(Refused::TooLarge) };
        };
        if fields.len() == FIELD_LIMIT {
            return Err(Refused::TooLarge);
        }
        let known = Known::of(name.of(bytes));
        kinds.add(known);
        let line = Span::new(name.start()..lines.at());
        fields.push(Field { name, value, line, known, dropped: known.is_hop_by_hop() });
    }
    Ok(None)
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

pub(crate) fn drop_known(fields: &mut [Field], known: Known) {
    for field in fields {
        field.dropped |= field.known == known;
    }
}

/// Reads `Connection`: marks the fields that go no further, and says whether it stays open: `close`
/// wins over `keep-alive` (RFC 9110 §7.6.1, RFC 9112 §9.3).
fn connection(
    bytes: &[u8],
    fields: &mut [Field],
    kinds: Kinds,
    modern: bool,
) -> Result<bool, Refused> {
    let (mut keep, mut close) = (modern, false);
    if !kinds.has(Known::Connection) {
        return Ok(keep);
    }
    let mut options = 0;
    for index in 0..fields.len() {
        let Some(field) = fields.get(index) else { continue };
        if field.known != Known::Connection {
            continue;
        }
        for option in field.value.of(bytes).split(|&byte| byte == b',') {
            match option.trim_ascii() {
                option if is_name(option, b"close") => close = true,
                option if is_name(option, b"keep-alive") => keep = true,
                b"" => {}
                _ if options == OPTION_LIMIT => return Err(Refused::TooLarge),
                name => {
                    options += 1;
                    drop_named(bytes, fields, name);
                }
            }
        }
    }
    Ok(keep && !close)
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
fn has_option(
    bytes: &[u8],
    fields: &[Field],
    known: Known,
    mut test: impl FnMut(&[u8]) -> bool,
) -> bool {
    let lines = fields.iter().filter(|field| field.known == known);
    let mut entries = lines.flat_map(|line| line.value.of(bytes).split(|&byte| byte == b','));
    entries.any(|entry| test(entry.trim_ascii()))
}

/// Does the answer name protocols, all of which were offered (RFC 9110 §7.8)? Their versions are for those who
/// speak them.
pub(crate) fn is_offered(answer: (&[u8], &[Field]), offer: (&[u8], &[Field])) -> bool {
    let name =
        |entry: &[u8]| entry.split(|&byte| byte == b'/').next().map(<[u8]>::to_ascii_lowercase);
    let (mut named, mut foreign) = (false, false);
    has_option(answer.0, answer.1, Known::Upgrade, |taken| {
        if taken.is_empty() {
            return false;
        }
        named = true;
        let same = |offered: &[u8]| name(offered) == name(taken);
        foreign |= !has_option(offer.0, offer.1, Known::Upgrade, same);
        foreign
    });
    named && !foreign
}

fn drop_named(bytes: &[u8], fields: &mut [Field], name: &[u8]) {
    for field in fields {
        let ours = field.known.is_hop_by_hop() || field.known.is_structural();
        if !ours && field.name.of(bytes).eq_ignore_ascii_case(name) {
            // It is no part of the message: nobody shall count on it who does not get it.
            *field = Field { name: Span::default(), known: Known::Other, dropped: true, ..*field };
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
    fields: &mut [Field],
    parts: &mut RequestParts,
) -> Result<(), Refused> {
    let mut hosts = fields.iter().filter(|field| field.known == Known::Host);
    let host = hosts.next().map(|field| field.value);
    if hosts.next().is_some() || (host.is_none() && parts.modern) {
        return Err(Refused::Host);
    }
    let named = origin_form(bytes, parts)?;
    (parts.host, parts.port) = match named.or(host) {
        Some(authority) => split_authority(bytes, authority)?,
        None => (Span::default(), None),
    };
    if named.is_some() && parts.host.len() == 0 {
        // No URL of HTTP is without a host (RFC 9110 §4.2.1).
        return Err(Refused::Target);
    }
    parts.has_host = host.is_some();
    parts.authority = Span::default();
    if let Some(named) = named
        && host.is_none_or(|host| !named.of(bytes).eq_ignore_ascii_case(host.of(bytes)))
    {
        if let Some(host) = host {
            agree(bytes, host, parts)?;
        }
        // The target is what counts: the proxy says it anew (RFC 9112 §3.2.2).
        drop_known(fields, Known::Host);
        parts.has_host = false;
        parts.authority = named;
    }
    if parts.method == Method::Connect && parts.port.is_none() {
        return Err(Refused::Target);
    }
    if let Some(host) = bytes.get_mut(parts.host.start()..parts.host.end()) {
        host.make_ascii_lowercase();
    }
    Ok(())
}

/// Does `Host` name what the target names? Ports that go without saying are equal.
fn agree(bytes: &[u8], host: Span, parts: &RequestParts) -> Result<(), Refused> {
    let (name, port) = split_authority(bytes, host)?;
    let default = if parts.method == Method::Connect { parts.port } else { Some(HTTP_PORT) };
    let same = name.of(bytes).eq_ignore_ascii_case(parts.host.of(bytes))
        && port.or(default) == parts.port.or(default);
    if same { Ok(()) } else { Err(Refused::Host) }
}

/// The same of two texts.
pub(crate) fn is_same_authority(named: &[u8], host: &[u8]) -> bool {
    let split = |text: &[u8]| {
        let (name, port) = split_authority(text, Span::new(0..text.len())).ok()?;
        Some((name.of(text).to_ascii_lowercase(), port.unwrap_or(HTTP_PORT)))
    };
    named.eq_ignore_ascii_case(host) || (split(named).is_some() && split(named) == split(host))
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
    let valid =
        if literal { is_plain_literal(name) } else { name.iter().all(|&b| is_name_byte(b)) };
    if !valid || name.starts_with(b".") || (name.is_empty() && !rest.is_empty()) {
        return Err(Refused::Host);
    }
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.ends_with(b".") {
        // Resolvers may overlook an empty label; a policy's names have none (RFC 1035 §2.3.1).
        return Err(Refused::Host);
    }
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
