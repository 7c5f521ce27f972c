//! Servers that answer with where they were reached, and by which uid, or through which proxy.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};

/// Serves these ports on all addresses of both families, for as long as the process lives.
pub fn serve(ports: &[u16]) {
    for port in ports {
        // One socket for both families.
        let listener = TcpListener::bind(("::", *port)).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || answer(&stream));
            }
        });
    }
}

fn answer(mut stream: &TcpStream) {
    // Callers that have gone need no answer.
    let (Ok(here), Ok(there)) = (stream.local_addr(), stream.peer_addr()) else { return };
    let head = BufReader::new(stream).lines().map_while(Result::ok);
    let via = head.take_while(|line| !line.is_empty()).any(|line| line.starts_with("x-via:"));
    let body = match via {
        true => format!("via {}", plain(here)),
        false => format!("at {} {}", plain(here), user(there, here).unwrap_or_default()),
    };
    let length = body.len();
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    drop(stream.write_all(answer.as_bytes()));
}

/// IPv4 on a socket for both.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Who holds the other end of a connection.
fn user(local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let (local, remote) = (plain(local), plain(remote));
    // A socket of both families that speaks IPv4 is in the list of IPv6, written as such. Lists that
    // change while they are read may lack one that was there all the time: they are read again.
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().cycle().take(20).find_map(|list| {
        let list = fs::read_to_string(list).ok()?;
        list.lines().skip(1).find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let ends = (address(fields.get(1)?)?, address(fields.get(2)?)?);
            (ends == (local, remote)).then(|| fields.get(7)?.parse().ok())?
        })
    })
}

/// `0100007F:1F90`: words in the machine's order, the port in the network's.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let words: Option<Vec<u8>> = (0..ip.len())
        .step_by(8)
        .map(|at| u32::from_str_radix(ip.get(at..at + 8)?, 16).ok())
        .map(|word| word.map(u32::to_ne_bytes))
        .collect::<Option<Vec<_>>>()
        .map(|words| words.concat());
    let ip = match words?.as_slice() {
        v4 if v4.len() == 4 => IpAddr::from(<[u8; 4]>::try_from(v4).ok()?),
        v6 => IpAddr::from(<[u8; 16]>::try_from(v6).ok()?),
    };
    Some(plain(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?)))
}
