//! Responses: what the proxy passes on is what hyper's client would have read.
//!
//! Allowed differences, each because the proxy is the stricter one or the difference ends here:
//!
//! - The proxy refuses what hyper takes.
//! - A tunnel (`101`) is no answer.
//! - hyper refuses a trailer with white space before its colon, which a proxy takes out
//!   (RFC 9112 §5.1): without it both read the same.
//! - hyper keeps the fields that end at the connection; the proxy forwards the others only.

use amb_runtime::testing::{ParsedResponse, parse_response};

use super::oracle::{Answer, Oracle};

/// Compares both readings of a connection's bytes.
///
/// # Errors
/// What the proxy let through and hyper understood differently.
pub(super) fn compare(oracle: &Oracle, bytes: &[u8]) -> Result<usize, String> {
    let Ok(Some(ours)) = parse_response(bytes) else { return Ok(0) };
    let closed_up = closed_up(bytes);
    match oracle.read_response(bytes) {
        Ok(theirs) => same(&ours, &theirs).map(|()| 1),
        Err(_) if closed_up != bytes => compare(oracle, &closed_up),
        Err(error) => Err(format!("hyper has none: {error}\nours   {ours:?}")),
    }
}

/// No white space before any colon.
fn closed_up(bytes: &[u8]) -> Vec<u8> {
    let mut closed = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        while byte == b':' && matches!(closed.last(), Some(b' ' | b'\t')) {
            closed.pop();
        }
        closed.push(byte);
    }
    closed
}

fn same(ours: &ParsedResponse, theirs: &Answer) -> Result<(), String> {
    let differs = |what: &str| Err(format!("{what} differs\nours   {ours:?}\ntheirs {theirs:?}"));
    if ours.status != theirs.status {
        return differs("the status");
    }
    if ours.body != theirs.body {
        return differs("the body");
    }
    let has = |(name, value): &(Vec<u8>, Vec<u8>)| {
        theirs.fields.iter().any(|(other, seen)| name.eq_ignore_ascii_case(other) && value == seen)
    };
    match ours.fields.iter().find(|field| !has(field)) {
        Some((name, _)) => differs(&format!("field {}", name.escape_ascii())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, ParsedResponse, same};

    #[test]
    fn every_difference_is_seen() {
        let seen = |status, value: &str, body: &str| Answer {
            status,
            fields: vec![(b"x-a".into(), value.into())],
            body: body.into(),
        };
        let ours = ParsedResponse {
            status: 200,
            fields: vec![(b"X-A".into(), b"1".into())],
            body: b"b".into(),
        };
        same(&ours, &seen(200, "1", "b")).unwrap();
        for (theirs, what) in [
            (seen(201, "1", "b"), "the status"),
            (seen(200, "2", "b"), "field X-A"),
            (seen(200, "1", ""), "the body"),
        ] {
            assert!(same(&ours, &theirs).unwrap_err().starts_with(what));
        }
    }
}
