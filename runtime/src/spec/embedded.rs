//! Texts inside the embedded policy, which is JSON from the generator.
//!
//! Only strings at its top are wanted, so a parser would be too much: a quote inside a JSON string
//! always has a backslash before it, hence `,"name":"` occurs where such a field begins and nowhere
//! else.

/// The string of that name; none if the policy has no such field.
pub(crate) fn field(policy: &[u8], name: &str) -> Option<String> {
    let key = format!(",\"{name}\":\"");
    let start = memchr::memmem::find(policy, key.as_bytes())? + key.len();
    unescape(std::str::from_utf8(policy.get(start..)?).ok()?)
}

/// A JSON string up to its closing quote (RFC 8259 §7).
fn unescape(text: &str) -> Option<String> {
    let mut found = String::new();
    let mut rest = text.chars();
    loop {
        match rest.next()? {
            '"' => return Some(found),
            '\\' => found.push(escaped(&mut rest)?),
            c => found.push(c),
        }
    }
}

fn escaped(rest: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        // The generator writes characters beyond the control codes as they are.
        'u' => {
            let digits = rest.as_str().get(..4)?;
            *rest = rest.as_str().get(4..)?.chars();
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
        }
        c => c,
    })
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn fields_are_found_and_never_inside_other_texts() {
        let policy =
            br#"{"amb-policy":1,"a":"x,\"plan\":\"no\"","plan":"one\n\u00e9 \"two\" \\","n":1}"#;
        assert_eq!(field(policy, "plan").as_deref(), Some("one\n\u{e9} \"two\" \\"));
        assert_eq!(field(policy, "a").as_deref(), Some("x,\"plan\":\"no\""));
        assert_eq!(field(policy, "n"), None);
        assert_eq!(field(b"{,\"cut\":\"abc", "cut"), None);
    }
}
