//! The lines of a head: where names and values are, and that nothing stands in them that may not
//! (RFC 9112 §2.2, §3, §4 and §5).
//!
//! A line ends in CRLF and in nothing else, and none goes on in the next one: neighbours could read
//! such heads differently. A head has many short lines, so what looks at them is compiled into the
//! one loop that asks: by the call, a twentieth of all instructions less.

use super::{Refused, Span};

/// Walks along a head. Each step is `None` while bytes are missing.
#[derive(Debug)]
pub(crate) struct Lines<'b> {
    bytes: &'b [u8],
    /// Where the next line begins.
    at: usize,
}

/// `GET /v1/stock/7 HTTP/1.1`
#[derive(Debug)]
pub(crate) struct RequestLine {
    pub(crate) method: Span,
    pub(crate) target: Span,
    /// HTTP/1.1 rather than 1.0.
    pub(crate) modern: bool,
}

/// `HTTP/1.1 200 OK`
#[derive(Debug)]
pub(crate) struct StatusLine {
    pub(crate) status: u16,
    /// Status code and reason phrase.
    pub(crate) text: Span,
    pub(crate) modern: bool,
}

/// A line behind the first.
#[derive(Debug)]
pub(crate) enum Line {
    Field {
        name: Span,
        /// Without the white space around it.
        value: Span,
    },
    /// The last one.
    Empty,
}

type Step<T> = Result<Option<T>, Refused>;

impl<'b> Lines<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Where the next line begins.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Empty lines before it are tolerated (RFC 9112 §2.2).
    pub(crate) fn request_line(&mut self) -> Step<RequestLine> {
        self.skip_empty();
        let method = self.at..token_end(self.bytes, self.at);
        match self.bytes.get(method.end) {
            None => return Ok(None),
            Some(b' ') if !method.is_empty() => {}
            Some(b'\r') if method.end + 1 == self.bytes.len() => return Ok(None),
            Some(b'\n') => return Err(Refused::LineEnd),
            Some(_) => return Err(Refused::Head),
        }
        let start = method.end + 1;
        let target = start..stop::<{ b' ' + 1 }>(self.bytes, start);
        match self.bytes.get(target.end) {
            None => return Ok(None),
            Some(b' ') if !target.is_empty() => {}
            Some(_) => return Err(Refused::Head),
        }
        let text = self.bytes.get(target.clone()).unwrap_or_default();
        if !text.is_ascii() && std::str::from_utf8(text).is_err() {
            return Err(Refused::Head);
        }
        let Some(modern) = self.version(target.end + 1)? else { return Ok(None) };
        Ok(Some(RequestLine { method: Span::new(method), target: Span::new(target), modern }))
    }

    /// The rest of a request line.
    fn version(&mut self, from: usize) -> Step<bool> {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let modern = match rest.first_chunk() {
            Some(b"HTTP/1.1\r\n") => true,
            Some(b"HTTP/1.0\r\n") => false,
            _ => {
                let Some(end) = memchr::memchr(b'\n', rest) else { return Ok(None) };
                let line = rest.get(..end).and_then(|line| line.strip_suffix(b"\r"));
                return Err(line.map_or(Refused::LineEnd, unspoken));
            }
        };
        self.at = from + b"HTTP/1.1\r\n".len();
        Ok(Some(modern))
    }

    pub(crate) fn status_line(&mut self) -> Step<StatusLine> {
        let Some(end) = text_end(self.bytes, self.at)? else { return Ok(None) };
        let line = self.bytes.get(self.at..end).unwrap_or_default();
        let (version, text) = line.split_first_chunk().ok_or(Refused::Head)?;
        let modern = match version {
            b"HTTP/1.1 " => true,
            b"HTTP/1.0 " => false,
            _ => return Err(Refused::Version),
        };
        let status = match text {
            [a, b, c] | [a, b, c, b' ', ..] if [a, b, c].iter().all(|it| it.is_ascii_digit()) => {
                [a, b, c].iter().fold(0, |sum, &digit| sum * 10 + u16::from(digit - b'0'))
            }
            _ => return Err(Refused::Status),
        };
        let text = Span::new(end - text.len()..end);
        self.at = end + 2;
        Ok(Some(StatusLine { status, text, modern }))
    }

    #[inline(always)]
    pub(crate) fn line(&mut self) -> Step<Line> {
        let name = self.at..token_end(self.bytes, self.at);
        match self.bytes.get(name.end) {
            None => return Ok(None),
            Some(b':') if !name.is_empty() => {}
            Some(b'\r' | b'\n') if name.is_empty() => {
                let end = line_end(self.bytes, name.end)?;
                return Ok(end.map(|end| {
                    self.at = end + 2;
                    Line::Empty
                }));
            }
            Some(_) => return Err(Refused::Head),
        }
        let Some(end) = text_end(self.bytes, name.end + 1)? else { return Ok(None) };
        let value = trimmed(self.bytes, name.end + 1, end);
        self.at = end + 2;
        Ok(Some(Line::Field { name: Span::new(name), value }))
    }

    fn skip_empty(&mut self) {
        while self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"\r\n")) {
            self.at += 2;
        }
    }
}

/// Puts the colon of every line behind the first right behind its name, where white space stands between them:
/// in answers it is to be taken out (RFC 9112 §5.1), and no line becomes longer or shorter. Returns how many of
/// the bytes can be read now; a name at the end may have its colon yet to come.
pub(crate) fn close_up(bytes: &mut [u8], first_line: bool) -> Option<usize> {
    let mut at = if first_line { memchr::memchr(b'\n', bytes)? + 1 } else { 0 };
    let mut moved = None;
    loop {
        let name = token_end(bytes, at);
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let rest = bytes.get_mut(name..)?;
        let blanks = rest.iter().take_while(|byte| blank(byte)).count();
        if blanks > 0 && name > at {
            match rest.get_mut(..=blanks) {
                None => return Some(at),
                Some(gap @ [.., b':']) => {
                    gap.rotate_right(1);
                    moved = Some(bytes.len());
                }
                Some(_) => return moved,
            }
        }
        match bytes.get(at..).and_then(|line| memchr::memchr(b'\n', line)) {
            Some(0 | 1) | None => return moved,
            Some(end) => at += end + 1,
        }
    }
}

/// 505 is for a request line that is well-formed but for a version that we do not speak; anything
/// else that stands where the version should is malformed (RFC 9112 §2.3, §3).
fn unspoken(version: &[u8]) -> Refused {
    match version {
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Refused::Version
        }
        _ => Refused::Head,
    }
}

/// Where a text of visible bytes, spaces and tabs ends: at the CRLF behind it.
#[inline(always)]
fn text_end(bytes: &[u8], from: usize) -> Step<usize> {
    let mut end = stop::<b' '>(bytes, from);
    while bytes.get(end) == Some(&b'\t') {
        end = stop::<b' '>(bytes, end + 1);
    }
    line_end(bytes, end)
}

/// There must be a CRLF.
#[inline(always)]
fn line_end(bytes: &[u8], at: usize) -> Step<usize> {
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => Ok(Some(at)),
        (None, _) | (Some(b'\r'), None) => Ok(None),
        (Some(b'\r' | b'\n'), _) => Err(Refused::LineEnd),
        (Some(_), _) => Err(Refused::Head),
    }
}

#[inline(always)]
fn trimmed(bytes: &[u8], mut start: usize, mut end: usize) -> Span {
    let blank = |at: usize| matches!(bytes.get(at), Some(b' ' | b'\t'));
    while start < end && blank(start) {
        start += 1;
    }
    while start < end && blank(end - 1) {
        end -= 1;
    }
    Span::new(start..end)
}

#[inline(always)]
fn token_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(|&byte| !is_token_byte(byte)).unwrap_or(rest.len())
}

/// `tchar` of RFC 9110 §5.6.2.
fn is_token_byte(byte: u8) -> bool {
    const TOKEN: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 128 {
            let char = byte as u8;
            #[expect(clippy::indexing_slicing, reason = "below 128, and when compiled")]
            {
                table[byte] = char.is_ascii_alphanumeric()
                    || matches!(char, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~');
            }
            byte += 1;
        }
        table
    };
    TOKEN.get(usize::from(byte)).is_some_and(|is| *is)
}

/// The first byte that is below `LEAST`, or DEL: eight at a time.
#[inline(always)]
fn stop<const LEAST: u8>(bytes: &[u8], from: usize) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let mut at = from;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*word);
        let below = word.wrapping_sub(EACH * LEAST as u64) & !word;
        let delete = word ^ (EACH * 0x7f);
        let delete = delete.wrapping_sub(EACH) & !delete;
        // The lowest upper bit that is set says where; those above it may be borrowed.
        let stops = (below | delete) & (EACH * 0x80);
        if stops != 0 {
            return at + stops.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|&byte| byte < LEAST || byte == 0x7f).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    const REQUEST: &[u8] = b"GET /v1/stock/4711?x=1 HTTP/1.1\r\nHost: inventory.shop.svc\r\n\
        Accept:\t application/json \r\nX-Empty:\r\nX-Name: J\xc3\xb6rg \r\nA-B_c!#$%&'*+.^`|~1: z\r\n\r\nnext";
    const RESPONSE: &[u8] = b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nDate: Wed, 25 Nov 2026 \
        10:00:00 GMT\r\nContent-Length: 0\r\nX-Tab: a\tb\r\n\r\nHTTP/1.1 200";

    /// First line and fields, as text, and where the head ends.
    type Head = (Vec<Vec<u8>>, usize);

    fn ours(bytes: &[u8], response: bool) -> Step<Head> {
        let mut lines = Lines::new(bytes);
        let mut parts = match response {
            false => {
                let Some(line) = lines.request_line()? else { return Ok(None) };
                vec![line.method.of(bytes).to_vec(), line.target.of(bytes).to_vec()]
            }
            true => {
                let Some(line) = lines.status_line()? else { return Ok(None) };
                vec![line.status.to_string().into_bytes()]
            }
        };
        loop {
            match lines.line()? {
                None => return Ok(None),
                Some(Line::Empty) => return Ok(Some((parts, lines.at()))),
                Some(Line::Field { name, value }) => {
                    parts.extend([name, value].map(|span| span.of(bytes).to_vec()));
                }
            }
        }
    }

    fn theirs(bytes: &[u8], response: bool) -> Result<Option<Head>, httparse::Error> {
        let mut slots = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut []);
        let mut answer = httparse::Response::new(&mut []);
        let (status, headers, mut parts) = if response {
            answer.headers = &mut slots;
            let status = answer.parse(bytes)?;
            let code = answer.code.map(|code| code.to_string().into_bytes());
            (status, &*answer.headers, Vec::from_iter(code))
        } else {
            request.headers = &mut slots;
            let status = request.parse(bytes)?;
            let parts =
                [request.method, request.path].map(|it| it.map(|it| it.as_bytes().to_vec()));
            (status, &*request.headers, parts.into_iter().flatten().collect())
        };
        let httparse::Status::Complete(length) = status else { return Ok(None) };
        for header in headers {
            parts.extend([header.name.as_bytes().to_vec(), header.value.to_vec()]);
        }
        Ok(Some((parts, length)))
    }

    /// Bytes that mean something, and one of chance.
    fn byte(random: &mut Random) -> u8 {
        const KNOWN: &[u8] = b"\r\n\t :/.,;HTP1?\0\x7f\xff\x80\"(@[{a";
        let at = (random.id() % 40) as usize;
        KNOWN.get(at).copied().unwrap_or(random.id() as u8)
    }

    /// A head with some bytes put in, taken out, exchanged, or cut off.
    fn mutant(random: &mut Random, head: &[u8]) -> Vec<u8> {
        let mut bytes = head.to_vec();
        for _ in 0..=random.id() % 3 {
            if bytes.len() < 2 {
                break;
            }
            let at = (random.id() % bytes.len() as u64) as usize;
            match random.id() % 4 {
                0 => bytes.insert(at, byte(random)),
                1 => drop(bytes.remove(at)),
                2 => bytes[at] = byte(random),
                _ if random.id().is_multiple_of(4) => bytes.truncate(at.max(1)),
                _ => {}
            }
        }
        bytes
    }

    /// Has a line an end other than CRLF, or an answer's head empty lines before it?
    fn is_stricter(bytes: &[u8]) -> bool {
        let bare = |at: usize| at == 0 || bytes[at - 1] != b'\r';
        memchr::memchr_iter(b'\n', bytes).any(bare) || bytes.starts_with(b"\r\n")
    }

    #[test]
    fn another_parser_finds_the_same_lines() {
        let mut random = Random::from_seed(7);
        let (mut accepted, mut refused) = (0, 0);
        for turn in 0..200_000 {
            let response = turn % 2 == 1;
            let bytes = mutant(&mut random, if response { RESPONSE } else { REQUEST });
            let text = bytes.escape_ascii();
            match (ours(&bytes, response), theirs(&bytes, response)) {
                (Ok(Some(ours)), theirs) => {
                    assert_eq!(Ok(Some(ours)), theirs, "{text}");
                    accepted += 1;
                }
                (Err(_), Ok(Some(_))) => assert!(is_stricter(&bytes), "{text}"),
                (Err(_), _) => refused += 1,
                (Ok(None), theirs) => assert!(!matches!(theirs, Ok(Some(_))), "{text}"),
            }
        }
        // Both ways have been gone often.
        assert!(accepted > 20_000 && refused > 20_000, "{accepted} and {refused}");
    }

    #[test]
    fn every_beginning_of_a_head_is_incomplete() {
        for (head, response) in [(REQUEST, false), (RESPONSE, true)] {
            let complete = ours(head, response).unwrap().unwrap();
            for length in 0..complete.1 {
                assert_eq!(ours(&head[..length], response), Ok(None), "{length}");
            }
            assert_eq!(ours(&head[..complete.1], response), Ok(Some(complete)));
        }
    }

    #[test]
    fn every_byte_stops_where_it_should() {
        for length in 0..=17 {
            for at in 0..length {
                for byte in 0..=255 {
                    let mut bytes = vec![b'm'; length];
                    bytes[at] = byte;
                    let expected = if byte < 0x20 || byte == 0x7f { at } else { length };
                    assert_eq!(stop::<0x20>(&bytes, 0), expected, "{byte} at {at} of {length}");
                    // What lies above the first must not hide it.
                    bytes[length - 1] = 0;
                    let expected = expected.min(length - 1);
                    assert_eq!(stop::<0x20>(&bytes, 0), expected, "{byte} at {at} of {length}");
                }
            }
        }
    }
}
