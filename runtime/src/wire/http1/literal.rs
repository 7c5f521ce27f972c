//! Addresses in the place of a host.

use std::fmt::{self, Write};
use std::net::Ipv6Addr;

/// An address of IPv6 in brackets, in the one spelling that RFC 5952 recommends: routes are found by the text,
/// and one address must not have two. What IPv4 can address is written as IPv4.
pub(super) fn is_plain_literal(name: &[u8]) -> bool {
    let inner = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]"));
    let text = inner.and_then(|inner| std::str::from_utf8(inner).ok());
    let Some(address) = text.and_then(|text| text.parse::<Ipv6Addr>().ok()) else { return false };
    let mut rest = Spelling { rest: inner.unwrap_or_default() };
    address.to_ipv4_mapped().is_none() && write!(rest, "{address}").is_ok() && rest.rest.is_empty()
}

/// Takes what is written to it off the front of a text, as long as both are the same but for case.
struct Spelling<'a> {
    rest: &'a [u8],
}

impl Write for Spelling<'_> {
    fn write_str(&mut self, written: &str) -> fmt::Result {
        let (same, rest) = self.rest.split_at_checked(written.len()).ok_or(fmt::Error)?;
        self.rest = rest;
        if same.eq_ignore_ascii_case(written.as_bytes()) { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::is_plain_literal;

    #[test]
    fn an_address_has_one_spelling() {
        for (name, plain) in [
            ("[::1]", true),
            ("[2001:db8::A]", true),
            ("[fe80::1:0:0:1]", true),
            ("[0:0:0:0:0:0:0:1]", false),
            ("[::0001]", false),
            ("[2001:db8:0:0:1:0:0:1]", false),
            ("[::ffff:127.0.0.1]", false),
            ("[::ffff:7f00:1]", false),
            ("[fe80::1%1]", false),
            ("[::1", false),
            ("[]", false),
        ] {
            assert_eq!(is_plain_literal(name.as_bytes()), plain, "{name}");
        }
    }
}
