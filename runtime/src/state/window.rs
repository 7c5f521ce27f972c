//! Counts of the last ten slots of time, shared by all workers without a lock.
//!
//! A slot is one word: which stretch of time and which round of the breaker it counts for, and the
//! count. Whoever first counts something newer replaces the word, so a slot is emptied and counted
//! into in one step, and nothing has to sweep. There is no decay: an average hides the burst that
//! a breaker is there to see.
//!
//! Workers read the clock at slightly different times. One that is behind never writes over a
//! newer slot, and learns from [`Window::sum`] at which later place it has to judge.

use crate::clock::Moment;
use crate::sync::{AtomicU64, Ordering, constructor};

/// Slots of a window.
pub(crate) const SLOTS: u64 = 10;

/// The most that one slot counts; what comes on top is not counted.
pub(crate) const SLOT_MAX: u64 = (1 << ROUND_SHIFT) - 1;

// row 32 | round 12 | count 20. A row is one turn through the ten slots. Rows repeat after 2^32
// windows (136 years for windows of a second), rounds after 4,096 trips within one row.
const ROUND_SHIFT: u32 = 20;
const ROUND_BITS: u32 = 12;
const ROW_SHIFT: u32 = ROUND_SHIFT + ROUND_BITS;
const ROUNDS: u64 = 1 << ROUND_BITS;
const ROWS: u64 = 1 << (64 - ROW_SHIFT);

/// No worker's clock is as many rows behind another's. Words that seem further ahead are left over
/// from before the rows repeated.
const HORIZON: u64 = 1 << 20;

/// A slot of time in a round of the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    slot: u64,
    round: u64,
}

impl Slot {
    /// Where `now` lies among slots of `width_ms` milliseconds, which start at time zero.
    pub(crate) fn at(now: Moment, width_ms: u64, round: u64) -> Self {
        // Row 0 is before the start: it is what the words of an unused window say.
        let slot = now.as_millis() / width_ms.max(1) + SLOTS;
        Self { slot, round: round % ROUNDS }
    }

    fn row(self) -> u64 {
        self.slot / SLOTS % ROWS
    }

    fn word(self, count: u64) -> u64 {
        self.row() << ROW_SHIFT | self.round << ROUND_SHIFT | count
    }
}

/// How a word compares with the row and the round that somebody counts for.
enum Age {
    Older,
    Same,
    /// By so many rows; by none if it is of a later round in the same slot.
    Newer {
        rows: u64,
    },
}

impl Age {
    fn of(word: u64, row: u64, round: u64) -> Self {
        let rows = (word >> ROW_SHIFT).wrapping_sub(row) % ROWS;
        let rounds = (word >> ROUND_SHIFT).wrapping_sub(round) % ROUNDS;
        match (rows, rounds) {
            (0, 0) => Self::Same,
            (0, _) if rounds < ROUNDS / 2 => Self::Newer { rows },
            (1..HORIZON, _) => Self::Newer { rows },
            _ => Self::Older,
        }
    }
}

/// A rolling count over ten slots.
#[derive(Debug)]
pub(crate) struct Window {
    words: [AtomicU64; SLOTS as usize],
}

impl Window {
    constructor! {
        /// Nothing counted.
        pub(crate) fn new() -> Self {
            Self {
                words: [
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                ],
            }
        }
    }

    /// Counts `n` more; false if the slot is full or has moved on to a later time.
    pub(crate) fn add(&self, place: Slot, n: u64) -> bool {
        self.change(place, |word| match Age::of(word, place.row(), place.round) {
            Age::Older => Some(place.word(n)),
            Age::Same if count(word) + n <= SLOT_MAX => Some(word + n),
            Age::Same | Age::Newer { .. } => None,
        })
    }

    /// Takes back what was counted at `place`, unless the slot has moved on since.
    pub(crate) fn take(&self, place: Slot, n: u64) {
        self.change(place, |word| match Age::of(word, place.row(), place.round) {
            Age::Same if count(word) >= n => Some(word - n),
            _ => None,
        });
    }

    /// The count of the ten slots that end with `place`.
    ///
    /// # Errors
    /// A later place, if another worker has counted for it: slots that belong to the window of
    /// `place` may be gone already, so that only the later window can be judged.
    pub(crate) fn sum(&self, place: Slot) -> Result<u64, Slot> {
        let mut sum = 0;
        let (row, last) = (place.slot / SLOTS, place.slot % SLOTS);
        for (position, word) in (0..).zip(&self.words) {
            // What lies behind the last slot is of the row before. There is one: see `Slot::at`.
            let row = row.saturating_sub(u64::from(position > last));
            let word = word.load(Ordering::Acquire);
            match Age::of(word, row, place.round) {
                Age::Same => sum += count(word),
                Age::Older | Age::Newer { rows: 0 } => {}
                Age::Newer { rows } => {
                    return Err(Slot { slot: (row + rows) * SLOTS + position, ..place });
                }
            }
        }
        Ok(sum)
    }

    fn change(&self, place: Slot, next: impl Fn(u64) -> Option<u64>) -> bool {
        let position = place.slot % SLOTS;
        let Some(word) = self.words.get(position as usize) else { return false };
        word.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).is_ok()
    }
}

fn count(word: u64) -> u64 {
    word & SLOT_MAX
}
