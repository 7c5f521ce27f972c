//! The first message of TLS: whom the proxy takes a caller to want is whom rustls would serve.
//!
//! Allowed differences:
//!
//! - What rustls refuses, it does for what is behind the name (algorithms, versions).
//! - A name that is an address names nobody to rustls (RFC 6066 §3).
//! - rustls waits for the end of a record even if the message in it has ended.

use std::io::ErrorKind;
use std::net::IpAddr;

use amb_runtime::testing::parse_hello;
use rand::{Rng, RngExt as _};
use rustls::server::Acceptor;

/// What rustls makes of the bytes.
enum Theirs {
    Incomplete,
    Refused,
    Named(Option<String>),
}

/// Compares both readings.
///
/// # Errors
/// What was understood differently.
pub(super) fn compare(bytes: &[u8]) -> Result<usize, String> {
    let Ok(ours) = parse_hello(bytes) else { return Ok(0) };
    let Some(ours) = ours else {
        return match read(bytes) {
            Theirs::Named(theirs) => Err(format!("incomplete to us; rustls reads {theirs:?}")),
            Theirs::Incomplete | Theirs::Refused => Ok(0),
        };
    };
    let ours = ours.server_name.map(|name| String::from_utf8(name).unwrap());
    let ended = [bytes, &[0; 1 << 14]].concat();
    match read(&ended) {
        Theirs::Incomplete => Err(format!("incomplete to rustls; ours is {ours:?}")),
        Theirs::Refused => Ok(0),
        Theirs::Named(theirs) => {
            let is_address = ours.as_ref().is_some_and(|name| name.parse::<IpAddr>().is_ok());
            let same = ours == theirs || is_address && theirs.is_none();
            if same { Ok(1) } else { Err(format!("ours is {ours:?}, rustls reads {theirs:?}")) }
        }
    }
}

fn read(mut bytes: &[u8]) -> Theirs {
    let mut acceptor = Acceptor::default();
    loop {
        match acceptor.read_tls(&mut bytes) {
            Ok(0) => return Theirs::Incomplete,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Theirs::Refused,
        }
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                let name = accepted
                    .client_hello()
                    .server_name()
                    .map(|name| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase());
                return Theirs::Named(name);
            }
            Err(_) => return Theirs::Refused,
        }
    }
}

/// Hellos as browsers and libraries send them: with a name, an address, none, in pieces, large.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let large = extension(21, &[0; 17_000]);
    let rows = [
        (vec![server_name(b"bank.example.com")], 1 << 14),
        (vec![server_name(b"Bank.Example.com.")], 1 << 14),
        (vec![server_name(b"192.0.2.1")], 1 << 14),
        (vec![], 1 << 14),
        (vec![server_name(b"a.b")], 1),
        (vec![extension(16, b"\0\x0c\x02h2\x08http/1.1"), server_name(b"a_b.c")], 40),
        (vec![large, server_name(b"behind.padding.example")], 1 << 14),
    ];
    rows.into_iter().map(|(extensions, size)| records(&message(&extensions), size)).collect()
}

/// A seed with other bytes, or extensions in an order, a number and a size that nobody sends.
pub(super) fn mutate(random: &mut impl Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    if random.random() {
        return super::mutate::mutate(random, corpus);
    }
    let extensions: Vec<_> = (0..random.random_range(0..5_u32)).map(|_| any(random)).collect();
    let mut bytes = message(&extensions);
    for _ in 0..random.random_range(0..3_u32) {
        let at = random.random_range(0..bytes.len());
        bytes[at] = random.random();
    }
    let size = [1, 5, 64, 1 << 14][random.random_range(0..4_usize)];
    let mut bytes = records(&bytes, size);
    bytes.truncate(random.random_range(bytes.len() / 2..=bytes.len() * 2));
    bytes
}

fn any(random: &mut impl Rng) -> Vec<u8> {
    const NAMES: [&[u8]; 12] = [
        b"a",
        b"A.Example",
        b"a.",
        b".a",
        b"a..b",
        b"a b",
        b"",
        b"-a",
        b"*.a",
        b"a_b",
        b"1.2.3.4",
        b"\xff",
    ];
    match random.random_range(0..5_u32) {
        0 | 1 => server_name(NAMES[random.random_range(0..NAMES.len())]),
        2 => {
            let entry = |kind: u8, name: &[u8]| [&[kind][..], &long(name)].concat();
            let entries = [entry(random.random_range(0..2), b"a.example"), entry(0, b"b.example")];
            extension(0, &long(&entries.concat()))
        }
        3 => extension(random.random_range(0..64), &vec![0; random.random_range(0..300)]),
        _ => extension(0, &vec![random.random(); random.random_range(0..9)]),
    }
}

fn server_name(name: &[u8]) -> Vec<u8> {
    extension(0, &long(&[&[0][..], &long(name)].concat()))
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &long(data)].concat()
}

/// Of TLS 1.2, behind what rustls wants of every client: signature schemes and groups.
fn message(extensions: &[Vec<u8>]) -> Vec<u8> {
    let wanted = [extension(13, &long(&[4, 3, 8, 4])), extension(10, &long(&[0, 29]))].concat();
    let mut body = [&[3, 3][..], &[7; 32], &[4, 9, 9, 9, 9]].concat();
    body.extend(long(&[0x13, 1, 0xc0, 0x2f]));
    body.extend([1, 0]);
    body.extend(long(&[wanted, extensions.concat()].concat()));
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[1], &length[1..], &body].concat()
}

/// The message in records of that many bytes.
fn records(message: &[u8], size: usize) -> Vec<u8> {
    message.chunks(size).flat_map(|part| [&[22, 3, 1][..], &long(part)].concat()).collect()
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}
