//! Calls of an application: it dials addresses and knows of no proxy.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, sockopt};

/// What came of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// A server at that address, by a connection of that uid.
    At(SocketAddr, u32),
    /// A server at that address, by a proxy that says so in the request.
    Via(SocketAddr),
    /// The proxy answered by itself.
    Proxy(u16),
    /// Nobody was there.
    Refused,
    /// The connection ended, or nothing came.
    Cut,
}

/// Makes calls under a uid, one after the other: `10.1.0.1:80`, or `10.1.0.1:80=shop.test` with a
/// `Host` of its own, or `10.1.0.1:40000>10.1.0.1:80` from a port of its own.
pub fn call(role: &str, uid: u32, destinations: &[&str]) -> Vec<Reached> {
    call_by(&mut Command::new("setpriv"), role, uid, destinations)
}

/// The same, where `setpriv` is started in another namespace.
pub fn call_by(setpriv: &mut Command, role: &str, uid: u32, destinations: &[&str]) -> Vec<Reached> {
    setpriv.arg(format!("--reuid={uid}")).arg(format!("--regid={uid}")).arg("--clear-groups");
    let call = setpriv.arg(role).arg("call").args(destinations);
    let output = call.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(parse).collect()
}

fn parse(line: &str) -> Reached {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["at", address, uid] => Reached::At(address.parse().unwrap(), uid.parse().unwrap()),
        ["via", address] => Reached::Via(address.parse().unwrap()),
        ["proxy", status] => Reached::Proxy(status.parse().unwrap()),
        ["refused"] => Reached::Refused,
        _ => Reached::Cut,
    }
}

/// Calls without end, until it is dropped.
#[derive(Debug)]
pub struct Load(Child);

impl Load {
    /// Starts calling under a uid.
    pub fn start(role: &str, uid: u32, destination: &str) -> Self {
        let mut command = Command::new(role);
        command.args(["load", destination]).uid(uid).gid(uid);
        Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap())
    }

    /// What came of the calls, and how often.
    pub fn stop(mut self) -> Vec<(Reached, u64)> {
        drop(self.0.stdin.take());
        let mut counts = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut counts).unwrap();
        assert!(self.0.wait().unwrap().success());
        let lines = counts.lines().map(|line| line.split_once(' ').unwrap());
        lines.map(|(count, line)| (parse(line), count.parse().unwrap())).collect()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // It may have been stopped.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Calls until standard input ends, then prints how often each thing came.
pub fn load(destination: &str) {
    let ended = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&ended);
    std::thread::spawn(move || {
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        seen.store(true, Ordering::Relaxed);
    });
    let mut counts = BTreeMap::<String, u64>::new();
    while !ended.load(Ordering::Relaxed) {
        *counts.entry(make(destination)).or_default() += 1;
    }
    counts.iter().for_each(|(line, count)| println!("{count} {line}"));
}

/// One call, in the words that [`call`] reads.
pub fn make(destination: &str) -> String {
    let to = destination.split_once('>').map_or(destination, |(_, to)| to);
    let (address, host) = destination.split_once('=').unwrap_or((destination, to));
    let stream = match connect(address) {
        Ok(stream) => stream,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            return "refused".to_owned();
        }
        Err(_) => return "cut".to_owned(),
    };
    ask(stream, host).unwrap_or_else(|| "cut".to_owned())
}

/// From a port of its own, if one is written before a `>`.
fn connect(address: &str) -> std::io::Result<TcpStream> {
    let Some((from, to)) = address.split_once('>') else { return TcpStream::connect(address) };
    let (from, to): (SocketAddr, SocketAddr) = (from.parse().unwrap(), to.parse().unwrap());
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::net::bind(&socket, &from)?;
    rustix::net::connect(&socket, &to)?;
    Ok(socket.into())
}

/// Connections that are open until it is told to stop.
#[derive(Debug)]
pub struct Parked(Child);

impl Parked {
    /// Opens them under a uid; they are there when this returns.
    pub fn start(role: &str, uid: u32, destinations: &[&str]) -> Self {
        let mut command = Command::new(role);
        command.arg("park").args(destinations).uid(uid).gid(uid);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut here = [0];
        child.stdout.as_mut().unwrap().read_exact(&mut here).unwrap();
        Self(child)
    }

    /// Resets them: nothing is left that waits for late packets.
    pub fn stop(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}

/// The process of [`Parked`].
pub fn park(destinations: &[String]) {
    let streams: Vec<TcpStream> = destinations.iter().map(|it| connect(it).unwrap()).collect();
    println!();
    drop(std::io::stdin().read_to_end(&mut Vec::new()));
    for stream in streams {
        sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    }
}

fn ask(mut stream: TcpStream, host: &str) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.get(9..12)?;
    Some(if status == "200" { body.to_owned() } else { format!("proxy {status}") })
}
