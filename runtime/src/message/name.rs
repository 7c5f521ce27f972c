//! Names without regard to case, eight bytes at a time.
//!
//! A head's names are compared with many others, and all of them are short: a loop over bytes, or
//! one made for long texts, costs more than everything else that is done with a line.

/// Is `text` that name, which is in lower case? Only letters have two forms (RFC 9110 §5.1).
#[inline]
pub(crate) fn is_name(text: &[u8], name: &[u8]) -> bool {
    if text.len() != name.len() {
        return false;
    }
    // The last word overlaps the one before it: no bytes are left over.
    if let (Some(text_end), Some(name_end)) = (text.last_chunk(), name.last_chunk()) {
        let mut words = text.as_chunks().0.iter().zip(name.as_chunks().0);
        return is_word(text_end, name_end) && words.all(|(text, name)| is_word(text, name));
    }
    text.iter().zip(name).all(|(text, name)| text.to_ascii_lowercase() == *name)
}

fn is_word(text: &[u8; 8], name: &[u8; 8]) -> bool {
    lower(u64::from_ne_bytes(*text)) == u64::from_ne_bytes(*name)
}

/// Eight bytes with their capital letters made small.
const fn lower(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let seven = word & (EACH * 0x7f);
    // The upper bit of a byte says: at least `A`; more than `Z`; not ASCII.
    let from_a = seven + EACH * (0x80 - b'A' as u64);
    let beyond_z = seven + EACH * (0x7f - b'Z' as u64);
    let capital = (from_a ^ beyond_z) & !word & (EACH * 0x80);
    word | (capital >> 2)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn every_byte_is_compared_as_the_standard_library_does() {
        for length in 1..=25 {
            let name = vec![b'm'; length];
            for at in 0..length {
                for (byte, other) in
                    (0..=255).flat_map(|a| [b'm', b'@', b'[', b'z', a].map(|b| (a, b)))
                {
                    let (mut text, mut name) = (name.clone(), name.clone());
                    text[at] = byte;
                    name[at] = other.to_ascii_lowercase();
                    let expected = text.eq_ignore_ascii_case(&name);
                    assert_eq!(is_name(&text, &name), expected, "{byte} for {other} at {at}");
                }
            }
        }
        assert!(is_name(b"", b"") && !is_name(b"host", b"hosts"));
    }
}
