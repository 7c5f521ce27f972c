//! The application's end: raw bytes in, answers out.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};

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
