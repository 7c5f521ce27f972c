//! Memory that a burst of calls took goes back to the system.

use std::cell::Cell;

/// So many bytes let go are a burst's: what calls that come and go leave does not come near.
const MUCH: usize = 1024 * 1024;

/// Adds up what sweeps let go of.
#[derive(Debug, Default)]
pub(super) struct Ebb(Cell<usize>);

impl Ebb {
    /// A sweep let go of so many bytes. True if it is the first for a while that has let go of nothing,
    /// and those before let go of much: a burst is over.
    pub(super) fn is_over(&self, bytes: usize) -> bool {
        let before = self.0.get();
        self.0.set(if bytes > 0 { before + bytes } else { 0 });
        bytes == 0 && before >= MUCH
    }
}

/// The C library keeps the pages of what is freed, for those who ask for memory next. This takes some
/// milliseconds, in which other threads may have to wait for memory: it is for the end of a burst.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "nothing else gives back pages amid those that are in use")]
pub(super) fn trim() {
    // SAFETY: it takes no pointer, and any thread may call it at any time (malloc_trim(3)).
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries give pages back by themselves.
#[cfg(not(target_env = "gnu"))]
pub(super) fn trim() {}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: usize = MUCH / 8;

    #[test]
    fn a_burst_is_over_once() {
        let ebb = Ebb::default();
        assert!(![4 * PART, 2 * PART, PART, PART].into_iter().any(|bytes| ebb.is_over(bytes)));
        assert!(ebb.is_over(0));
        assert!(!ebb.is_over(0));
    }

    #[test]
    fn a_steady_load_is_no_burst() {
        let ebb = Ebb::default();
        for sweep in 0..1_000 {
            assert!(!ebb.is_over(if sweep % 4 == 3 { 0 } else { PART }));
        }
    }
}
