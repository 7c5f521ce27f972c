//! Counters by status: one for each registered status, one per class for the rest.
//!
//! A counter for each of the 500 possible codes would be megabytes in a policy with hundreds of
//! routes; a map would have to be searched. The registered codes map to a dense index.

use std::array;

use super::counter::Counter;

/// The codes of the IANA registry without the unused ones, and 499: the caller left.
const REGISTERED: [u16; 61] = [
    100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304,
    305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415,
    416, 417, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505,
    506, 507, 508, 511,
];

/// Unregistered codes, by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is no status at all.
const NONE: &str = "none";

const LABELS: usize = REGISTERED.len() + CLASSES.len() + 1;

/// Where a code stands in [`REGISTERED`], plus one; zero if nowhere.
const POSITIONS: [u8; 600] = {
    let mut positions = [0; 600];
    let mut rest: &[u16] = &REGISTERED;
    let mut position = 1;
    while let [code, after @ ..] = rest {
        let (_, tail) = positions.split_at_mut(*code as usize);
        if let [slot, ..] = tail {
            *slot = position;
        }
        position += 1;
        rest = after;
    }
    positions
};

/// One counter per status.
#[derive(Debug)]
pub(super) struct Counters {
    registered: [Counter; REGISTERED.len()],
    classes: [Counter; CLASSES.len()],
    none: Counter,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            registered: array::from_fn(|_| Counter::default()),
            classes: array::from_fn(|_| Counter::default()),
            none: Counter::default(),
        }
    }
}

impl Counters {
    pub(super) fn of(&self, status: u16) -> &Counter {
        let position = POSITIONS.get(usize::from(status)).copied().unwrap_or(0);
        let registered = before(position.into()).and_then(|at| self.registered.get(at));
        let class = || before((status / 100).into()).and_then(|at| self.classes.get(at));
        registered.or_else(class).unwrap_or(&self.none)
    }

    /// Adds these counters to the sums of several workers.
    pub(super) fn add_to(&self, total: &mut Total) {
        let counters = self.registered.iter().chain(&self.classes).chain([&self.none]);
        for (sum, counter) in total.0.iter_mut().zip(counters) {
            *sum += counter.get();
        }
    }
}

/// Positions are counted from one, indices from zero.
fn before(position: usize) -> Option<usize> {
    position.checked_sub(1)
}

/// The sum of several workers' counters.
#[derive(Debug)]
pub(super) struct Total([u64; LABELS]);

impl Default for Total {
    fn default() -> Self {
        Self([0; LABELS])
    }
}

impl Total {
    /// Label and count of each status that occurred.
    pub(super) fn counts(&self) -> impl Iterator<Item = (String, u64)> {
        let registered = REGISTERED.iter().map(u16::to_string);
        let rest = CLASSES.iter().chain([&NONE]).map(|&label| label.to_owned());
        registered.chain(rest).zip(self.0).filter(|&(_, count)| count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Counters, Total};

    #[test]
    fn every_number_has_a_counter_of_its_own_or_of_its_class() {
        let rows = [
            (200, "200"),
            (503, "503"),
            (599, "5xx"),
            (418, "4xx"),
            (100, "100"),
            (511, "511"),
            (0, "none"),
            (600, "none"),
            (u16::MAX, "none"),
        ];
        for (status, label) in rows {
            let counters = Counters::default();
            counters.of(status).add(1);
            let mut total = Total::default();
            counters.add_to(&mut total);
            assert_eq!(total.counts().collect::<Vec<_>>(), [(label.to_owned(), 1)], "{status}");
        }
    }
}
