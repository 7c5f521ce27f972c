//! Offsets in bytes, as the compiler counts, and positions in lines and UTF-16 units, as
//! editors do.

use amb_policy_lang::Span;
use gen_lsp_types::{Position, Range};

/// The position of a byte; one beyond the text's end is the end.
pub(crate) fn position(text: &str, offset: u32) -> Position {
    let before = head(text, offset as usize);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count();
    let units = before.get(start..).unwrap_or_default().encode_utf16().count();
    Position::new(number(line), number(units))
}

/// The byte at a position. A position beyond the end of a line, or of the text, is that end.
pub(crate) fn offset(text: &str, position: Position) -> u32 {
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(position.line as usize).map(str::len).sum();
    let line = lines.next().unwrap_or_default().trim_end_matches(['\n', '\r']);
    let mut units = 0;
    let inside = line.chars().take_while(|character| {
        units += character.len_utf16();
        units <= position.character as usize
    });
    number(before + inside.map(char::len_utf8).sum::<usize>())
}

pub(crate) fn range(text: &str, span: Span) -> Range {
    Range::new(position(text, span.start), position(text, span.end))
}

/// `text` up to a byte, or to the character that the byte is inside of.
pub(crate) fn head(text: &str, offset: usize) -> &str {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.get(..at).unwrap_or_default()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_utf_16() {
        let text = "a\n# ä 😀 x\r\nb";
        for (bytes, line, character) in [
            (0, 0, 0),
            (2, 1, 0),
            (4, 1, 2),
            (6, 1, 3),
            (7, 1, 4),
            (11, 1, 6),
            (12, 1, 7),
            (15, 2, 0),
        ] {
            let place = Position::new(line, character);
            assert_eq!(position(text, bytes), place, "{bytes}");
            assert_eq!(offset(text, place), bytes, "{place:?}");
        }
    }

    #[test]
    fn positions_outside_are_drawn_in() {
        let text = "ab\r\n😀";
        for (line, character, bytes) in [(0, 9, 2), (9, 0, 8), (1, 1, 4), (1, 7, 8)] {
            assert_eq!(offset(text, Position::new(line, character)), bytes, "{line}:{character}");
        }
        assert_eq!(position(text, 99), Position::new(1, 2));
        assert_eq!(position(text, 6), Position::new(1, 0));
    }
}
