//! Where a body ends (RFC 9112 §6 and §7).

use crate::message::lines::{Line, Lines};
use crate::message::{FIELD_LIMIT, Known};

/// A chunk-size line, extensions included, has at most this many bytes.
const CHUNK_LINE_LIMIT: usize = 256;
/// The trailer section has at most this many bytes.
const TRAILER_LIMIT: usize = 8 * 1024;

/// How a message says where its body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    None,
    Length(u64),
    Chunked,
    /// With the connection; responses only.
    Close,
    /// No body: the connection is no longer HTTP's (RFC 9110 §7.8).
    Tunnel,
}

/// Walks along a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decoder {
    Length(u64),
    Close,
    ChunkSize,
    /// Extension bytes of a chunk-size line still to skip, then the line's end, then the size.
    ChunkExtension {
        skip: usize,
        size: u64,
    },
    ChunkLineEnd {
        size: u64,
    },
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    /// Frames say it, not bytes (HTTP/2).
    Frames,
    Done,
}

/// A body that could not be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Malformed,
    Gone,
}

/// What a look at an incoming stream came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    Some,
    /// The last of it, trailers included.
    End,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Data(usize),
    Framing(usize),
    /// Never forwarded: chunk extensions (RFC 9112 §7.1.1).
    Skip(usize),
    /// Nothing can be said without more bytes.
    More,
    End,
}

/// The body's framing breaks the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed chunked body")]
pub(crate) struct Malformed;

impl Decoder {
    pub(crate) const fn new(framing: Framing) -> Self {
        match framing {
            Framing::None | Framing::Length(0) => Self::Done,
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::ChunkSize,
            Framing::Close | Framing::Tunnel => Self::Close,
        }
    }

    /// For a body that comes in frames.
    pub(crate) const fn of_frames(framing: Framing) -> Self {
        match framing {
            Framing::None => Self::Done,
            _ => Self::Frames,
        }
    }

    pub(crate) const fn is_of_frames(self) -> bool {
        matches!(self, Self::Frames)
    }

    pub(crate) fn frames_came(&mut self, came: Came) {
        if came == Came::End {
            *self = Self::Done;
        }
    }

    pub(crate) const fn is_at_trailers(self) -> bool {
        matches!(self, Self::Trailers)
    }

    pub(crate) const fn is_done(self) -> bool {
        matches!(self, Self::Done)
    }

    /// Is the end of the connection the end of the body?
    pub(crate) const fn ends_with_connection(self) -> bool {
        matches!(self, Self::Close)
    }

    /// Body bytes that are known to come, without those of later chunks.
    pub(crate) const fn expects(self) -> u64 {
        match self {
            Self::Length(left) | Self::ChunkData(left) => left,
            Self::Close => u64::MAX,
            _ => 0,
        }
    }

    /// So many body bytes, of those that are known to come, have gone past unseen.
    pub(crate) fn went_past(&mut self, bytes: u64) {
        *self = match *self {
            Self::Length(left) if left <= bytes => Self::Done,
            Self::Length(left) => Self::Length(left - bytes),
            Self::ChunkData(left) if left <= bytes => Self::ChunkEnd,
            Self::ChunkData(left) => Self::ChunkData(left - bytes),
            other => other,
        };
    }

    /// Looks at the next bytes. A count that it returns is taken as consumed.
    pub(crate) fn step(&mut self, input: &[u8]) -> Result<Step, Malformed> {
        match *self {
            Self::Done => Ok(Step::End),
            _ if input.is_empty() => Ok(Step::More),
            Self::Length(left) => {
                let n = take(input, left);
                let left = left - n as u64;
                *self = if left == 0 { Self::Done } else { Self::Length(left) };
                Ok(Step::Data(n))
            }
            Self::Close => Ok(Step::Data(input.len())),
            Self::ChunkSize => self.chunk_size(input),
            Self::ChunkExtension { skip, size } => {
                *self = Self::ChunkLineEnd { size };
                Ok(Step::Skip(skip))
            }
            Self::ChunkLineEnd { size } => {
                *self = after_size(size);
                Ok(Step::Framing(2))
            }
            Self::ChunkData(left) => {
                let n = take(input, left);
                let left = left - n as u64;
                *self = if left == 0 { Self::ChunkEnd } else { Self::ChunkData(left) };
                Ok(Step::Data(n))
            }
            Self::ChunkEnd => match input {
                [b'\r', b'\n', ..] => {
                    *self = Self::ChunkSize;
                    Ok(Step::Framing(2))
                }
                [b'\r'] => Ok(Step::More),
                _ => Err(Malformed),
            },
            Self::Trailers => self.trailers(input),
            // INVARIANT: frames are not looked for in bytes.
            Self::Frames => Ok(Step::More),
        }
    }

    fn chunk_size(&mut self, input: &[u8]) -> Result<Step, Malformed> {
        let window = input.get(..CHUNK_LINE_LIMIT).unwrap_or(input);
        let Some(end) = memchr::memchr(b'\n', window) else {
            let bounded = input.len() < CHUNK_LINE_LIMIT;
            return if bounded { Ok(Step::More) } else { Err(Malformed) };
        };
        let line = input.get(..end).and_then(|line| line.strip_suffix(b"\r")).ok_or(Malformed)?;
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (number, extension) = line.split_at_checked(digits).ok_or(Malformed)?;
        let size = hexadecimal(number)?;
        if extension.is_empty() {
            *self = after_size(size);
            return Ok(Step::Framing(end + 1));
        }
        check_extension(extension)?;
        *self = Self::ChunkExtension { skip: extension.len(), size };
        Ok(Step::Framing(digits))
    }

    fn trailers(&mut self, input: &[u8]) -> Result<Step, Malformed> {
        let end = match input {
            [b'\r', b'\n', ..] => 2,
            _ => match memchr::memmem::find(input, b"\r\n\r\n") {
                Some(at) => check_trailers(input, at + 4)?,
                None if input.len() < TRAILER_LIMIT => return Ok(Step::More),
                None => return Err(Malformed),
            },
        };
        *self = Self::Done;
        Ok(Step::Framing(end))
    }
}

/// As many of the input's bytes as are left of the body.
fn take(input: &[u8], left: u64) -> usize {
    usize::try_from(left).map_or(input.len(), |left| left.min(input.len()))
}

const fn after_size(size: u64) -> Decoder {
    if size == 0 { Decoder::Trailers } else { Decoder::ChunkData(size) }
}

/// 1 to 16 hexadecimal digits, below 2⁶³: what is more is a negative number to many.
fn hexadecimal(digits: &[u8]) -> Result<u64, Malformed> {
    let text = std::str::from_utf8(digits).map_err(|_| Malformed)?;
    if digits.len() > 16 {
        return Err(Malformed);
    }
    let size = u64::from_str_radix(text, 16).map_err(|_| Malformed)?;
    if size > i64::MAX as u64 { Err(Malformed) } else { Ok(size) }
}

/// White space, then a semicolon; no control bytes.
fn check_extension(extension: &[u8]) -> Result<(), Malformed> {
    let first = extension.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
    let clean = extension.iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f));
    if first == Some(&b';') && clean { Ok(()) } else { Err(Malformed) }
}

/// Every line is a field, ends in CRLF, and none says how the message is framed or routed
/// (RFC 9110 §6.5.1). Returns the section's length.
fn check_trailers(input: &[u8], end: usize) -> Result<usize, Malformed> {
    if end > TRAILER_LIMIT {
        return Err(Malformed);
    }
    let section = input.get(..end).ok_or(Malformed)?;
    let mut lines = Lines::new(section);
    for _ in 0..=FIELD_LIMIT {
        match lines.line() {
            Ok(Some(Line::Field { name, .. })) => {
                let known = Known::of(name.of(section));
                if known.is_hop_by_hop() || known.is_structural() {
                    return Err(Malformed);
                }
            }
            Ok(Some(Line::Empty)) if lines.at() == end => return Ok(end),
            _ => return Err(Malformed),
        }
    }
    Err(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes a body that arrives in pieces of `size` bytes: what is forwarded with its framing,
    /// what is payload, and whether it ended; or that it is malformed.
    fn decode(
        framing: Framing,
        body: &[u8],
        size: usize,
    ) -> Result<(Vec<u8>, Vec<u8>, bool), Malformed> {
        let mut decoder = Decoder::new(framing);
        let (mut kept, mut payload, mut buffer) = (Vec::new(), Vec::new(), Vec::new());
        for piece in body.chunks(size.max(1)) {
            buffer.extend_from_slice(piece);
            loop {
                match decoder.step(&buffer)? {
                    Step::Data(n) => {
                        payload.extend_from_slice(&buffer[..n]);
                        kept.extend(buffer.drain(..n));
                    }
                    Step::Framing(n) => kept.extend(buffer.drain(..n)),
                    Step::Skip(n) => drop(buffer.drain(..n)),
                    Step::More => break,
                    Step::End => return Ok((kept, payload, true)),
                }
            }
        }
        Ok((kept, payload, decoder.is_done()))
    }

    #[test]
    fn bodies_end_where_they_say_however_they_arrive() {
        /// Framing, body, what is forwarded of it, what is payload.
        type Row = (Framing, &'static [u8], &'static [u8], &'static [u8]);
        let rows: [Row; 8] = [
            (Framing::None, b"next", b"", b""),
            (Framing::Length(4), b"bodynext", b"body", b"body"),
            (Framing::Chunked, b"0\r\n\r\nnext", b"0\r\n\r\n", b""),
            (Framing::Chunked, b"4\r\nbody\r\n0\r\n\r\n", b"4\r\nbody\r\n0\r\n\r\n", b"body"),
            (
                Framing::Chunked,
                b"1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n",
                b"1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n",
                b"a0123456789",
            ),
            (
                Framing::Chunked,
                b"4;a=\"b\"\r\nbody\r\n0;x\r\n\r\n",
                b"4\r\nbody\r\n0\r\n\r\n",
                b"body",
            ),
            (Framing::Chunked, b"0\r\nx-sum: 1\r\n\r\n", b"0\r\nx-sum: 1\r\n\r\n", b""),
            (Framing::Chunked, b"0001\r\na\r\n000\r\n\r\n", b"0001\r\na\r\n000\r\n\r\n", b"a"),
        ];
        for (framing, body, kept, payload) in rows {
            for size in [1, 2, 3, 7, 100] {
                let expected = Ok((kept.to_vec(), payload.to_vec(), true));
                let text = String::from_utf8_lossy(body);
                assert_eq!(decode(framing, body, size), expected, "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn chunks_that_others_could_read_otherwise_are_refused() {
        let long = [b"1;".to_vec(), vec![b'x'; CHUNK_LINE_LIMIT], b"\r\na\r\n".to_vec()].concat();
        let trailers =
            [b"0\r\na: ".to_vec(), vec![b'x'; TRAILER_LIMIT], b"\r\n\r\n".to_vec()].concat();
        let rows: [&[u8]; 18] = [
            b"\r\n",
            b"x\r\n",
            b"+1\r\na\r\n",
            b"-1\r\na\r\n",
            b"0x1\r\na\r\n",
            b" 1\r\na\r\n",
            b"1 \r\na\r\n",
            b"1\na\r\n",
            b"1\r\naX\r\n",
            b"1\r\na\n0\r\n\r\n",
            b"11111111111111111\r\n",
            b"8000000000000000\r\na",
            b"ffffffffffffffff\r\na",
            b"1;a\rb\r\na\r\n",
            b"0\r\ncontent-length: 5\r\n\r\n",
            b"0\r\na: b\n\r\n\r\n",
            &long,
            &trailers,
        ];
        for body in rows {
            let text = String::from_utf8_lossy(&body[..body.len().min(40)]);
            assert_eq!(decode(Framing::Chunked, body, 100_000), Err(Malformed), "{text:?}");
        }
    }
}
