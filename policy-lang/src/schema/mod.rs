//! What the language knows: one table row per setting.
//!
//! These rows decide which keys exist and where, what they take, what holds where nothing is written,
//! what is suggested for a slip of the hand, what is refused as not yet supported, and which paths a
//! guardrail may name. Completion, hover and the reference are made from them. A new setting is one
//! new row plus its lowering.

mod file;
mod order;
mod paths;
mod policies;
mod row;
mod shape;
mod tests;
mod upstream;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use order::{Order, order};
pub use paths::{Measure, Path, Subject, parts, path, paths, words};
pub use row::{Body, Part, Row, Scope, Unwritten};
pub use shape::{Kind, Shape, Text};

static INDEX: LazyLock<BTreeMap<(Scope, &'static str), &'static Row>> = LazyLock::new(|| {
    let places =
        rows().flat_map(|row| row.scopes.iter().map(move |scope| ((*scope, row.key), row)));
    places.collect()
});

/// Words that stand where a name could, and so are none.
pub const RESERVED: [&str; 3] = ["off", "deadline", "extends"];

/// Every setting, in the order of the reference.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    [file::ROWS, upstream::ROWS, policies::ROWS, tests::ROWS].into_iter().flatten()
}

/// The setting `key` as it stands in `scope`.
pub fn find(scope: Scope, key: &str) -> Option<&'static Row> {
    INDEX.get(&(scope, key)).copied()
}

/// The keys that may stand in `scope`.
pub fn keys(scope: Scope) -> impl Iterator<Item = &'static str> {
    rows().filter(move |row| row.scopes.contains(&scope)).map(|row| row.key)
}

/// The scopes in which `key` means something.
pub fn scopes(key: &str) -> impl Iterator<Item = Scope> {
    rows().filter(move |row| row.key == key).flat_map(|row| row.scopes.iter().copied())
}

#[cfg(test)]
mod words {
    use super::*;

    /// The words that an argument could be at the place of a name.
    fn beside_names(shape: &'static Shape) -> (bool, Vec<&'static str>) {
        let merged = |all: &'static [Shape]| {
            all.iter().map(beside_names).fold((false, Vec::new()), |mut sum, (name, words)| {
                sum.1.extend(words);
                (sum.0 || name, sum.1)
            })
        };
        match *shape {
            Shape::One(Kind::Name | Kind::NewName) => (true, Vec::new()),
            Shape::One(Kind::Word(word)) => (false, vec![word]),
            Shape::One(Kind::Choice(words)) => (false, words.to_vec()),
            Shape::Seq([first, ..])
            | Shape::Opt(first)
            | Shape::List(first)
            | Shape::Many(first) => beside_names(first),
            Shape::Either(choices) => merged(choices),
            _ => (false, Vec::new()),
        }
    }

    #[test]
    fn a_word_in_the_place_of_a_name_is_reserved() {
        let mut seen = 0;
        for row in rows() {
            let (name, words) = beside_names(&row.shape);
            for word in words.into_iter().filter(|_| name) {
                assert!(RESERVED.contains(&word), "{}: {word}", row.key);
                seen += 1;
            }
        }
        assert!(seen > 2, "{seen}");
    }
}
