//! The TCP sockets of the network namespace, as `/proc` lists them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// A connection may take the four numbers of one that is in these states: TIME_WAIT, CLOSE.
const OVER: [&str; 2] = ["06", "07"];

/// Both ends of every connection that lives, our own first.
///
/// # Errors
/// If the list cannot be read.
pub(super) fn connected() -> io::Result<BTreeSet<(SocketAddr, SocketAddr)>> {
    let v4 = fs::read_to_string("/proc/thread-self/net/tcp")?;
    // Where there is no IPv6 there is no such list.
    let v6 = fs::read_to_string("/proc/thread-self/net/tcp6").unwrap_or_default();
    Ok(v4.lines().chain(v6.lines()).filter_map(connection).collect())
}

/// `0: 0100007F:1F90 0100007F:0050 01 …`; the first line of a list is none.
fn connection(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let mut fields = line.split_whitespace().skip(1);
    let ends = (address(fields.next()?)?, address(fields.next()?)?);
    (!OVER.contains(&fields.next()?)).then_some(ends)
}

/// Words in the machine's order, the port in the network's.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let mut bytes = Vec::new();
    for at in (0..ip.len()).step_by(8) {
        bytes.extend(u32::from_str_radix(ip.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    }
    let ip = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(v4) => IpAddr::from(v4),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
    };
    // IPv4 on a socket of both families is written as IPv6.
    Some(SocketAddr::new(ip.to_canonical(), u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_is_there_until_it_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let ends = (caller.local_addr().unwrap(), caller.peer_addr().unwrap());
        assert!(connected().unwrap().contains(&ends));
        // Without a reset: this end waits for a while, and no longer counts.
        drop((caller, listener.accept().unwrap()));
        assert!(!connected().unwrap().contains(&ends));
    }

    #[test]
    fn lines_are_read() {
        let line =
            "0: 00000000000000000000000001000000:1F90 0000000000000000FFFF00000100007F:0050 01";
        let ends = ("[::1]:8080".parse().unwrap(), "127.0.0.1:80".parse().unwrap());
        assert_eq!(connection(line), Some(ends));
        assert_eq!(connection(&line.replace(" 01", " 06")), None);
        assert_eq!(connection("sl local_address rem_address st"), None);
    }
}
