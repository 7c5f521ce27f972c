//! Deadlines of one worker.
//!
//! A timer of the runtime per request would cost a wake-up per request. Here every connection owns
//! one entry whose deadline is a plain number, set and moved without telling anybody; the queue
//! holds an entry only once, at a time not later than its deadline. When that time comes the entry
//! is due, or goes back into the queue. A steady connection enters the queue once per time-out, not
//! once per request.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use crate::clock::{Clock, Moment};

/// A far deadline is looked at again after this time at the latest, so that a queue does not fill
/// with places that nearer deadlines made superfluous.
const HORIZON: Duration = Duration::from_secs(30);

/// Something that nobody tells of is looked at so often, while it matters.
const LOOK: Duration = Duration::from_millis(500);

/// Looks now and then: for those who have left and whose bytes nobody reads.
#[derive(Debug, Default)]
pub(crate) struct Lookout(Option<Timer>);

impl Lookout {
    /// Ready when it is time to look.
    pub(crate) fn poll_look(&mut self, timers: &Rc<Timers>, cx: &Context<'_>) -> Poll<()> {
        let timer = self.0.get_or_insert_with(|| {
            let timer = timers.timer();
            timer.set(timers.clock.now() + LOOK);
            timer
        });
        ready!(timer.poll_due(cx));
        timer.set(timers.clock.now() + LOOK);
        Poll::Ready(())
    }
}

/// The deadlines of one worker's connections.
#[derive(Debug)]
pub(crate) struct Timers {
    clock: Clock,
    entries: RefCell<Entries>,
    queue: RefCell<BinaryHeap<Reverse<(Moment, usize)>>>,
    /// The driver, asleep until `wakes`.
    driver: RefCell<Option<Waker>>,
    wakes: Cell<Moment>,
}

#[derive(Debug, Default)]
struct Entries {
    list: Vec<Entry>,
    free: Vec<usize>,
}

#[derive(Debug)]
struct Entry {
    deadline: Moment,
    /// The queue place that counts; others of this entry are leftovers.
    queued: Moment,
    due: bool,
    waker: Option<Waker>,
}

/// One connection's deadline.
#[derive(Debug)]
pub(crate) struct Timer {
    timers: Rc<Timers>,
    index: usize,
}

impl Timers {
    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    pub(crate) fn new(clock: Clock) -> Rc<Self> {
        Rc::new(Self {
            clock,
            entries: RefCell::default(),
            queue: RefCell::default(),
            driver: RefCell::default(),
            wakes: Cell::new(Moment::NEVER),
        })
    }

    pub(crate) fn timer(self: &Rc<Self>) -> Timer {
        let entry =
            Entry { deadline: Moment::NEVER, queued: Moment::NEVER, due: false, waker: None };
        let mut entries = self.entries.borrow_mut();
        let free = entries.free.pop();
        let index = free.unwrap_or(entries.list.len());
        match entries.list.get_mut(index) {
            // The place in the queue outlives its owner, so the next owner inherits it.
            Some(slot) => *slot = Entry { queued: slot.queued, ..entry },
            None => entries.list.push(entry),
        }
        Timer { timers: Rc::clone(self), index }
    }

    /// Runs for as long as the worker does: sleeps until the first queued time, wakes who is due.
    pub(crate) async fn drive(&self) {
        loop {
            let next = self.queue.borrow().peek().map_or(Moment::NEVER, |Reverse((at, _))| *at);
            self.wakes.set(next);
            let mut sleep = pin!(tokio::time::sleep_until(self.clock.instant(next)));
            poll_fn(|cx| {
                self.driver.replace(Some(cx.waker().clone()));
                if self.wakes.get() < next {
                    return Poll::Ready(());
                }
                sleep.as_mut().poll(cx)
            })
            .await;
            self.fire(self.clock.now());
        }
    }

    /// Every connection looks at the world again.
    pub(crate) fn wake_all(&self) {
        let entries = self.entries.borrow();
        entries.list.iter().filter_map(|entry| entry.waker.as_ref()).for_each(Waker::wake_by_ref);
    }

    fn fire(&self, now: Moment) {
        let mut entries = self.entries.borrow_mut();
        let mut queue = self.queue.borrow_mut();
        while let Some(&Reverse((at, index))) = queue.peek()
            && at <= now
        {
            queue.pop();
            let Some(entry) = entries.list.get_mut(index).filter(|entry| entry.queued == at) else {
                continue;
            };
            entry.queued = Moment::NEVER;
            if entry.deadline <= now {
                entry.due = true;
                if let Some(waker) = &entry.waker {
                    waker.wake_by_ref();
                }
            } else if entry.deadline != Moment::NEVER {
                entry.queued = entry.deadline.min(now + HORIZON);
                queue.push(Reverse((entry.queued, index)));
            }
        }
    }

    fn set(&self, index: usize, deadline: Moment) {
        let mut entries = self.entries.borrow_mut();
        let Some(entry) = entries.list.get_mut(index) else { return };
        entry.deadline = deadline;
        entry.due = false;
        if deadline < entry.queued {
            // Beyond the horizon the first look may come earlier than the deadline.
            let at = deadline.min(self.clock.now() + HORIZON);
            entry.queued = at;
            self.queue.borrow_mut().push(Reverse((at, index)));
            self.hurry(at);
        }
    }

    /// Wakes the driver if it sleeps longer than until `at`.
    fn hurry(&self, at: Moment) {
        if at < self.wakes.get() {
            self.wakes.set(at);
            if let Some(driver) = self.driver.borrow().as_ref() {
                driver.wake_by_ref();
            }
        }
    }
}

impl Timer {
    pub(crate) fn now(&self) -> Moment {
        self.timers.clock.now()
    }

    /// From now on the deadline is `at`; an earlier one is forgotten.
    pub(crate) fn set(&self, at: Moment) {
        self.timers.set(self.index, at);
    }

    pub(crate) fn clear(&self) {
        self.set(Moment::NEVER);
    }

    /// Ready once the deadline has passed; otherwise the task is woken when it does.
    pub(crate) fn poll_due(&self, cx: &Context<'_>) -> Poll<()> {
        let mut entries = self.timers.entries.borrow_mut();
        let Some(entry) = entries.list.get_mut(self.index) else { return Poll::Pending };
        if entry.due {
            return Poll::Ready(());
        }
        if !entry.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            entry.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let mut entries = self.timers.entries.borrow_mut();
        if let Some(entry) = entries.list.get_mut(self.index) {
            entry.deadline = Moment::NEVER;
            entry.waker = None;
        }
        entries.free.push(self.index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    async fn due(timer: &Timer) {
        poll_fn(|cx| timer.poll_due(cx)).await;
    }

    /// Runs under paused time, with the timers driven.
    fn paused<F: Future<Output = ()>>(test: impl FnOnce(Clock, Rc<Timers>) -> F) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build_local(tokio::runtime::LocalOptions::default())
            .unwrap();
        runtime.block_on(async {
            let clock = Clock::start();
            let timers = Timers::new(clock);
            let driven = Rc::clone(&timers);
            tokio::task::spawn_local(async move { driven.drive().await });
            test(clock, timers).await;
        });
    }

    #[test]
    fn the_last_deadline_counts_wherever_it_lies() {
        for deadlines in [&[50][..], &[500, 50], &[50, 500], &[90_000], &[5, 90_000, 700]] {
            paused(|clock, timers| async move {
                let timer = timers.timer();
                deadlines.iter().for_each(|&deadline| timer.set(at(deadline)));
                due(&timer).await;
                assert_eq!(clock.now(), at(*deadlines.last().unwrap()), "{deadlines:?}");
            });
        }
    }

    #[test]
    fn a_steady_connection_enters_the_queue_once() {
        paused(|clock, timers| async move {
            let timer = timers.timer();
            for _ in 0..1_000 {
                timer.set(clock.now() + Duration::from_secs(2));
                tokio::time::sleep(Duration::from_millis(1)).await;
                timer.clear();
            }
            assert_eq!(timers.queue.borrow().len(), 1);
        });
    }

    #[test]
    fn a_place_outlives_its_owner_without_harm() {
        paused(|clock, timers| async move {
            let first = timers.timer();
            first.set(at(100));
            drop(first);
            let second = timers.timer();
            second.set(at(300));
            due(&second).await;
            assert_eq!(clock.now(), at(300));
        });
    }
}
