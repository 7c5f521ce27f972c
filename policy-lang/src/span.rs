//! Where something stands in the sources: byte ranges while the checker works,
//! lines and columns once a result leaves it.

use crate::Source;
use crate::plan::Place;

/// Bytes `start..end` of source `file`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    pub file: u32,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub(crate) fn new(file: u32, start: usize, end: usize) -> Self {
        // Files are at most 1 MiB, so that positions always fit.
        let position = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self { file, start: position(start), end: position(end) }
    }

    /// From the start of `self` to the end of `last`.
    pub(crate) fn to(self, last: Self) -> Self {
        Self { end: last.end.max(self.end), ..self }
    }

    /// The empty span right behind.
    pub(crate) const fn after(self) -> Self {
        Self { start: self.end, ..self }
    }
}

/// The line starts of every source, so that a place costs one binary search, however long its line is.
pub(crate) struct Places<'a> {
    files: Vec<Lines<'a>>,
}

struct Lines<'a> {
    text: &'a str,
    starts: Vec<u32>,
    /// The characters that start before each [`STRIDE`]th byte.
    chars: Vec<u32>,
}

const STRIDE: usize = 64;

impl<'a> Places<'a> {
    pub(crate) fn new(sources: &'a [Source]) -> Self {
        Self { files: sources.iter().map(|source| Lines::new(&source.text)).collect() }
    }

    pub(crate) fn of(&self, span: Span) -> Place {
        let file = span.file as usize;
        let Some(lines) = self.files.get(file) else {
            return Place { file, line: 1, column: 1 };
        };
        let before = lines.starts.partition_point(|start| *start <= span.start);
        let start = before.checked_sub(1).and_then(|line| lines.starts.get(line));
        let start = start.copied().unwrap_or(0) as usize;
        let column = lines.before(span.start as usize).saturating_sub(lines.before(start));
        Place { file, line: number(before), column: column + 1 }
    }
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let mut sum = 0;
        let chunks = text.as_bytes().chunks(STRIDE).map(|chunk| {
            sum += started(chunk);
            sum
        });
        let chars = std::iter::once(0).chain(chunks).collect();
        Self { text, starts: starts(text), chars }
    }

    /// How many characters start before a byte.
    fn before(&self, at: usize) -> u32 {
        let at = at.min(self.text.len());
        let whole = at / STRIDE;
        let rest = self.text.as_bytes().get(whole * STRIDE..at).unwrap_or_default();
        self.chars.get(whole).copied().unwrap_or(0) + started(rest)
    }
}

/// The first byte of a character is no continuation (`0b10…`).
fn started(bytes: &[u8]) -> u32 {
    number(bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count())
}

fn starts(text: &str) -> Vec<u32> {
    let ends = text.bytes().zip(1_u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next);
    std::iter::once(0).chain(ends).collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
