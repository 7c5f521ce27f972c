//! Heads: out of frames into a block, as if they had come over HTTP/1.1, and out of a block into
//! frames.
//!
//! What HTTP/1.1 refuses is refused here too, for its upstream may be the next to read it: the same
//! rules look at the same bytes (RFC 9113 §8.2.1, §8.3.1 and §10.3).

use std::cell::RefCell;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, uri};

use crate::buffer::{Block, Framing};
use crate::message::{
    FIELD_LIMIT, Field, Kinds, Known, Method, Refused, RequestHead, RequestParts, ResponseParts,
    Span, reason, split_line,
};
use crate::wire::http1::parse;
use crate::wire::http1::write::Additions;

/// Fields of a request that are neither the caller's nor the policy's: `te` and `traceparent`.
const OURS: usize = 2;

/// Names that policies and gRPC often have, and of which `http` would make a copy each time.
static OFTEN: [HeaderName; 5] = [
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("x-correlation-id"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
];

/// A request's head into an empty block.
pub(crate) fn read_request(
    head: &http::request::Parts,
    ended: bool,
    block: &mut Block,
) -> Result<(RequestParts, Framing), Refused> {
    let mut parts = RequestParts { modern: true, keep_alive: true, ..RequestParts::default() };
    let method = head.method.as_str().as_bytes();
    parts.method = Method::of(method);
    if parts.method == Method::Connect {
        return Err(Refused::Method);
    }
    if !matches!(head.uri.scheme_str(), None | Some("http" | "https")) {
        return Err(Refused::Target);
    }
    parts.method_name = append(block, method);
    block.append(b" ");
    let target = head.uri.path_and_query().map_or("/", uri::PathAndQuery::as_str).as_bytes();
    check_target(target, parts.method)?;
    parts.target = append(block, target);
    block.append(b" HTTP/1.1\r\n");
    let host = head.headers.get(header::HOST).map(HeaderValue::as_bytes);
    if head.headers.get_all(header::HOST).iter().count() > 1 {
        return Err(Refused::Host);
    }
    match (head.uri.authority().map(|authority| authority.as_str().as_bytes()), host) {
        (Some(named), Some(host)) if !parse::is_same_authority(named, host) => {
            return Err(Refused::Host);
        }
        (Some(host), _) => add_line(block, b"host", host),
        (None, _) => {}
    }
    let named = !block.fields.is_empty();
    read_fields(&head.headers, named, block)?;
    if ended && matches!(parts.method, Method::Post | Method::Put | Method::Patch) {
        // HTTP/1.1 wants to be told that there is nothing (RFC 9110 §8.6).
        if !head.headers.contains_key(header::CONTENT_LENGTH) {
            add_line(block, b"content-length", b"0");
        }
    }
    block.append(b"\r\n");
    let kinds = kinds(&block.fields);
    let Block { bytes, fields, .. } = block;
    let length = parse::length_fields(bytes, fields, kinds, true)?;
    parts.expects_continue = kinds.has(Known::Expect) && parse::expects_continue(bytes, fields);
    parse::address(bytes, fields, &mut parts)?;
    let framing = if ended { Framing::None } else { length.unwrap_or(Framing::Chunked) };
    Ok((parts, framing))
}

/// A response's head into an empty block. `None`: it is not one that could be passed on.
pub(crate) fn read_response(
    head: &http::response::Parts,
    ended: bool,
    to: Method,
    block: &mut Block,
    parts: &mut ResponseParts,
) -> Option<Framing> {
    parts.status = head.status.as_u16();
    parts.keep_alive = true;
    block.append(b"HTTP/1.1 ");
    let text = append(block, head.status.as_str().as_bytes());
    block.append(b" ");
    let reason = append(block, reason(parts.status).as_bytes());
    parts.status_text = Span::new(text.start()..reason.end());
    block.append(b"\r\n");
    block.fields.clear();
    read_fields(&head.headers, false, block).ok()?;
    block.append(b"\r\n");
    let kinds = kinds(&block.fields);
    let Block { bytes, fields, .. } = block;
    let length = parse::length_fields(bytes, fields, kinds, true).ok()?;
    if matches!(parts.status, 100..=199 | 204) {
        parse::drop_known(fields, Known::ContentLength);
    }
    let bodiless = ended || to == Method::Head || matches!(parts.status, 100..=199 | 204 | 304);
    (100..=599).contains(&parts.status).then_some(())?;
    Some(if bodiless { Framing::None } else { length.unwrap_or(Framing::Chunked) })
}

/// HTTP/1.1's own rules for the target are looked at later; these are HTTP/2's (RFC 9113 §8.3.1).
fn check_target(target: &[u8], method: Method) -> Result<(), Refused> {
    let origin = target.starts_with(b"/") || (target == b"*" && method == Method::Options);
    let clean = target.iter().all(|&byte| byte > b' ' && byte != 0x7f);
    if origin && clean { Ok(()) } else { Err(Refused::Target) }
}

fn read_fields(map: &HeaderMap, named: bool, block: &mut Block) -> Result<(), Refused> {
    for (name, value) in map {
        if block.fields.len() >= FIELD_LIMIT {
            return Err(Refused::TooLarge);
        }
        match *name {
            header::HOST if named => {}
            header::COOKIE if block.has_field("cookie") => {}
            header::COOKIE => add_cookie(map, block),
            header::TRANSFER_ENCODING => return Err(Refused::Coding),
            _ if is_padded(value.as_bytes()) => return Err(Refused::Head),
            _ => add_line(block, name.as_str().as_bytes(), value.as_bytes()),
        }
    }
    Ok(())
}

/// White space around a value has no place in HTTP/2 (RFC 9113 §8.2.1).
fn is_padded(value: &[u8]) -> bool {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    blank(value.first()) || blank(value.last())
}

/// One line again of what HTTP/2 may send in crumbs (RFC 9113 §8.2.3).
fn add_cookie(map: &HeaderMap, block: &mut Block) {
    let crumbs = map.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let crumbs: Vec<_> = crumbs.collect();
    match crumbs.as_slice() {
        [whole] => add_line(block, b"cookie", whole),
        crumbs => add_line(block, b"cookie", &crumbs.join(b"; ".as_slice())),
    }
}

fn kinds(fields: &[Field]) -> Kinds {
    let mut kinds = Kinds::default();
    fields.iter().for_each(|field| kinds.add(field.known));
    kinds
}

fn append(block: &mut Block, bytes: &[u8]) -> Span {
    let start = block.filled;
    block.append(bytes);
    Span::new(start..block.filled)
}

/// A field line as HTTP/1.1 has it, and where it is.
fn add_line(block: &mut Block, name: &[u8], value: &[u8]) {
    let known = Known::of(name);
    let name = append(block, name);
    block.append(b": ");
    let value = append(block, value.trim_ascii());
    block.append(b"\r\n");
    let line = Span::new(name.start()..block.filled);
    block.fields.push(Field { name, value, line, known, dropped: known.is_hop_by_hop() });
}

/// The authority of a connection's requests: most often it is that of the one before.
#[derive(Debug, Default)]
pub(crate) struct Authority(RefCell<Option<uri::Authority>>);

impl Authority {
    fn of(&self, host: &[u8]) -> Option<uri::Authority> {
        let mut last = self.0.borrow_mut();
        if last.as_ref().is_none_or(|last| last.as_str().as_bytes() != host) {
            *last = Some(uri::Authority::try_from(host).ok()?);
        }
        last.clone()
    }
}

/// The head of a try, of a call with this correlation id. `None`: it cannot be said in HTTP/2.
pub(crate) fn write_request(
    head: RequestHead<'_>,
    add: &Additions<'_>,
    id: &[u8],
    authority: &Authority,
) -> Option<http::Request<()>> {
    let host = add.host.or_else(|| head.known(Known::Host))?;
    let target = match add.path {
        Some(path) => Bytes::from([path, head.query()].concat()),
        None if head.target().starts_with(b"?") => Bytes::from([b"/", head.target()].concat()),
        None if head.target().is_empty() => Bytes::from_static(head.empty_target()),
        None => Bytes::copy_from_slice(head.target()),
    };
    let uri = uri::Builder::new()
        .scheme(uri::Scheme::HTTP)
        .authority(authority.of(host)?)
        .path_and_query(uri::PathAndQuery::from_maybe_shared(target).ok()?)
        .build()
        .ok()?;
    let mut map = HeaderMap::with_capacity(count(head.fields, add.lines) + OURS);
    let traceparent = add.traceparent.unwrap_or_default();
    let [fields, lines, traceparent] =
        one_copy([extent(head.bytes, head.fields)?, add.lines, traceparent]);
    write_fields(head.bytes, head.fields, (&fields, id), &mut map)?;
    write_lines((&lines, id), &mut map)?;
    let takes_trailers = |te: &[u8]| {
        te.split(|&byte| byte == b',').any(|it| it.trim_ascii().eq_ignore_ascii_case(b"trailers"))
    };
    if head.known(Known::Te).is_some_and(takes_trailers) {
        map.append(header::TE, HeaderValue::from_static("trailers"));
    }
    if !traceparent.is_empty() {
        let name = HeaderName::from_static("traceparent");
        map.append(name, value_of(traceparent.clone(), &traceparent)?);
    }
    if let Some(attempt) = add.attempt {
        map.append(HeaderName::from_static("x-amb-attempt"), HeaderValue::from(attempt));
    }
    let mut request = http::Request::new(());
    *request.method_mut() = http::Method::from_bytes(head.method_name()).ok()?;
    *request.uri_mut() = uri;
    *request.version_mut() = http::Version::HTTP_2;
    *request.headers_mut() = map;
    Some(request)
}

/// The head of an answer to a call with this correlation id. `None`: it cannot be said in HTTP/2.
pub(crate) fn write_response(
    block: &Block,
    parts: &ResponseParts,
    id: &[u8],
) -> Option<http::Response<()>> {
    let mut map = HeaderMap::with_capacity(count(&block.fields, block.edits.lines()));
    let [fields, lines] = one_copy([extent(&block.bytes, &block.fields)?, block.edits.lines()]);
    write_fields(&block.bytes, &block.fields, (&fields, id), &mut map)?;
    write_lines((&lines, id), &mut map)?;
    let mut response = http::Response::new(());
    *response.status_mut() = StatusCode::from_u16(parts.status).ok()?;
    *response.version_mut() = http::Version::HTTP_2;
    *response.headers_mut() = map;
    Some(response)
}

/// The field lines that go on as such.
fn kept(fields: &[Field]) -> impl Iterator<Item = &Field> {
    let kept = |it: &&Field| !it.dropped && !matches!(it.known, Known::Host | Known::Upgrade);
    fields.iter().filter(kept)
}

fn count(fields: &[Field], lines: &[u8]) -> usize {
    kept(fields).count() + memchr::memchr_iter(b'\n', lines).count()
}

/// From the first field line to the last.
fn extent<'b>(bytes: &'b [u8], fields: &[Field]) -> Option<&'b [u8]> {
    match (fields.first(), fields.last()) {
        (Some(first), Some(last)) => bytes.get(first.line.start()..last.line.end()),
        _ => Some(&[]),
    }
}

/// Copies that share their memory.
fn one_copy<const N: usize>(parts: [&[u8]; N]) -> [Bytes; N] {
    let mut whole = Bytes::from(parts.concat());
    parts.map(|part| whole.split_to(part.len()))
}

/// The field lines that are still wanted; their values are parts of `copy`.
fn write_fields(
    bytes: &[u8],
    fields: &[Field],
    (copy, id): (&Bytes, &[u8]),
    map: &mut HeaderMap,
) -> Option<()> {
    let start = fields.first().map_or(0, |first| first.line.start());
    for field in kept(fields) {
        let name = HeaderName::from_bytes(field.name.of(bytes)).ok()?;
        let value =
            field.value.start().checked_sub(start)?..field.value.end().checked_sub(start)?;
        map.try_append(name, value_of(copy.slice(value), id)?).ok()?;
    }
    Some(())
}

fn write_lines((lines, id): (&Bytes, &[u8]), map: &mut HeaderMap) -> Option<()> {
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        let (name, value) = split_line(line)?;
        let often = OFTEN.iter().find(|it| it.as_str().as_bytes() == name).cloned();
        let name = often.or_else(|| HeaderName::from_bytes(name).ok())?;
        map.try_append(name, value_of(lines.slice_ref(value), id)?).ok()?;
    }
    Some(())
}

/// What is `new` in each call is given no place in the peer's table, where it would push out what comes
/// again (RFC 7541 §6.2.3).
fn value_of(value: Bytes, new: &[u8]) -> Option<HeaderValue> {
    let is_new = !new.is_empty() && value == *new;
    let mut value = HeaderValue::from_maybe_shared(value).ok()?;
    value.set_sensitive(is_new);
    Some(value)
}

/// Trailers as lines. `None`: one of them would change what the message is (RFC 9110 §6.5.1).
pub(crate) fn read_trailers(map: &HeaderMap, lines: &mut Vec<u8>) -> Option<()> {
    for (name, value) in map {
        let known = Known::of(name.as_str().as_bytes());
        if known.is_hop_by_hop() || known.is_structural() || is_padded(value.as_bytes()) {
            return None;
        }
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            lines.extend_from_slice(part);
        }
    }
    Some(())
}

pub(crate) fn write_trailers(lines: &[u8]) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    write_lines((&Bytes::copy_from_slice(lines), b""), &mut map)?;
    Some(map)
}
