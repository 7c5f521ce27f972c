//! Just enough HTTP/1.1 to play a caller and an upstream: heads, and where bodies end.

use std::io::{self, Read};

/// A message as it came, and its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Every byte, framing included.
    pub raw: Vec<u8>,
    /// The first line.
    pub start: String,
    /// Names in lower case, in order.
    pub fields: Vec<(String, String)>,
    /// Without framing.
    pub body: Vec<u8>,
    /// The field lines behind a chunked body.
    pub trailers: Vec<(String, String)>,
    /// False: the connection ended before the message did.
    pub complete: bool,
}

/// Whether a message without framing fields has a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unframed {
    Empty,
    UntilEnd,
}

impl Message {
    /// The value of a field; panics if it comes twice.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|field| field.0 == name);
        let value = values.next().map(|field| field.1.as_str());
        assert!(values.next().is_none(), "{name} comes twice in {:?}", self.fields);
        value
    }

    /// The status of a response.
    pub fn status(&self) -> u16 {
        let code = self.start.split(' ').nth(1).unwrap_or_default();
        code.parse().unwrap_or_else(|_| panic!("no status in {:?}", self.start))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn is_chunked(&self) -> bool {
        self.field("transfer-encoding") == Some("chunked")
    }

    fn length(&self) -> Option<usize> {
        self.field("content-length").map(|length| length.parse().unwrap())
    }
}

/// Reads messages from a stream, one after the other.
#[derive(Debug)]
pub struct Reader<R> {
    stream: R,
    /// Read, and not yet part of a message.
    ahead: Vec<u8>,
}

impl<R: Read> Reader<R> {
    pub fn new(stream: R) -> Self {
        Self { stream, ahead: Vec::new() }
    }

    pub fn stream(&mut self) -> &mut R {
        &mut self.stream
    }

    /// The next message's head; `None` at the end of the stream.
    pub fn head(&mut self) -> Option<Message> {
        let end = loop {
            match find(&self.ahead, b"\r\n\r\n") {
                Some(at) => break at + 4,
                None if self.more() => {}
                None if self.ahead.is_empty() => return None,
                None => panic!("a head was cut: {:?}", String::from_utf8_lossy(&self.ahead)),
            }
        };
        let raw: Vec<u8> = self.ahead.drain(..end).collect();
        let text = String::from_utf8_lossy(&raw).into_owned();
        let (start, lines) = text.split_once("\r\n").unwrap();
        let (start, fields) = (start.to_owned(), fields(lines));
        Some(Message { raw, start, fields, ..Message::default() })
    }

    /// Adds the body that belongs to a head.
    pub fn body(&mut self, message: &mut Message, unframed: Unframed) {
        message.complete = if message.is_chunked() {
            self.chunks(message)
        } else if let Some(length) = message.length() {
            self.bytes(message, length)
        } else if unframed == Unframed::UntilEnd {
            while self.more() {}
            let left = self.ahead.len();
            self.bytes(message, left)
        } else {
            true
        };
    }

    /// Is there nothing more? Waits for the answer.
    pub fn ended(&mut self) -> bool {
        self.ahead.is_empty() && !self.more()
    }

    /// What was read beyond the last message.
    pub fn ahead(&self) -> &[u8] {
        &self.ahead
    }

    /// The next bytes, as many as come at once; `None` at the end of the stream.
    pub fn some(&mut self) -> Option<Vec<u8>> {
        (!self.ended()).then(|| std::mem::take(&mut self.ahead))
    }

    /// That many bytes, or what comes before the end of the stream.
    pub fn exactly(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Message::default();
        self.bytes(&mut bytes, length);
        bytes.raw
    }

    /// Every byte up to the end of the stream.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.ahead)
    }

    fn bytes(&mut self, message: &mut Message, length: usize) -> bool {
        while self.ahead.len() < length && self.more() {}
        let here = length.min(self.ahead.len());
        let bytes: Vec<u8> = self.ahead.drain(..here).collect();
        message.raw.extend_from_slice(&bytes);
        message.body.extend_from_slice(&bytes);
        here == length
    }

    fn chunks(&mut self, message: &mut Message) -> bool {
        loop {
            let Some(line) = self.line(message) else { return false };
            let digits = line.split(';').next().unwrap().trim();
            match usize::from_str_radix(digits, 16).unwrap() {
                0 => return self.trailers(message),
                size if !self.bytes(message, size) => return false,
                _ => assert_eq!(self.line(message).unwrap_or_default(), "", "after a chunk"),
            }
        }
    }

    fn trailers(&mut self, message: &mut Message) -> bool {
        let mut lines = String::new();
        loop {
            match self.line(message) {
                Some(line) if line.is_empty() => break,
                Some(line) => lines.extend([line.as_str(), "\r\n"]),
                None => return false,
            }
        }
        message.trailers = fields(&lines);
        true
    }

    fn line(&mut self, message: &mut Message) -> Option<String> {
        let end = loop {
            match find(&self.ahead, b"\r\n") {
                Some(at) => break at,
                None if self.more() => {}
                None => return None,
            }
        };
        let line: Vec<u8> = self.ahead.drain(..end + 2).collect();
        message.raw.extend_from_slice(&line);
        Some(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    /// Reads some bytes; false at the end of the stream. A reset is an end, silence is a failure.
    fn more(&mut self) -> bool {
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(read) => {
                self.ahead.extend_from_slice(&buffer[..read]);
                true
            }
            Err(error) if is_silence(&error) => panic!("nothing came for a long time"),
            Err(_) => false,
        }
    }
}

/// A message in one line: `|` is the end of a line, `@` the host, and `@@` the host behind a real `@`.
pub fn wire(row: &str) -> String {
    let hosts = row.replace("@@", "\u{7f}").replace('@', "catalog.shop.svc");
    hosts.replace('\u{7f}', "@catalog.shop.svc").replace('|', "\r\n")
}

fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn fields(lines: &str) -> Vec<(String, String)> {
    lines
        .split("\r\n")
        .filter(|line| !line.is_empty())
        .map(|line| line.split_once(':').unwrap_or_else(|| panic!("no field: {line:?}")))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
