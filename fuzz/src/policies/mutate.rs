//! Almost policies: a seed, and a few changes of words, lines, blocks and characters.

use rand::{Rng, RngExt as _};

/// What lexers and checkers trip over.
const TOKENS: [&str; 44] = [
    "{",
    "}",
    "{{",
    "\n",
    ";",
    ",",
    "\"",
    "\\",
    "#",
    "##",
    "#~",
    "\\u{110000}",
    "\\u{0}",
    "\u{feff}",
    "\u{202e}",
    "é",
    "🦀",
    "\0",
    "\r\n",
    "\t",
    "0",
    "-1",
    "99999999999999999999",
    "18446744073709551615ms",
    "5x",
    "0x1",
    "1..",
    "..1",
    "9s..1s",
    "0ms",
    "100%",
    "0.1%",
    "1000001/s",
    "off",
    "any",
    "**",
    "/{a}/{a}",
    "extends",
    "use",
    "import \"a.amb\"",
    "import \"acme.amb\" as x",
    "exempt",
    "until",
    "==",
];

/// The longest text that is tried, in bytes.
const MOST: usize = 64 * 1024;

/// Changes a seed in one to eight places.
pub fn mutate(random: &mut impl Rng, corpus: &[String]) -> String {
    let mut text = pick(random, corpus).clone();
    for _ in 0..random.random_range(1..=8_u32) {
        change(random, corpus, &mut text);
    }
    text.truncate(boundary(&text, MOST));
    text
}

fn change(random: &mut impl Rng, corpus: &[String], text: &mut String) {
    let at = place(random, text);
    match random.random_range(0..9_u32) {
        0 => text.insert_str(at, pick::<&str>(random, &TOKENS)),
        1 => text.insert(at, random.random_range(' '..='~')),
        2 => {
            let end = boundary(text, at + random.random_range(0..40_usize));
            text.replace_range(at..end, "");
        }
        3 => swap_words(random, text),
        4 => {
            let line = line(text, at).to_owned();
            text.insert_str(place(random, text), &line);
        }
        5 => {
            let line = line(text, at);
            let range = line.as_ptr() as usize - text.as_ptr() as usize;
            text.replace_range(range..range + line.len(), "");
        }
        6 => {
            let other = pick(random, corpus);
            let line = line(other, place(random, other));
            text.insert_str(line_start(text, at), line);
        }
        7 => {
            let word = word(random, corpus);
            let start = place(random, text);
            let end = start + text[start..].find(char::is_whitespace).unwrap_or(0);
            text.replace_range(start..end, &word);
        }
        _ => {
            let times = random.random_range(2..60_usize);
            text.insert_str(at, &pick::<&str>(random, &TOKENS).repeat(times));
        }
    }
}

fn swap_words(random: &mut impl Rng, text: &mut String) {
    let mut words: Vec<_> = text.split(' ').collect();
    let (one, other) = (random.random_range(0..words.len()), random.random_range(0..words.len()));
    words.swap(one, other);
    *text = words.join(" ");
}

fn word(random: &mut impl Rng, corpus: &[String]) -> String {
    let words: Vec<_> = pick(random, corpus).split_whitespace().collect();
    if words.is_empty() { String::new() } else { (*pick(random, &words)).to_owned() }
}

fn pick<'a, T>(random: &mut impl Rng, from: &'a [T]) -> &'a T {
    &from[random.random_range(0..from.len())]
}

/// Somewhere between two characters.
fn place(random: &mut impl Rng, text: &str) -> usize {
    boundary(text, random.random_range(0..=text.len()))
}

fn boundary(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}

fn line_start(text: &str, before: usize) -> usize {
    text[..before].rfind('\n').map_or(0, |at| at + 1)
}

/// The line around a place, its end included.
fn line(text: &str, at: usize) -> &str {
    let start = line_start(text, at);
    let end = text[start..].find('\n').map_or(text.len(), |end| start + end + 1);
    &text[start..end]
}
