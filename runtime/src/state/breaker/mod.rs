//! The circuit breaker: stops calling an upstream that keeps failing.
//!
//! ```text
//! CLOSED ──trip──▶ OPEN(until) ──time──▶ HALF-OPEN(probes in flight ≤ N)
//!    ▲                 ▲                      │
//!    └── N successes ──┼──────────────────────┤
//!                      └── any probe fails ───┘
//! ```
//!
//! While OPEN, calls fail at once: the caller's threads are not tied up by waiting, and the
//! upstream gets the quiet that it needs to recover (Nygard, "Release It!", Stability Patterns).
//! HALF-OPEN lets few probes through, so that an upstream which has just come back is not met by
//! everybody at once; for the same reason `open-for` ranges are drawn within ±10 %.
//!
//! All workers share one state, exactly and without a lock (`state`, `window`). Counting a success
//! writes nothing unless a rule asks about successes. Times are whole milliseconds since the
//! clock's start.

mod state;
mod trip;

use std::cell::LazyCell;
use std::time::Duration;

use self::state::{Phase, Word};
use self::trip::{Counter, Ended};
use crate::clock::Moment;
use crate::random::up_to;
use crate::sync::{AtomicU64, Ordering, constructor, fence};

pub use self::state::MAX_PROBES;
pub use self::trip::Trip;

/// The most rules that one breaker can have.
pub const MAX_TRIPS: usize = 4;

/// A probe may take at least as long, even if `open-for` is shorter.
///
/// Otherwise an upstream whose healthy answers take longer than `open-for` would stay cut off.
const PATIENCE_MS: u64 = 60_000;

/// While probes are in flight, their verdict is due any moment.
const PROBING: Refused = Refused { retry_in: Duration::from_secs(1) };

/// `breaker { … }`.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Any that holds trips; at most [`MAX_TRIPS`].
    pub trips: &'static [Trip],
    pub open_for: OpenFor,
    /// In flight at once while HALF-OPEN, and successes needed to close; at most [`MAX_PROBES`].
    pub probes: u32,
}

/// How long the upstream is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenFor {
    Fixed(Duration),
    /// Doubled by each failed round of probes, ±10 %.
    Doubling {
        first: Duration,
        last: Duration,
    },
}

impl OpenFor {
    fn base_ms(self, step: u8) -> u64 {
        match self {
            Self::Fixed(time) => time.as_millis() as u64,
            Self::Doubling { first, last } => {
                let doubled = first.as_millis().saturating_mul(1 << step);
                doubled.min(last.as_millis()) as u64
            }
        }
    }

    fn drawn_ms(self, step: u8, draw: impl FnOnce() -> u64) -> u64 {
        let base = self.base_ms(step);
        match self {
            Self::Fixed(_) => base,
            Self::Doubling { .. } => base - base / 10 + up_to(draw(), base / 5),
        }
    }
}

/// Leave to try the upstream, to be handed back with a verdict.
#[derive(Debug)]
#[must_use = "without a verdict the breaker learns nothing, and a probe's place stays taken"]
pub struct Permit {
    round: u16,
    probe: bool,
    started: Moment,
}

impl Permit {
    /// So much of the try's time was not the upstream's.
    pub fn excuse(&mut self, time: Duration) {
        self.started = self.started + time;
    }
}

/// What a try says about the upstream's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Success,
    Failure,
    /// 429 that is not listed: counts in rates and fails a probe, but says nothing about a streak.
    Throttled,
    /// Nothing: the caller went away, or a limit of ours refused.
    Cancelled,
}

/// A change of state; each is reported exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    Opened { for_: Duration },
    HalfOpened,
    Closed,
}

/// The upstream is not to be tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// For `retry-after`.
    pub retry_in: Duration,
}

/// What the breaker does with the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Closed,
    /// Refuses; from `until` on, the next call is a probe.
    Open {
        until: Moment,
    },
    HalfOpen,
}

/// The state that all workers share.
#[derive(Debug)]
pub struct Breaker {
    word: AtomicU64,
    /// When the youngest probe so far is given up, in milliseconds.
    overdue: AtomicU64,
    /// What the rule of the same index counts.
    counters: [Counter; MAX_TRIPS],
}

impl Breaker {
    constructor! {
        /// CLOSED, with nothing counted.
        pub fn new() -> Self {
            Self {
                word: AtomicU64::new(0),
                overdue: AtomicU64::new(0),
                counters: [Counter::new(), Counter::new(), Counter::new(), Counter::new()],
            }
        }
    }

    /// Lets a try through, or not.
    ///
    /// # Errors
    /// [`Refused`] while OPEN, and while HALF-OPEN with all probes in flight.
    pub fn admit(&self, spec: &Spec, now: Moment) -> Result<(Permit, Option<Transition>), Refused> {
        let mut word = self.load();
        loop {
            let next = self.admitted(spec, word, now)?;
            if next == word {
                return Ok((Permit { round: word.round, probe: false, started: now }, None));
            }
            // Before the place is taken: who sees it taken must not see an earlier time.
            let overdue = now.as_millis() + patience_ms(spec, next.step);
            self.overdue.fetch_max(overdue, Ordering::AcqRel);
            match self.swap(word, next) {
                Ok(()) => {
                    let permit = Permit { round: next.round, probe: true, started: now };
                    return Ok((permit, half_opened(word, next)));
                }
                Err(actual) => word = actual,
            }
        }
    }

    /// Would [`Breaker::admit`] refuse?
    pub fn refuses(&self, spec: &Spec, now: Moment) -> Option<Refused> {
        self.admitted(spec, self.load(), now).err()
    }

    /// Takes the verdict on a try, which ended now.
    ///
    /// A verdict from before the last transition is dropped: the state it speaks of is gone.
    /// `draw` is called when an `open-for` range needs its jitter.
    pub fn record(
        &self,
        spec: &Spec,
        permit: Permit,
        verdict: Verdict,
        now: Moment,
        draw: impl FnOnce() -> u64,
    ) -> Option<Transition> {
        if permit.probe {
            return self.record_probe(spec, &permit, verdict, now, draw);
        }
        let Word { phase: Phase::Closed { .. }, round, .. } = self.load() else { return None };
        if round != permit.round || verdict == Verdict::Cancelled {
            return None;
        }
        let ended = Ended { verdict, took: now - permit.started, at: now, round };
        let tripped = self.count(spec, &ended);
        self.record_call(spec, &ended, tripped, draw)
    }

    /// For `/upstreams`, metrics and tests.
    pub fn state(&self) -> State {
        match self.load().phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { until_ms } => State::Open { until: Moment::from_millis(until_ms) },
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// The state once one more try was let through; the same if that needs no note.
    fn admitted(&self, spec: &Spec, word: Word, now: Moment) -> Result<Word, Refused> {
        match word.phase {
            Phase::Closed { .. } => Ok(word),
            Phase::Open { until_ms } if now.as_millis() < until_ms => {
                Err(Refused { retry_in: Moment::from_millis(until_ms) - now })
            }
            Phase::Open { .. } => Ok(word.with(Phase::FIRST_PROBE)),
            Phase::HalfOpen { in_flight, succeeded, handed_out } if in_flight < probes(spec) => {
                let (in_flight, handed_out) = (in_flight + 1, handed_out + 1);
                Ok(word.with(Phase::HalfOpen { in_flight, succeeded, handed_out }))
            }
            // Nobody reports on these probes any more. They failed, and while they were waited
            // for, everybody was kept out: this caller is the first probe of the next round.
            Phase::HalfOpen { .. } if self.gave_up(now) => {
                Ok(word.tripped(word.next_step(), Phase::FIRST_PROBE))
            }
            Phase::HalfOpen { .. } => Err(PROBING),
        }
    }

    fn gave_up(&self, now: Moment) -> bool {
        now.as_millis() >= self.overdue.load(Ordering::Acquire)
    }

    /// Counts for every rule; true if then one of them holds.
    fn count(&self, spec: &Spec, ended: &Ended) -> bool {
        let rules = || spec.trips.iter().zip(&self.counters);
        let counted = rules().filter(|(trip, counter)| trip.count(counter, ended)).count();
        if counted == 0 {
            return false;
        }
        fence(Ordering::SeqCst);
        rules().any(|(trip, counter)| trip.holds(counter, ended))
    }

    /// Carries on the streak and trips, as long as the round that counted is not over.
    fn record_call(
        &self,
        spec: &Spec,
        ended: &Ended,
        tripped: bool,
        draw: impl FnOnce() -> u64,
    ) -> Option<Transition> {
        let longest = spec.trips.iter().filter_map(Trip::streak).min();
        let draw = LazyCell::new(draw);
        self.advance(|word| {
            let Phase::Closed { streak } = word.phase else { return None };
            if word.round != ended.round {
                return None;
            }
            let next = match ended.verdict {
                Verdict::Failure if longest.is_some() => streak + 1,
                Verdict::Success => 0,
                _ => streak,
            };
            if tripped || longest.is_some_and(|longest| next >= longest) {
                let for_ms = spec.open_for.drawn_ms(0, || *draw);
                return Some(opened(word, 0, ended.at, for_ms));
            }
            (next != streak).then(|| (word.with(Phase::Closed { streak: next }), None))
        })
    }

    fn record_probe(
        &self,
        spec: &Spec,
        permit: &Permit,
        verdict: Verdict,
        now: Moment,
        draw: impl FnOnce() -> u64,
    ) -> Option<Transition> {
        let draw = LazyCell::new(draw);
        self.advance(|word| {
            let Phase::HalfOpen { in_flight, succeeded, handed_out } = word.phase else {
                return None;
            };
            if word.round != permit.round {
                return None;
            }
            let in_flight = in_flight.saturating_sub(1);
            let succeeded = succeeded + u32::from(verdict == Verdict::Success);
            match verdict {
                Verdict::Success if succeeded >= probes(spec) => Some(closed(word)),
                Verdict::Success | Verdict::Cancelled => {
                    Some((word.with(Phase::HalfOpen { in_flight, succeeded, handed_out }), None))
                }
                Verdict::Failure | Verdict::Throttled => {
                    let step = word.next_step();
                    let for_ms = spec.open_for.drawn_ms(step, || *draw);
                    Some(opened(word, step, now, for_ms))
                }
            }
        })
    }

    /// Moves the state to what `next` makes of it, until no other worker comes in between.
    fn advance(
        &self,
        mut next: impl FnMut(Word) -> Option<(Word, Option<Transition>)>,
    ) -> Option<Transition> {
        let mut word = self.load();
        loop {
            let (to, transition) = next(word)?;
            match self.swap(word, to) {
                Ok(()) => return transition,
                Err(actual) => word = actual,
            }
        }
    }

    fn load(&self) -> Word {
        Word::unpack(self.word.load(Ordering::Acquire))
    }

    fn swap(&self, from: Word, to: Word) -> Result<(), Word> {
        self.word
            .compare_exchange(from.pack(), to.pack(), Ordering::AcqRel, Ordering::Acquire)
            .map(drop)
            .map_err(Word::unpack)
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

fn probes(spec: &Spec) -> u32 {
    spec.probes.clamp(1, MAX_PROBES)
}

/// How long a probe is waited for.
fn patience_ms(spec: &Spec, step: u8) -> u64 {
    spec.open_for.base_ms(step).max(PATIENCE_MS)
}

fn half_opened(from: Word, to: Word) -> Option<Transition> {
    let probing = matches!(from.phase, Phase::HalfOpen { .. }) && from.round == to.round;
    (!probing).then_some(Transition::HalfOpened)
}

fn opened(from: Word, step: u8, now: Moment, for_ms: u64) -> (Word, Option<Transition>) {
    let to = from.tripped(step, Phase::Open { until_ms: now.as_millis() + for_ms });
    (to, Some(Transition::Opened { for_: Duration::from_millis(for_ms) }))
}

fn closed(from: Word) -> (Word, Option<Transition>) {
    let to = Word { phase: Phase::Closed { streak: 0 }, step: 0, ..from };
    (to, Some(Transition::Closed))
}
