//! The rule: what the proxy lets through, hyper understands the same way.
//!
//! Allowed differences, each because the proxy is the stricter one or the difference ends here:
//!
//! - The proxy refuses what hyper takes. From there on nothing is compared: the connection ends.
//! - hyper refuses a target whose bytes its `Uri` has no place for (`"<>` and the like, bytes above
//!   ASCII, a target beyond 64 KiB). The proxy forwards the bytes as they came, so that both
//!   neighbours see the same ones.
//! - `CONNECT` goes no further: it is answered by a tunnel, and nothing behind it is a request.
//! - hyper takes a `Host` as it stands; the proxy writes it in lower case.
//! - hyper keeps the fields that end at the connection; the proxy forwards the others only.

use amb_runtime::testing::{ParsedRequest, parse_request};

use super::oracle::{Oracle, Seen};

/// Compares both readings of a connection's bytes.
///
/// # Errors
/// What the proxy let through and hyper understood differently.
pub(super) fn compare(oracle: &Oracle, bytes: &[u8]) -> Result<usize, String> {
    let ours = read(bytes);
    if ours.is_empty() {
        return Ok(0);
    }
    let theirs = oracle.read_requests(bytes);
    for (at, mine) in ours.iter().enumerate() {
        match theirs.get(at) {
            Some(theirs) => same(mine, theirs).map_err(|what| format!("request {at}: {what}"))?,
            None if is_beyond_uri(&mine.target) => return Ok(at),
            None => return Err(format!("request {at}: hyper has none; ours is {mine:?}")),
        }
    }
    Ok(ours.len())
}

/// Every request that the proxy would forward.
fn read(bytes: &[u8]) -> Vec<ParsedRequest> {
    let (mut requests, mut rest) = (Vec::new(), bytes);
    while let Ok(Some(request)) = parse_request(rest) {
        if request.method == b"CONNECT" {
            break;
        }
        rest = &rest[request.length..];
        let last = !request.keep_alive;
        requests.push(request);
        if last {
            break;
        }
    }
    requests
}

fn same(ours: &ParsedRequest, theirs: &Seen) -> Result<(), String> {
    let root = |target: &[u8]| {
        if target.starts_with(b"/") || target == b"*" {
            target.to_vec()
        } else {
            [b"/", target].concat()
        }
    };
    let differs = |what: &str| Err(format!("{what} differs\nours   {ours:?}\ntheirs {theirs:?}"));
    if ours.method != theirs.method {
        return differs("the method");
    }
    if root(&ours.target) != root(&theirs.target) {
        return differs("the target");
    }
    if ours.body != theirs.body {
        return differs("the body");
    }
    match ours.fields.iter().find(|field| !has(theirs, field)) {
        Some((name, _)) => differs(&format!("field {}", name.escape_ascii())),
        None => Ok(()),
    }
}

fn has(theirs: &Seen, (name, value): &(Vec<u8>, Vec<u8>)) -> bool {
    let is_host = name.eq_ignore_ascii_case(b"host");
    theirs.fields.iter().any(|(other, seen)| {
        name.eq_ignore_ascii_case(other)
            && (seen == value || is_host && seen.eq_ignore_ascii_case(value))
    })
}

/// Bytes that RFC 3986 does not have, and hyper's `Uri` neither.
fn is_beyond_uri(target: &[u8]) -> bool {
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(byte);
    !target.iter().all(known)
}

#[cfg(test)]
mod tests {
    use super::{ParsedRequest, Seen, same};

    #[test]
    fn every_difference_is_seen() {
        let seen = |method: &str, target: &str, value: &str, body: &str| Seen {
            method: method.into(),
            target: target.into(),
            fields: vec![(b"x-a".into(), value.into())],
            body: body.into(),
        };
        let ours = ParsedRequest {
            method: b"GET".into(),
            target: b"/a".into(),
            fields: vec![(b"X-A".into(), b"1".into())],
            body: b"b".into(),
            length: 0,
            keep_alive: true,
        };
        same(&ours, &seen("GET", "/a", "1", "b")).unwrap();
        for (theirs, what) in [
            (seen("PUT", "/a", "1", "b"), "the method"),
            (seen("GET", "/b", "1", "b"), "the target"),
            (seen("GET", "/a", "2", "b"), "field X-A"),
            (seen("GET", "/a", "1", ""), "the body"),
        ] {
            assert!(same(&ours, &theirs).unwrap_err().starts_with(what));
        }
    }
}
