//! Which values of a setting allow a call less: what `amb diff` goes by.

use super::find;
use super::row::Scope;

/// Which of two values is the stricter one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// None: any other value may allow something new.
    None,
    /// The smaller number, where none is no bound; the part of a list; of a block, its absence.
    Less,
    /// The greater number, the whole of a list; of anything else, its presence.
    More,
    /// The earlier of these words.
    Words(&'static [&'static str]),
    /// None, and it says where a call goes, over what, or as whom.
    Place,
}

impl Order {
    /// What is stricter; empty: no value is stricter than another.
    pub fn text(self) -> String {
        match self {
            Self::None => String::new(),
            Self::Less => "less".to_owned(),
            Self::More => "more".to_owned(),
            Self::Words(words) => {
                let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
                words.join(" before ")
            }
            Self::Place => "another value redirects".to_owned(),
        }
    }
}

/// The order of the setting `key` in `scope`, or of the part of it that is named; `None` for what the
/// table does not have.
pub fn order(scope: Scope, key: &str, part: &str) -> Order {
    let Some(row) = find(scope, key) else { return Order::None };
    let own = row.parts.iter().find(|known| known.key == part);
    own.map_or(row.order, |own| own.order)
}
