//! Things that are kept for whoever needs one next, and let go once nobody has for a while.

use std::cell::RefCell;

/// Unused things of one kind: `MOST` at most are ready, and as many rest.
#[derive(Debug)]
pub(super) struct Kept<T, const MOST: usize> {
    /// Given back since the last sweep.
    ready: RefCell<Vec<T>>,
    /// Not taken since then.
    resting: RefCell<Vec<T>>,
}

impl<T, const MOST: usize> Default for Kept<T, MOST> {
    /// With room for all: what is kept takes no memory of its own later.
    fn default() -> Self {
        let room = || RefCell::new(Vec::with_capacity(MOST));
        Self { ready: room(), resting: room() }
    }
}

impl<T, const MOST: usize> Kept<T, MOST> {
    pub(super) fn take(&self) -> Option<T> {
        self.ready.borrow_mut().pop().or_else(|| self.wake())
    }

    pub(super) fn give(&self, unused: T) {
        let mut ready = self.ready.borrow_mut();
        if ready.len() < MOST {
            ready.push(unused);
        }
    }

    /// Lets go of half of what nobody has taken since the last time, but leaves `least`. How many
    /// those were.
    pub(super) fn sweep(&self, least: usize) -> usize {
        let (mut ready, mut resting) = (self.ready.borrow_mut(), self.resting.borrow_mut());
        let untouched = resting.len();
        resting.truncate((untouched / 2).max(least));
        let let_go = untouched - resting.len();
        ready.truncate(MOST - resting.len());
        // What was used last is taken first.
        resting.append(&mut ready);
        let_go
    }

    #[cold]
    fn wake(&self) -> Option<T> {
        self.resting.borrow_mut().pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Kept<usize, 64> {
        let kept = Kept::default();
        (0..100).for_each(|it| kept.give(it));
        kept
    }

    fn count(kept: &Kept<usize, 64>) -> usize {
        std::iter::from_fn(|| kept.take()).count()
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        assert_eq!(count(&full()), 64);
        let kept = full();
        kept.sweep(4);
        (0..100).for_each(|it| kept.give(it));
        kept.sweep(4);
        assert_eq!(kept.resting.borrow().capacity(), 64);
    }

    #[test]
    fn what_nobody_takes_is_let_go_by_halves() {
        let kept = full();
        assert_eq!(std::array::from_fn(|_| kept.sweep(4)), [0, 32, 16, 8, 4, 0, 0]);
        assert_eq!(count(&kept), 4);
    }

    #[test]
    fn what_is_in_use_stays() {
        let kept = full();
        for _ in 0..10 {
            let used: Vec<_> = std::iter::from_fn(|| kept.take()).collect();
            used.into_iter().for_each(|it| kept.give(it));
            assert_eq!(kept.sweep(4), 0);
        }
        assert_eq!(count(&kept), 64);
    }
}
