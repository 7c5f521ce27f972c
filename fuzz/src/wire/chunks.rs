//! Chunked bodies: the engine's decoder, which sees a body in pieces and keeps little, against the
//! grammar of RFC 9112 §7.1, read in one go.
//!
//! Both must agree on everything but how soon a body is refused: what is complete to one is
//! complete to the other, with the same payload and the same trailers, however it was cut. What the
//! engine passes on is a body again, of the same payload and without extensions.

use amb_runtime::testing::{ParsedChunks, parse_chunks};

/// As the engine has them: a size line and a trailer section may not be longer.
const LINE_LIMIT: usize = 256;
const TRAILER_LIMIT: usize = 8 * 1024;
const TRAILERS: usize = 128;

/// The sizes of pieces that every body is cut into.
const SIZES: [usize; 5] = [1, 2, 7, 64, usize::MAX];

/// Fields that say how a message is framed or routed, or that end at the connection.
const FORBIDDEN: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

#[derive(Debug, PartialEq, Eq)]
struct Whole<'a> {
    payload: Vec<u8>,
    trailers: &'a [u8],
    behind: usize,
    extended: bool,
}

/// Compares both readings, for every way to cut the bytes.
///
/// # Errors
/// What was understood differently.
pub(super) fn compare(bytes: &[u8]) -> Result<usize, String> {
    let grammar = read(bytes);
    for size in SIZES {
        let pieces: Vec<_> = bytes.chunks(size.min(bytes.len().max(1))).collect();
        let ours = parse_chunks(&pieces).ok().flatten();
        same(ours.as_ref(), grammar.as_ref()).map_err(|what| format!("by {size}: {what}"))?;
    }
    Ok(grammar.iter().count())
}

fn same(ours: Option<&ParsedChunks>, grammar: Option<&Whole<'_>>) -> Result<(), String> {
    let differs = |what| Err(format!("{what}\nours    {ours:?}\ngrammar {grammar:?}"));
    let (ours, grammar) = match (ours, grammar) {
        (None, None) => return Ok(()),
        (Some(ours), Some(grammar)) => (ours, grammar),
        _ => return differs("complete to one of both"),
    };
    if ours.body != grammar.payload {
        return differs("the payload differs");
    }
    if ours.trailers != grammar.trailers {
        return differs("the trailers differ");
    }
    if ours.behind != grammar.behind {
        return differs("the end differs");
    }
    match read(&ours.forwarded) {
        Some(again)
            if again.payload == grammar.payload
                && again.trailers == grammar.trailers
                && again.behind == 0
                && !again.extended =>
        {
            Ok(())
        }
        _ => differs("what goes on is another body"),
    }
}

/// `chunked-body = *chunk last-chunk trailer-section CRLF`; `None` unless all of it is there.
fn read(mut bytes: &[u8]) -> Option<Whole<'_>> {
    let (mut payload, mut extended) = (Vec::new(), false);
    loop {
        let line = line(&mut bytes, LINE_LIMIT)?;
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (number, extension) = line.split_at(digits);
        if !(1..=16).contains(&digits) || !is_extension(extension) {
            return None;
        }
        extended |= !extension.is_empty();
        let size = number.iter().fold(0_u128, |sum, &digit| {
            sum * 16 + u128::from(char::from(digit).to_digit(16).unwrap())
        });
        if size == 0 {
            break;
        }
        let (data, rest) = bytes.split_at_checked(usize::try_from(size).ok()?)?;
        payload.extend_from_slice(data);
        bytes = rest.strip_prefix(b"\r\n")?;
    }
    let (trailers, behind) = trailers(bytes)?;
    Some(Whole { payload, trailers, behind, extended })
}

/// The lines of the section without the empty one that ends it, and how much is behind that.
fn trailers(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (mut rest, mut lines) = (bytes, 0);
    loop {
        let before = bytes.len() - rest.len();
        let line = line(&mut rest, TRAILER_LIMIT)?;
        if line.is_empty() {
            let end = bytes.len() - rest.len();
            let bounded = before == 0 || end <= TRAILER_LIMIT;
            return bounded.then_some((&bytes[..before], rest.len()));
        }
        lines += 1;
        let colon = line.iter().position(|&byte| byte == b':')?;
        let name = std::str::from_utf8(&line[..colon]).ok()?;
        let is_token = !name.is_empty() && name.bytes().all(is_token);
        let is_text = line[colon..].iter().all(|&byte| is_text(byte));
        let forbidden = FORBIDDEN.iter().any(|known| name.eq_ignore_ascii_case(known));
        if !is_token || !is_text || forbidden || lines > TRAILERS {
            return None;
        }
    }
}

/// Takes a line that ends in CRLF, and has no more bytes with it than that.
fn line<'a>(bytes: &mut &'a [u8], limit: usize) -> Option<&'a [u8]> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let line = bytes[..end].strip_suffix(b"\r")?;
    *bytes = &bytes[end + 1..];
    (end < limit).then_some(line)
}

/// `*( BWS ";" BWS … )`, of which only this is looked at: where it begins, and that it is text.
fn is_extension(bytes: &[u8]) -> bool {
    let begins = bytes.trim_ascii_start().starts_with(b";");
    bytes.is_empty() || begins && bytes.iter().all(|&byte| is_text(byte))
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || byte >= b' ' && byte != 0x7f
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_grammar_is_one() {
        let whole = read(b"4;a=1\r\nbody\r\n0\r\nx-sum: 1\r\n\r\nnext").unwrap();
        assert_eq!((&whole.payload[..], whole.trailers), (&b"body"[..], &b"x-sum: 1\r\n"[..]));
        assert_eq!((whole.behind, whole.extended), (4, true));
        for wrong in ["4\r\nbod", "4\nbody\r\n0\r\n\r\n", "x\r\n", "0\r\nhost: a\r\n\r\n"] {
            assert_eq!(read(wrong.as_bytes()), None, "{wrong:?}");
        }
    }
}
