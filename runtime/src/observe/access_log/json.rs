//! Just enough JSON to write: objects, strings, numbers.

/// Bytes that a string may grow to in the output; what is left is cut off.
const TEXT_LIMIT: usize = 2048;

/// What a cut string ends with.
const CUT: &[u8] = "…".as_bytes();

/// Appends to a buffer. Commas are put where they belong.
#[derive(Debug)]
pub(crate) struct Json<'b> {
    buffer: &'b mut Vec<u8>,
    /// Something stands before the next item.
    comma: bool,
    limit: usize,
}

impl<'b> Json<'b> {
    /// Strings are cut when they become long: for log lines, whose texts are the caller's.
    pub(crate) fn bounded(buffer: &'b mut Vec<u8>) -> Self {
        Self { buffer, comma: false, limit: TEXT_LIMIT }
    }

    pub(crate) fn unbounded(buffer: &'b mut Vec<u8>) -> Self {
        Self { buffer, comma: false, limit: usize::MAX }
    }

    /// Bytes written so far, with what stood in the buffer before.
    pub(crate) fn len(&self) -> usize {
        self.buffer.len()
    }

    pub(crate) fn object(&mut self, content: impl FnOnce(&mut Json<'_>)) {
        self.nested(b'{', b'}', content);
    }

    pub(crate) fn array(&mut self, content: impl FnOnce(&mut Json<'_>)) {
        self.nested(b'[', b']', content);
    }

    /// The name of what is written next: a word of ours, or a field's name. Neither has a byte that
    /// JSON would write otherwise.
    pub(crate) fn key(&mut self, name: &'static str) -> &mut Self {
        self.separate();
        self.buffer.push(b'"');
        self.buffer.extend_from_slice(name.as_bytes());
        self.buffer.extend_from_slice(b"\":");
        self.comma = false;
        self
    }

    /// A string in one piece.
    pub(crate) fn text(&mut self, bytes: &[u8]) {
        self.pieces([bytes]);
    }

    /// A string in several pieces.
    pub(crate) fn pieces<'t>(&mut self, pieces: impl IntoIterator<Item = &'t [u8]>) {
        self.separate();
        self.buffer.push(b'"');
        let end = self.buffer.len().saturating_add(self.limit);
        let fits = pieces.into_iter().all(|piece| escape(piece, self.buffer, end));
        if !fits {
            self.buffer.extend_from_slice(CUT);
        }
        self.buffer.push(b'"');
    }

    pub(crate) fn number(&mut self, number: impl itoa::Integer) {
        self.decimal(number, b"");
    }

    /// A number with a fraction: a point and digits.
    pub(crate) fn decimal(&mut self, whole: impl itoa::Integer, fraction: &[u8]) {
        self.separate();
        self.buffer.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
        self.buffer.extend_from_slice(fraction);
    }

    fn nested(&mut self, open: u8, close: u8, content: impl FnOnce(&mut Json<'_>)) {
        self.separate();
        self.buffer.push(open);
        content(&mut Json { buffer: self.buffer, comma: false, limit: self.limit });
        self.buffer.push(close);
    }

    fn separate(&mut self) {
        if self.comma {
            self.buffer.push(b',');
        }
        self.comma = true;
    }
}

/// Appends a piece of a string; false if it would reach beyond `end`, and is cut before.
fn escape(piece: &[u8], buffer: &mut Vec<u8>, end: usize) -> bool {
    let mut rest = piece;
    while !rest.is_empty() {
        // Most texts are such a run, and are copied at once.
        let (run, after) = split(rest, is_plain);
        let room = run.len().min(end - buffer.len());
        buffer.extend_from_slice(run.get(..room).unwrap_or_default());
        let (special, after) = split(after, |byte| !is_plain(byte));
        if room < run.len() || !escape_special(special, buffer, end) {
            return false;
        }
        rest = after;
    }
    true
}

/// Stands in a JSON string as it is.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Before and from the first byte that fails the test.
fn split(bytes: &[u8], test: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(|&byte| !test(byte)).unwrap_or(bytes.len()))
}

fn escape_special(special: &[u8], buffer: &mut Vec<u8>, end: usize) -> bool {
    special.utf8_chunks().all(|chunk| {
        let valid = chunk.valid().chars().all(|c| escape_char(c, buffer, end));
        // What is not UTF-8 is written byte by byte: nothing is lost, and nothing is invented.
        valid && chunk.invalid().iter().all(|&byte| unicode(byte, buffer, end))
    })
}

fn escape_char(c: char, buffer: &mut Vec<u8>, end: usize) -> bool {
    match c {
        '"' => put(b"\\\"", buffer, end),
        '\\' => put(b"\\\\", buffer, end),
        '\n' => put(b"\\n", buffer, end),
        '\r' => put(b"\\r", buffer, end),
        '\t' => put(b"\\t", buffer, end),
        '\0'..='\x1f' | '\x7f' => unicode(c as u8, buffer, end),
        c => put(c.encode_utf8(&mut [0; 4]).as_bytes(), buffer, end),
    }
}

fn unicode(byte: u8, buffer: &mut Vec<u8>, end: usize) -> bool {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).map_or(b'0', |c| c as u8);
    put(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)], buffer, end)
}

fn put(bytes: &[u8], buffer: &mut Vec<u8>, end: usize) -> bool {
    let fits = buffer.len() + bytes.len() <= end;
    if fits {
        buffer.extend_from_slice(bytes);
    }
    fits
}
