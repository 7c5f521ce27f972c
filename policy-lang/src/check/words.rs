//! Lists, as guardrails compare them: statuses one by one, so that `5xx` holds `503`.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// A list of words, statuses or texts. To compare two takes no longer if they hold many statuses.
#[derive(Debug)]
pub(super) struct Words {
    /// As the author would write them.
    pub(super) written: Vec<String>,
    others: BTreeSet<String>,
    statuses: Statuses,
}

impl Words {
    pub(super) fn new(written: Vec<String>) -> Self {
        let mut statuses = Statuses::default();
        let mut others = BTreeSet::new();
        for word in &written {
            match range(word) {
                Some(range) => statuses.add(range),
                None => drop(others.insert(word.clone())),
            }
        }
        Self { written, others, statuses }
    }

    /// Does it hold that word?
    pub(super) fn hold(&self, word: &str) -> bool {
        match range(word) {
            Some(range) => Statuses::of(range).are_within(self.statuses),
            None => self.others.contains(word),
        }
    }

    /// Does it hold everything that the other one does?
    pub(super) fn hold_all(&self, other: &Self) -> bool {
        other.others.is_subset(&self.others) && other.statuses.are_within(self.statuses)
    }

    /// Does it hold anything that the other one does?
    pub(super) fn share(&self, other: &Self) -> bool {
        !self.others.is_disjoint(&other.others) || self.statuses.share(other.statuses)
    }

    /// What of this the other one does not hold, for people.
    pub(super) fn beyond(&self, other: &Self) -> String {
        let beyond = self.written.iter().filter(|word| !other.hold(word));
        beyond.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
    }
}

/// A bit for each status from [`FIRST`] on.
#[derive(Clone, Copy, Debug, Default)]
struct Statuses([u64; 8]);

const FIRST: u16 = 100;
const LAST: u16 = 599;

impl Statuses {
    fn of(range: RangeInclusive<u16>) -> Self {
        let mut statuses = Self::default();
        statuses.add(range);
        statuses
    }

    fn add(&mut self, range: RangeInclusive<u16>) {
        for code in range {
            let bit = usize::from(code.saturating_sub(FIRST));
            if let Some(word) = self.0.get_mut(bit / 64) {
                *word |= 1 << (bit % 64);
            }
        }
    }

    fn are_within(self, all: Self) -> bool {
        self.0.iter().zip(all.0).all(|(some, all)| some & !all == 0)
    }

    fn share(self, other: Self) -> bool {
        self.0.iter().zip(other.0).any(|(one, other)| one & other != 0)
    }
}

/// `503`, `5xx`, `502..504`.
fn range(word: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = match word.strip_suffix("xx") {
        Some(class) => {
            let first = class.parse::<u16>().ok()?.checked_mul(100)?;
            (first, first.checked_add(99)?)
        }
        None => {
            let (first, last) = word.split_once("..").unwrap_or((word, word));
            (first.parse().ok()?, last.parse().ok()?)
        }
    };
    (FIRST <= first && last <= LAST).then_some(first..=last)
}
