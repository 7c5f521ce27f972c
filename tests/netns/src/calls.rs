//! Calls of an application: it dials addresses and knows of no proxy.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What came of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// A server at that address, by a connection of that uid.
    At(SocketAddr, u32),
    /// The proxy answered by itself.
    Proxy(u16),
    /// Nobody was there.
    Refused,
    /// The connection ended, or nothing came.
    Cut,
}

/// Makes calls under a uid, one after the other: `10.1.0.1:80`, or `10.1.0.1:80=shop.test` with a
/// `Host` of its own.
pub fn call(role: &str, uid: u32, destinations: &[&str]) -> Vec<Reached> {
    let mut command = Command::new(role);
    command.arg("call").args(destinations).uid(uid).gid(uid).stderr(Stdio::inherit());
    let output = command.output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(parse).collect()
}

fn parse(line: &str) -> Reached {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["at", address, uid] => Reached::At(address.parse().unwrap(), uid.parse().unwrap()),
        ["proxy", status] => Reached::Proxy(status.parse().unwrap()),
        ["refused"] => Reached::Refused,
        _ => Reached::Cut,
    }
}

/// One call, in the words that [`call`] reads.
pub fn make(destination: &str) -> String {
    let (address, host) = destination.split_once('=').unwrap_or((destination, destination));
    let stream = match TcpStream::connect(address) {
        Ok(stream) => stream,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            return "refused".to_owned();
        }
        Err(_) => return "cut".to_owned(),
    };
    ask(stream, host).unwrap_or_else(|| "cut".to_owned())
}

fn ask(mut stream: TcpStream, host: &str) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.get(9..12)?;
    Some(if status == "200" { format!("at {body}") } else { format!("proxy {status}") })
}
