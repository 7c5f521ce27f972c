//! The application's end: raw bytes in, answers out.

use std::fs;
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

use crate::message::{Message, Reader, Unframed};
use crate::{HOST, PATIENCE};

/// One connection to the proxy.
pub struct Caller {
    reader: Reader<TcpStream>,
}

/// A request without a body, as most tests need it.
pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {HOST}\r\n\r\n")
}

/// A request with a body. `fields` are whole lines.
pub fn with_body(start: &str, fields: &str, body: &str) -> String {
    let length = body.len();
    format!("{start} HTTP/1.1\r\nhost: {HOST}\r\n{fields}content-length: {length}\r\n\r\n{body}")
}

impl Caller {
    pub fn connect(proxy: SocketAddr) -> Self {
        Self::of(TcpStream::connect(proxy).unwrap())
    }

    /// Little fits between it and the proxy: less than 100 KiB, since the system of a sender keeps room
    /// for a number of segments, and these are small.
    pub fn connect_narrowly(proxy: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.set_tcp_mss(536).unwrap();
        socket.connect(&proxy.into()).unwrap();
        Self::of(socket.into())
    }

    pub fn of(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { reader: Reader::new(stream) }
    }

    /// One call on this connection.
    pub fn call(&mut self, request: impl AsRef<[u8]>) -> Message {
        self.send(request);
        self.answer()
    }

    /// The head of the answer to a request; what follows is not the answer's body.
    pub fn head_of(&mut self, request: impl AsRef<[u8]>) -> Message {
        self.send(request);
        self.head()
    }

    /// Sends bytes. If the proxy has stopped reading, its answer says why.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        drop(self.reader.stream().write_all(bytes.as_ref()));
    }

    /// The connection as it is.
    pub fn stream(&mut self) -> &mut TcpStream {
        self.reader.stream()
    }

    /// Sends nothing more, but still reads.
    pub fn finish(&mut self) {
        self.reader.stream().shutdown(Shutdown::Write).unwrap();
    }

    /// The next answer with its body.
    pub fn answer(&mut self) -> Message {
        self.try_answer().expect("the connection ended without an answer")
    }

    /// The next answer with its body; `None` if the connection ended instead.
    pub fn try_answer(&mut self) -> Option<Message> {
        let mut answer = self.reader.head()?;
        let bodiless = matches!(answer.status(), 100..=199 | 204 | 304);
        let unframed = if bodiless { Unframed::Empty } else { Unframed::UntilEnd };
        self.reader.body(&mut answer, unframed);
        Some(answer)
    }

    /// The next answer's head; for answers whose fields speak of a body that is not there.
    pub fn head(&mut self) -> Message {
        self.reader.head().expect("the connection ended without an answer")
    }

    /// Bytes that the proxy has written, and that have not been read: in its socket's queue and in ours, as
    /// proc(5) tells.
    pub fn unread(&mut self) -> usize {
        let stream = self.stream();
        let ports = [stream.local_addr().unwrap().port(), stream.peer_addr().unwrap().port()];
        let [ours, theirs] = ports.map(|port| format!(":{port:04X}"));
        let sockets = fs::read_to_string("/proc/net/tcp").unwrap();
        let queued = |socket: &str| {
            let fields: Vec<_> = socket.split_whitespace().collect();
            let (sent, received) = fields[4].split_once(':')?;
            let queue = match (fields[1], fields[2]) {
                (local, peer) if local.ends_with(&theirs) && peer.ends_with(&ours) => sent,
                (local, peer) if local.ends_with(&ours) && peer.ends_with(&theirs) => received,
                _ => return None,
            };
            usize::from_str_radix(queue, 16).ok()
        };
        sockets.lines().skip(1).filter_map(queued).sum()
    }

    /// Has the proxy closed? Waits for the answer: bytes or the end.
    pub fn is_closed(&mut self) -> bool {
        self.reader.ended()
    }

    /// The next bytes behind an answer.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        self.reader.exactly(length)
    }

    /// Every byte up to the end of the connection.
    pub fn rest(&mut self) -> Vec<u8> {
        self.reader.rest()
    }
}

/// One call on a connection of its own.
pub fn call(proxy: SocketAddr, request: impl AsRef<[u8]>) -> Message {
    Caller::connect(proxy).call(request)
}
