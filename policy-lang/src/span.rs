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

/// The line starts of every source, so that a place costs one binary search.
pub(crate) struct Places<'a> {
    files: Vec<(&'a str, Vec<u32>)>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(sources: &'a [Source]) -> Self {
        Self {
            files: sources
                .iter()
                .map(|source| (source.text.as_str(), starts(&source.text)))
                .collect(),
        }
    }

    pub(crate) fn of(&self, span: Span) -> Place {
        let file = span.file as usize;
        let Some((text, starts)) = self.files.get(file) else {
            return Place { file, line: 1, column: 1 };
        };
        let before = starts.partition_point(|start| *start <= span.start);
        let start = before.checked_sub(1).and_then(|line| starts.get(line)).copied().unwrap_or(0);
        let head = text.get(start as usize..span.start as usize).unwrap_or_default();
        Place { file, line: number(before), column: number(head.chars().count() + 1) }
    }
}

fn starts(text: &str) -> Vec<u32> {
    let ends = text.bytes().zip(1_u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next);
    std::iter::once(0).chain(ends).collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
