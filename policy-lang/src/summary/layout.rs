//! Aligned columns within a fixed width: what, value, who set it.
//!
//! A value that does not fit is continued below itself, first at its own
//! separators, then at spaces, so that no line ever runs past the edge.

/// No line is wider.
pub(crate) const WIDTH: usize = 100;
const INDENT: usize = 2;
const ORIGIN_MOST: usize = 36;

/// One entry before it is laid out.
pub(crate) struct Line {
    pub(crate) indent: usize,
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) origin: String,
}

/// Where columns begin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Columns {
    /// Where what stands before them has room, within [`WIDTH`].
    Fitted,
    /// Always at the same place, so that no line moves another: what is too wide runs over.
    Fixed,
}

/// Each section as text, with the columns aligned over all of them.
pub(crate) fn align(sections: &[Vec<Line>], columns: Columns) -> Vec<String> {
    let lines = || sections.iter().flatten();
    let label = lines().map(|line| line.indent * INDENT + width(&line.label)).max().unwrap_or(0);
    let origin = lines().map(|line| width(&line.origin)).max().unwrap_or(0);
    let (label, origin, most) = match columns {
        Columns::Fitted => (label.min(WIDTH / 3), origin.min(ORIGIN_MOST), ORIGIN_MOST),
        Columns::Fixed => (28, 24, usize::MAX),
    };
    let (label, value) = (label + 2, WIDTH - label - origin - 4);
    let set = |line: &Line| set(line, (label, value), most, columns);
    sections.iter().map(|lines| lines.iter().map(set).collect()).collect()
}

fn set(line: &Line, (label, value): (usize, usize), most: usize, columns: Columns) -> String {
    let name = format!("{}{}", " ".repeat(line.indent * INDENT), line.label);
    let name = match columns {
        Columns::Fitted => shorten(&name, label - 2),
        Columns::Fixed => name + "  ",
    };
    let origin = shorten(&line.origin, most);
    let mut text = String::new();
    for (number, part) in wrap(&line.value, value).iter().enumerate() {
        let (name, origin) = if number == 0 { (name.as_str(), origin.as_str()) } else { ("", "") };
        let row = format!("{name:<label$}{part:<value$}  {origin}");
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// Keeps the end: in a long path the file's own name says most.
fn shorten(text: &str, most: usize) -> String {
    match width(text).checked_sub(most) {
        None | Some(0) => text.to_owned(),
        Some(over) => format!("…{}", text.chars().skip(over + 1).collect::<String>()),
    }
}

fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut parts = vec![];
    let mut part = String::new();
    for word in text.split_inclusive("; ").flat_map(|piece| pieces(piece, most)) {
        if width(&part) + width(word.trim_end()) > most && !part.is_empty() {
            parts.push(part.trim_end().to_owned());
            part.clear();
        }
        part.push_str(&word);
    }
    parts.push(part.trim_end().to_owned());
    parts
}

/// A statement as one piece where it fits, else its words, else slices of them.
fn pieces(text: &str, most: usize) -> Vec<String> {
    if width(text.trim_end()) <= most {
        return vec![text.to_owned()];
    }
    text.split_inclusive(' ').flat_map(|word| slices(word, most)).collect()
}

fn slices(word: &str, most: usize) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    chars.chunks(most).map(|slice| slice.iter().collect()).collect()
}

fn width(text: &str) -> usize {
    text.chars().count()
}
