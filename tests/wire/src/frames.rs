//! HTTP/2 by hand: frames as bytes, for everything that a well-behaved peer never sends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::PATIENCE;
use crate::upstream::Connection;

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const ACK: u8 = 0x1;
pub const END_STREAM: u8 = 0x1;
pub const END_HEADERS: u8 = 0x4;
pub const PADDED: u8 = 0x8;
pub const PRIORITISED: u8 = 0x20;
/// A request without a body in one frame.
pub const WHOLE: u8 = END_STREAM | END_HEADERS;

pub const NO_ERROR: u32 = 0x0;
pub const PROTOCOL_ERROR: u32 = 0x1;
pub const INTERNAL_ERROR: u32 = 0x2;
pub const FLOW_CONTROL_ERROR: u32 = 0x3;
pub const STREAM_CLOSED: u32 = 0x5;
pub const FRAME_SIZE_ERROR: u32 = 0x6;
pub const REFUSED_STREAM: u32 = 0x7;
pub const CANCEL: u32 = 0x8;
pub const COMPRESSION_ERROR: u32 = 0x9;
pub const ENHANCE_YOUR_CALM: u32 = 0xb;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn new(kind: u8, flags: u8, stream: u32, payload: impl AsRef<[u8]>) -> Self {
        Self { kind, flags, stream, payload: payload.as_ref().to_vec() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let length = (self.payload.len() as u32).to_be_bytes();
        let mut bytes = length[1..].to_vec();
        bytes.extend([self.kind, self.flags]);
        bytes.extend(self.stream.to_be_bytes());
        bytes.extend(&self.payload);
        bytes
    }

    /// The next frame of a stream that hands out exactly as many bytes as it is asked for, or fewer
    /// at its end.
    pub fn read(mut take: impl FnMut(usize) -> Vec<u8>) -> Option<Self> {
        let head = take(9);
        let &[a, b, c, kind, flags, w, x, y, z] = head.as_slice() else { return None };
        let payload = take(u32::from_be_bytes([0, a, b, c]) as usize);
        Some(Self { kind, flags, stream: u32::from_be_bytes([w, x, y, z]), payload })
    }

    pub fn is(&self, kind: u8, flag: u8) -> bool {
        self.kind == kind && self.flags & flag == flag
    }

    /// The error code of RST_STREAM and GOAWAY.
    pub fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    /// The status with which a response's HEADERS begin.
    pub fn status(&self) -> u16 {
        const STATIC: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
        match self.payload.as_slice() {
            [indexed @ 0x88..=0x8e, ..] => STATIC[usize::from(indexed - 0x88)],
            // A literal whose name is `:status`.
            [0x08 | 0x48, length, rest @ ..] if length & 0x80 == 0 => {
                let text = std::str::from_utf8(&rest[..usize::from(*length)]).unwrap();
                text.parse().unwrap()
            }
            [0x08 | 0x48, length, rest @ ..] => digits(&rest[..usize::from(length & 0x7f)]),
            other => panic!("no status in {other:x?}"),
        }
    }
}

/// Three digits in HPACK's Huffman code (RFC 7541, appendix B).
fn digits(coded: &[u8]) -> u16 {
    let bits: String = coded.iter().map(|byte| format!("{byte:08b}")).collect();
    let (mut rest, mut number) = (bits.as_str(), 0);
    for _ in 0..3 {
        let long = rest.as_bytes()[..2] != *b"00" || rest.as_bytes()[2] == b'1';
        let (code, after) = rest.split_at(if long { 6 } else { 5 });
        let code = u16::from_str_radix(code, 2).unwrap();
        number = number * 10 + if long { code - 0b011001 + 3 } else { code };
        rest = after;
    }
    number
}

/// Fields as HPACK literals that nobody remembers.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0x00);
        for text in [name, value] {
            integer(&mut block, 7, text.len());
            block.extend(text.as_bytes());
        }
    }
    block
}

/// An integer with a prefix of that many bits (RFC 7541 §5.1).
fn integer(block: &mut Vec<u8>, prefix: u32, number: usize) {
    let most = (1 << prefix) - 1;
    if number < most {
        return block.push(number as u8);
    }
    block.push(most as u8);
    let mut left = number - most;
    while left >= 128 {
        block.push((left % 128 + 128) as u8);
        left /= 128;
    }
    block.push(left as u8);
}

pub fn headers(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Frame {
    Frame::new(HEADERS, flags, stream, block(fields))
}

pub fn data(stream: u32, flags: u8, payload: impl AsRef<[u8]>) -> Frame {
    Frame::new(DATA, flags, stream, payload)
}

pub fn reset(stream: u32, code: u32) -> Frame {
    Frame::new(RST_STREAM, 0, stream, code.to_be_bytes())
}

pub fn window_update(stream: u32, by: u32) -> Frame {
    Frame::new(WINDOW_UPDATE, 0, stream, by.to_be_bytes())
}

pub fn go_away(last: u32, code: u32) -> Frame {
    Frame::new(GOAWAY, 0, 0, [last.to_be_bytes(), code.to_be_bytes()].concat())
}

pub fn settings(values: &[(u16, u32)]) -> Frame {
    let values = values
        .iter()
        .flat_map(|(id, value)| id.to_be_bytes().into_iter().chain(value.to_be_bytes()));
    Frame::new(SETTINGS, 0, 0, values.collect::<Vec<u8>>())
}

/// A caller that speaks HTTP/2, frame by frame.
pub struct Peer {
    stream: TcpStream,
}

impl Peer {
    /// Connects, begins, and waits for the proxy's settings.
    pub fn connect(proxy: SocketAddr) -> Self {
        Self::connect_with(proxy, &[])
    }

    pub fn connect_with(proxy: SocketAddr, values: &[(u16, u32)]) -> Self {
        let mut peer = Self::silent(proxy);
        peer.send([PREFACE, &settings(values).bytes()].concat());
        assert_eq!(peer.receive().map(|frame| frame.kind), Some(SETTINGS));
        peer.frame(&Frame::new(SETTINGS, ACK, 0, []));
        peer
    }

    /// Connects and says nothing.
    pub fn silent(proxy: SocketAddr) -> Self {
        let stream = TcpStream::connect(proxy).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream }
    }

    /// How long something may take that must come.
    pub fn patience(&mut self, patience: Duration) {
        self.stream.set_read_timeout(Some(patience)).unwrap();
    }

    /// Sends bytes. If the proxy has stopped reading, its last frames say why.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        drop(self.stream.write_all(bytes.as_ref()));
    }

    pub fn frame(&mut self, frame: &Frame) {
        self.send(frame.bytes());
    }

    pub fn frames(&mut self, frames: &[Frame]) {
        self.send(frames.iter().flat_map(Frame::bytes).collect::<Vec<_>>());
    }

    /// The next frame; `None` once the connection has ended, or nothing has come for a long time.
    pub fn receive(&mut self) -> Option<Frame> {
        Frame::read(|length| {
            let mut bytes = vec![0; length];
            let mut read = 0;
            while read < length {
                match self.stream.read(&mut bytes[read..]) {
                    Ok(0) => break,
                    Ok(n) => read += n,
                    Err(_) => break,
                }
            }
            bytes.truncate(read);
            bytes
        })
    }

    /// The next frame for which this holds; `None` if the connection ends before.
    pub fn find(&mut self, mut wanted: impl FnMut(&Frame) -> bool) -> Option<Frame> {
        loop {
            let frame = self.receive()?;
            if wanted(&frame) {
                return Some(frame);
            }
        }
    }

    /// The code of GOAWAY with which the connection ends; `None` if it ends without.
    pub fn goodbye(&mut self) -> Option<u32> {
        let mut code = None;
        while let Some(frame) = self.receive() {
            if frame.kind == GOAWAY {
                code = Some(frame.code());
            }
        }
        code
    }

    /// Does the proxy still answer on this connection?
    pub fn is_alive(&mut self) -> bool {
        self.frame(&Frame::new(PING, 0, 0, b"alive?  "));
        self.find(|frame| frame.is(PING, ACK) && frame.payload == b"alive?  ").is_some()
    }
}

/// An upstream's connection that speaks HTTP/2, frame by frame.
pub struct Serving<'c>(&'c mut Connection);

impl<'c> Serving<'c> {
    /// Reads the preface and begins; `None` if the proxy did not.
    pub fn begin(connection: &'c mut Connection, values: &[(u16, u32)]) -> Option<Self> {
        let mut serving = Self::listen(connection)?;
        serving.say(values);
        Some(serving)
    }

    /// Reads the preface, and says nothing yet.
    pub fn listen(connection: &'c mut Connection) -> Option<Self> {
        (connection.exactly(PREFACE.len()) == PREFACE).then_some(Self(connection))
    }

    /// What `begin` says.
    pub fn say(&mut self, values: &[(u16, u32)]) -> bool {
        self.send(&[settings(values), Frame::new(SETTINGS, ACK, 0, [])])
    }

    /// The next frame; `None` once the connection has ended.
    pub fn receive(&mut self) -> Option<Frame> {
        Frame::read(|length| self.0.exactly(length))
    }

    /// The next frame for which this holds; `None` if the connection ends before.
    pub fn find(&mut self, wanted: impl Fn(&Frame) -> bool) -> Option<Frame> {
        loop {
            let frame = self.receive()?;
            if wanted(&frame) {
                return Some(frame);
            }
        }
    }

    /// The stream of the next request that has ended.
    pub fn request(&mut self) -> Option<u32> {
        let ends = |frame: &Frame| {
            matches!(frame.kind, HEADERS | DATA) && frame.is(frame.kind, END_STREAM)
        };
        self.find(ends).map(|frame| frame.stream)
    }

    /// False if nobody takes them.
    pub fn send(&mut self, frames: &[Frame]) -> bool {
        self.0.send(frames.iter().flat_map(Frame::bytes).collect::<Vec<_>>())
    }

    /// Ends the connection in the middle.
    pub fn cut(&mut self) {
        self.0.end();
    }

    /// A response with that body.
    pub fn answer(&mut self, stream: u32, body: &str) -> bool {
        let head = headers(stream, END_HEADERS, &[(":status", "200")]);
        self.send(&[head, data(stream, END_STREAM, body)])
    }
}
