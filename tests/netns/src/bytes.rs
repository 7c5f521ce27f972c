//! Connections that are not HTTP: servers that speak first, echoes, long streams.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output};
use std::time::Duration;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server says before anybody asks.
pub const GREETING: &str = "220 hello ";

/// Greets with the address that was reached, then says everything back.
pub fn greet(address: &str) {
    serve(address, |mut stream| {
        let here = stream.local_addr().unwrap();
        drop(writeln!(stream, "{GREETING}{here}"));
        drop(std::io::copy(&mut stream.try_clone().unwrap(), &mut stream));
        drop(stream.shutdown(Shutdown::Write));
    });
}

/// Takes offers of another protocol, whatever they are, then says everything back.
pub fn switch(address: &str) {
    serve(address, |mut stream| {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            let Ok(1) = stream.read(&mut byte) else { return };
            head.push(byte[0]);
        }
        drop(stream.write_all(SWITCH.as_bytes()));
        drop(std::io::copy(&mut stream.try_clone().unwrap(), &mut stream));
        drop(stream.shutdown(Shutdown::Write));
    });
}

const SWITCH: &str =
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n";

/// Sends that many bytes of a known pattern, then ends.
pub fn pour(address: &str, bytes: u64) {
    serve(address, move |mut stream| {
        let block: Vec<u8> = (0..PATTERN).map(|at| (at % 251) as u8).collect();
        let mut left = bytes;
        while left > 0 {
            let part = left.min(PATTERN);
            if stream.write_all(&block[..part as usize]).is_err() {
                return;
            }
            left -= part;
        }
        drop(stream.shutdown(Shutdown::Write));
        drop(stream.read(&mut [0]));
    });
}

/// A whole number of turns, so that every block is the same.
const PATTERN: u64 = 251 * 1024;

fn serve(address: &str, each: impl Fn(TcpStream) + Clone + Send + 'static) {
    let listener = TcpListener::bind(address).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let each = each.clone();
            std::thread::spawn(move || each(stream));
        }
    });
}

/// The caller's side of [`greet`]: says nothing until it is greeted, then a word, then no more. In
/// the words of [`crate::calls::make`].
pub fn listen(address: &str) -> String {
    talk(address).unwrap_or_else(|error| format!("{:?}", error.kind()))
}

fn talk(address: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut greeting = Vec::new();
    while !greeting.ends_with(b"\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        greeting.push(byte[0]);
    }
    stream.write_all(b"word")?;
    stream.shutdown(Shutdown::Write)?;
    let mut rest = String::new();
    stream.read_to_string(&mut rest)?;
    assert_eq!(rest, "word");
    let greeting = String::from_utf8(greeting).unwrap();
    Ok(greeting.trim_end().trim_start_matches(GREETING).to_owned())
}

/// Says bytes, and no more; gives what came back.
pub fn say(address: &str, hex: &str) -> String {
    let pairs =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
    let bytes: Vec<u8> = pairs.collect();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&bytes).unwrap();
    // It may have been cut already.
    drop(stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => String::from_utf8_lossy(&answer).into_owned(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

/// The caller's side of [`switch`]: an offer, then bytes that no HTTP would let through.
pub fn offer(address: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let offer = format!(
        "GET /chat HTTP/1.1\r\nhost: {host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(offer.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let frames =
        [b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58".as_slice(), &[0; 70_000]].concat();
    let mut writer = stream.try_clone().unwrap();
    let sent = frames.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&sent).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    writing.join().unwrap();
    assert!(back == frames, "{} bytes came back, not those that were sent", back.len());
    String::from_utf8_lossy(&head[..12]).into_owned()
}

/// The caller's side of [`pour`]: how many bytes came, all of them the right ones.
pub fn drink(address: &str) -> u64 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let block: Vec<u8> = (0..2 * PATTERN).map(|at| (at % 251) as u8).collect();
    let mut buffer = vec![0; PATTERN as usize];
    let mut total = 0_u64;
    loop {
        let read = stream.read(&mut buffer).unwrap();
        if read == 0 {
            return total;
        }
        let at = (total % PATTERN) as usize;
        assert!(buffer[..read] == block[at..at + read], "wrong bytes behind {total}");
        total += read as u64;
    }
}

/// A program under a uid.
pub fn by(uid: u32, program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).uid(uid).gid(uid).output().unwrap()
}

/// CPU time of a process so far, its own and the system's in ms, and the most memory that it has had,
/// in KiB.
pub fn used(process: u32) -> (u64, u64, u64) {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // The kernel counts in hundredths of a second there.
    let millis = |at: usize| fields[at].parse::<u64>().unwrap() * 10;
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    (millis(11), millis(12), peak.trim().trim_end_matches(" kB").parse().unwrap())
}

/// Waits until somebody listens on a port, without connecting.
pub fn until_bound(port: u16) {
    let end = std::time::Instant::now() + PATIENCE;
    let listens = || {
        let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
        sockets.lines().skip(1).any(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields[1].ends_with(&format!(":{port:04X}")) && fields[3] == "0A"
        })
    };
    while !listens() {
        assert!(std::time::Instant::now() < end, "nobody listens on {port}");
        std::thread::yield_now();
    }
}

/// Waits until somebody listens there.
pub fn until_listening(address: &str) {
    let address: SocketAddr = address.parse().unwrap();
    let end = std::time::Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        assert!(std::time::Instant::now() < end, "nobody listens on {address}");
        std::thread::yield_now();
    }
}
