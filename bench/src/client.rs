//! One kept HTTP/1.1 connection of a caller.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::request::HOST;

pub(crate) struct Client {
    stream: TcpStream,
    request: String,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr, path: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nX-Internal-Debug: 1\r\n\r\n");
        Ok(Self { stream, request, buffer: vec![0; 64 << 10] })
    }

    /// One call; the status of the answer, whose body is read and forgotten.
    pub(crate) fn call(&mut self) -> io::Result<u16> {
        self.stream.write_all(self.request.as_bytes())?;
        let mut filled = 0;
        let end = loop {
            filled += self.fill(filled)?;
            if let Some(at) = self.buffer[..filled].windows(4).position(|it| it == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
        let mut rest = length(&head)?.saturating_sub(filled - end);
        while rest > 0 {
            rest = rest.saturating_sub(self.fill(0)?);
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.ok_or_else(|| unexpected(&head))
    }

    fn fill(&mut self, from: usize) -> io::Result<usize> {
        match self.stream.read(&mut self.buffer[from..])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}

/// All origins and all proxies say how long their answers are.
fn length(head: &str) -> io::Result<usize> {
    let line = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    line.and_then(|length| length.trim().parse().ok()).ok_or_else(|| unexpected(head))
}

fn unexpected(head: &str) -> io::Error {
    io::Error::other(format!("an answer without its length: {head}"))
}
