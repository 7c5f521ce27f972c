//! Which server a TLS caller wants: the name in its ClientHello (RFC 8446 §4.1.2, RFC 6066 §3).
//!
//! Nothing is decrypted and nothing is answered. A TLS library could read this too, but it would
//! be linked into proxies that speak no TLS themselves, for the sake of one field.

/// The longest ClientHello that is waited for. Usual ones have less than 2 KiB.
pub(super) const LIMIT: usize = 64 * 1024;

/// The type of records that carry handshake messages, and the version that all of TLS writes there.
const HANDSHAKE: u8 = 22;
const MAJOR: u8 = 3;
const RECORD_LIMIT: usize = 1 << 14;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;

/// What the first bytes of a connection are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hello {
    Incomplete,
    /// Not TLS at all.
    Foreign,
    /// It begins as a ClientHello, and is none.
    Malformed,
    Unnamed,
    /// Lower case.
    Named(Vec<u8>),
}

/// Judges what has arrived so far.
pub(crate) fn read(bytes: &[u8]) -> Hello {
    if bytes.iter().zip([HANDSHAKE, MAJOR]).any(|(is, should)| *is != should) {
        return Hello::Foreign;
    }
    match message(bytes) {
        Ok(Some(message)) => match name(&message) {
            Some(Some(name)) => Hello::Named(name),
            Some(None) => Hello::Unnamed,
            None => Hello::Malformed,
        },
        Ok(None) if bytes.len() < LIMIT => Hello::Incomplete,
        Ok(None) | Err(Malformed) => Hello::Malformed,
    }
}

struct Malformed;

/// The body of the handshake message, which may be spread over several records.
fn message(bytes: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
    let mut parts = Vec::new();
    let mut rest = Reader(bytes);
    let (mut gathered, mut wanted) = (0, None);
    while let Some(header) = rest.take(5) {
        let [HANDSHAKE, MAJOR, _, high, low] = *header else { return Err(Malformed) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length == 0 || length > RECORD_LIMIT {
            return Err(Malformed);
        }
        let part = rest.up_to(length);
        gathered += part.len();
        parts.push(part);
        wanted = match wanted {
            None => length_of(&parts)?,
            known => known,
        };
        if let Some(wanted) = wanted.filter(|wanted| gathered >= *wanted) {
            let message: Vec<u8> = parts.concat();
            return Ok(message.get(4..wanted).map(<[u8]>::to_vec));
        }
        if part.len() < length {
            break;
        }
    }
    Ok(None)
}

/// How long the message is, its header included, once that is there.
fn length_of(parts: &[&[u8]]) -> Result<Option<usize>, Malformed> {
    let start: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).take(4).collect();
    if start.first().is_some_and(|kind| *kind != CLIENT_HELLO) {
        return Err(Malformed);
    }
    let [_, high, middle, low] = *start.as_slice() else { return Ok(None) };
    let length = u32::from_be_bytes([0, high, middle, low]) as usize + 4;
    if length > LIMIT { Err(Malformed) } else { Ok(Some(length)) }
}

/// The server's name, if the message has one; `None` if it is malformed.
fn name(message: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut message = Reader(message);
    // Version and random value.
    message.take(2 + 32)?;
    let session = message.short()?;
    let suites = message.long()?;
    let compressions = message.short()?;
    if session.len() > 32 || suites.is_empty() || suites.len() % 2 == 1 || compressions.is_empty() {
        return None;
    }
    if message.0.is_empty() {
        // Clients of old had no extensions.
        return Some(None);
    }
    let mut extensions = Reader(message.long()?);
    if !message.0.is_empty() {
        return None;
    }
    let mut found = None;
    while !extensions.0.is_empty() {
        let (kind, data) = (extensions.number()?, extensions.long()?);
        if kind == SERVER_NAME && found.replace(host_name(data)?).is_some() {
            return None;
        }
    }
    Some(found)
}

/// A list of names of which only one kind has ever been defined, and only one may be of a kind.
fn host_name(data: &[u8]) -> Option<Vec<u8>> {
    let mut data = Reader(data);
    let mut list = Reader(data.long()?);
    let [HOST_NAME] = *list.take(1)? else { return None };
    let name = list.long()?;
    let name = name.strip_suffix(b".").unwrap_or(name);
    let sane = !name.is_empty() && name.len() <= 255 && name.iter().all(u8::is_ascii_graphic);
    (sane && list.0.is_empty() && data.0.is_empty()).then(|| name.to_ascii_lowercase())
}

/// What is left of some bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// As many as there are, if there are fewer.
    fn up_to(&mut self, count: usize) -> &'a [u8] {
        self.take(count.min(self.0.len())).unwrap_or_default()
    }

    fn number(&mut self) -> Option<u16> {
        let [high, low] = *self.take(2)? else { return None };
        Some(u16::from_be_bytes([high, low]))
    }

    /// Bytes behind their length in one byte.
    fn short(&mut self) -> Option<&'a [u8]> {
        let [length] = *self.take(1)? else { return None };
        self.take(length.into())
    }

    /// Bytes behind their length in two bytes.
    fn long(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length.into())
    }
}

#[cfg(test)]
mod tests {
    use super::{Hello, LIMIT, read};

    fn short(bytes: &[u8]) -> Vec<u8> {
        [&[u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }

    fn long(bytes: &[u8]) -> Vec<u8> {
        [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &long(data)].concat()
    }

    fn server_name(name: &[u8]) -> Vec<u8> {
        extension(0, &long(&[&[0][..], &long(name)].concat()))
    }

    fn message(extensions: Option<Vec<u8>>) -> Vec<u8> {
        let mut body = [&[3, 3][..], &[7; 32], &short(&[9; 32])].concat();
        body.extend(long(&[0x13, 1, 0x13, 2]));
        body.extend(short(&[0]));
        body.extend(extensions.iter().flat_map(|all| long(all)));
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[1], &length[1..], &body].concat()
    }

    /// The message in records of that many bytes.
    fn records(message: &[u8], size: usize) -> Vec<u8> {
        message.chunks(size).flat_map(|part| [&[22, 3, 1][..], &long(part)].concat()).collect()
    }

    fn named(name: &[u8]) -> Vec<u8> {
        message(Some([extension(10, &[0; 4]), server_name(name), extension(16, &[])].concat()))
    }

    #[test]
    fn the_name_is_found_however_the_bytes_arrive() {
        let expected = Hello::Named(b"bank.example.com".to_vec());
        for size in [1, 2, 3, 5, 60, 1 << 14] {
            let bytes = records(&named(b"Bank.Example.com"), size);
            for end in 0..bytes.len() {
                assert_eq!(read(&bytes[..end]), Hello::Incomplete, "{end} of records of {size}");
            }
            assert_eq!(read(&bytes), expected, "records of {size}");
            // What follows is the tunnel's.
            assert_eq!(read(&[&bytes[..], b"more"].concat()), expected);
        }
    }

    #[test]
    fn every_kind_of_beginning_is_told_apart() {
        let whole = |extensions| records(&message(extensions), 1 << 14);
        let two = [server_name(b"a"), server_name(b"b")].concat();
        let no_host = extension(0, &long(&[&[1][..], &long(b"a")].concat()));
        let rows = [
            ("nothing yet", vec![], Hello::Incomplete),
            ("HTTP", b"GET / HTTP/1.1\r\n".to_vec(), Hello::Foreign),
            ("PostgreSQL asks for TLS", vec![0, 0, 0, 8, 4, 210, 22, 47], Hello::Foreign),
            ("a record of no known version", vec![22, 2], Hello::Foreign),
            ("no extensions", whole(None), Hello::Unnamed),
            ("no name among them", whole(Some(extension(43, &[2, 3, 4]))), Hello::Unnamed),
            ("two names", whole(Some(two)), Hello::Malformed),
            ("a name of no known kind", whole(Some(no_host)), Hello::Malformed),
            ("an empty name", whole(Some(server_name(b""))), Hello::Malformed),
            ("a name with a gap", whole(Some(server_name(b"a b"))), Hello::Malformed),
            ("an extension that is cut", whole(Some(vec![0, 0, 0, 9, 1])), Hello::Malformed),
            ("an empty record", vec![22, 3, 1, 0, 0], Hello::Malformed),
            ("a record beyond its limit", vec![22, 3, 1, 0x40, 1], Hello::Malformed),
            ("another message", records(&[2, 0, 0, 0], 4), Hello::Malformed),
            ("a message without end", records(&[1, 1, 0, 1], 4), Hello::Malformed),
            ("another record inside", vec![22, 3, 1, 0, 1, 1, 23, 3, 3, 0, 1], Hello::Malformed),
        ];
        for (what, bytes, expected) in rows {
            assert_eq!(read(&bytes), expected, "{what}");
        }
    }

    #[test]
    fn no_byte_that_is_changed_does_harm() {
        let bytes = records(&named(b"bank.example.com"), 40);
        for at in 0..bytes.len() {
            for value in 0..=255 {
                let mut changed = bytes.clone();
                changed[at] = value;
                drop(read(&changed));
            }
        }
        // Nobody is waited for beyond the limit.
        let endless = records(&[&[1, 0, 0xff, 0xfb][..], &[0; LIMIT]].concat(), 1);
        assert_eq!(read(&endless[..LIMIT]), Hello::Malformed);
    }
}
