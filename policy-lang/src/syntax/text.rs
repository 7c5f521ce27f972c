//! Escapes in quoted strings: `\"`, `\\`, `\n`, `\u{…}`.

use std::ops::Range;

/// The text that `inner` (without its quotes) stands for, or the bytes of the first invalid escape.
pub(super) fn unescape(inner: &str) -> Result<String, Range<usize>> {
    let mut said = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at(at);
        said.push_str(plain);
        let Some((character, length)) = character(escape) else {
            let start = inner.len() - escape.len();
            let shown = escape.chars().take(2).map(char::len_utf8).sum::<usize>();
            return Err(start..start + shown);
        };
        said.push(character);
        rest = escape.get(length..).unwrap_or_default();
    }
    said.push_str(rest);
    Ok(said)
}

/// The character that an escape at the start of `rest` stands for, and its length in bytes.
fn character(rest: &str) -> Option<(char, usize)> {
    match rest.chars().nth(1)? {
        'n' => Some(('\n', 2)),
        quoted @ ('"' | '\\') => Some((quoted, 2)),
        'u' => unicode(rest.get(2..)?).map(|(character, length)| (character, length + 2)),
        _ => None,
    }
}

/// Does it turn the text around it? Generated code may not hold such a character (rustc's lint
/// `text_direction_codepoint_in_literal`), and no reviewer sees it.
pub(super) const fn turns(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `{1f600}` at the start of `rest`: the character, and how many bytes it took.
fn unicode(rest: &str) -> Option<(char, usize)> {
    let (digits, _) = rest.strip_prefix('{')?.split_once('}')?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    let char = char::from_u32(code).filter(|char| !turns(*char))?;
    Some((char, digits.len() + 2))
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn escapes() {
        for (written, expect) in [
            (r"plain", Ok("plain")),
            (r#"a \"b\" \\ \n"#, Ok("a \"b\" \\ \n")),
            (r"\u{e9}t\u{1F600}!", Ok("ét😀!")),
            (r"a\t", Err(1..3)),
            (r"\u{}", Err(0..2)),
            (r"\u{202e}", Err(0..2)),
            (r"\u{d800}", Err(0..2)),
            (r"ü\ä", Err(2..5)),
        ] {
            assert_eq!(unescape(written), expect.map(str::to_owned), "{written}");
        }
    }
}
