//! What must not be written: the values of named query parameters.

/// What stands for a value that is not shown.
pub(super) const REDACTED: &[u8] = b"[redacted]";

/// The pieces of a request target, with the values of the named parameters left out.
///
/// Names are compared the way a server reads them: percent-decoded, and in any case.
pub(super) fn target<'t>(
    target: &'t [u8],
    names: &'static [&'static str],
) -> impl Iterator<Item = &'t [u8]> {
    let query = memchr::memchr(b'?', target).map_or(target.len(), |at| at + 1);
    let (path, query) = target.split_at(query);
    // Some servers take a semicolon for an ampersand.
    let parameters = query.split_inclusive(|byte| matches!(byte, b'&' | b';'));
    [path].into_iter().chain(parameters.flat_map(move |parameter| shown(parameter, names)))
}

/// Name and value of one parameter with its separator.
fn shown<'t>(parameter: &'t [u8], names: &[&str]) -> [&'t [u8]; 3] {
    let (body, separator) = match parameter.split_last() {
        Some((b'&' | b';', body)) => parameter.split_at(body.len()),
        _ => (parameter, &[][..]),
    };
    let value = memchr::memchr(b'=', body).map_or(body.len(), |at| at + 1);
    let (name, value) = body.split_at(value);
    let bare = name.strip_suffix(b"=").unwrap_or(name);
    if names.iter().any(|redacted| is(bare, redacted)) && !value.is_empty() {
        [name, REDACTED, separator]
    } else {
        [name, value, separator]
    }
}

fn is(encoded: &[u8], name: &str) -> bool {
    let mut rest = encoded;
    let decoded = std::iter::from_fn(|| {
        let (byte, after) = decode(rest)?;
        rest = after;
        Some(byte.to_ascii_lowercase())
    });
    decoded.eq(name.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// The first byte of percent-encoded text (RFC 3986 §2.1), and what follows.
fn decode(text: &[u8]) -> Option<(u8, &[u8])> {
    if let [b'%', high, low, rest @ ..] = text
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
    {
        return Some((high << 4 | low, rest));
    }
    text.split_first().map(|(&byte, rest)| (byte, rest))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn values_of_redacted_parameters_are_not_shown() {
        let rows = [
            ("/a", "/a"),
            ("/token=1", "/token=1"),
            ("/a?", "/a?"),
            ("/a?token=1", "/a?token=[redacted]"),
            ("/a?x=1&token=a=b&y=2", "/a?x=1&token=[redacted]&y=2"),
            ("/a?x=1;TOKEN=2;y=3", "/a?x=1;TOKEN=[redacted];y=3"),
            ("/a?t%6fken=1", "/a?t%6fken=[redacted]"),
            ("/a?t%6Fken=1&%=2&%6=3", "/a?t%6Fken=[redacted]&%=2&%6=3"),
            ("/a?tokens=1&mytoken=2", "/a?tokens=1&mytoken=2"),
            ("/a?token&token=", "/a?token&token="),
            ("/a?b?token=1&token=2", "/a?b?token=1&token=[redacted]"),
            ("/a?=1&&token=2&", "/a?=1&&token=[redacted]&"),
        ];
        for (raw, expect) in rows {
            let pieces: Vec<_> = target(raw.as_bytes(), &["token", "sig"]).collect();
            assert_eq!(String::from_utf8(pieces.concat()).unwrap(), expect, "{raw}");
        }
    }
}
