//! The circuit breaker's state machine, as an oracle writes it: keep every sample, count when asked.

use std::collections::VecDeque;
use std::time::Duration;

use super::Millis;
use super::jitter::Jitter;
use super::trace::{State, Transition};
use crate::plan::{self, OpenFor, Percent, Sourced, TripRule};

/// A rolling window has ten slots, aligned at time 0.
const SLOTS: u64 = 10;

#[derive(Default)]
pub(super) struct Breaker {
    phase: Phase,
    /// Grows with every change of state; verdicts on tries that began earlier do not count.
    generation: u64,
    /// Rounds of probes that failed since the breaker was last closed.
    failed_rounds: u32,
    streak: u32,
    samples: VecDeque<Sample>,
}

#[derive(Clone, Copy, Default)]
enum Phase {
    #[default]
    Closed,
    Open {
        until: Millis,
    },
    HalfOpen {
        in_flight: u32,
        succeeded: u32,
    },
}

/// The permission to make one try.
#[derive(Clone, Copy)]
pub(super) struct Permit {
    generation: u64,
    started: Millis,
}

impl Permit {
    /// So much of the try's time was not the upstream's.
    pub(super) fn excuse(&mut self, time: Millis) {
        self.started += time;
    }
}

/// What a try says about the upstream's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Success,
    Failure,
    /// 429 that `counts` does not list: counts in rates and fails a probe, but neither extends nor ends a streak.
    Throttled,
}

#[derive(Clone, Copy)]
struct Sample {
    at: Millis,
    took: Millis,
    verdict: Verdict,
}

/// Why there is no permission, and when it is worth asking again.
pub(super) struct Closed {
    pub(super) retry_in: Millis,
}

impl Breaker {
    /// Permits or refuses a try; the first try after the open time is a probe.
    pub(super) fn admit(
        &mut self,
        policy: &plan::Breaker,
        now: Millis,
    ) -> Result<(Permit, Option<Transition>), Closed> {
        self.refuses(policy, now)?;
        let mut transition = None;
        if let Phase::Open { .. } = self.phase {
            self.enter(Phase::HalfOpen { in_flight: 0, succeeded: 0 });
            transition = Some(Transition::HalfOpen);
        }
        if let Phase::HalfOpen { in_flight, .. } = &mut self.phase {
            *in_flight += 1;
        }
        Ok((Permit { generation: self.generation, started: now }, transition))
    }

    /// The refusal that [`Breaker::admit`] would give now.
    pub(super) fn refuses(&self, policy: &plan::Breaker, now: Millis) -> Result<(), Closed> {
        match self.phase {
            Phase::Open { until } if now < until => Err(Closed { retry_in: until - now }),
            // The verdict on a probe is due any moment.
            Phase::HalfOpen { in_flight, .. } if in_flight >= policy.probes.value => {
                Err(Closed { retry_in: 1_000 })
            }
            _ => Ok(()),
        }
    }

    /// Gives a permit back without a verdict.
    pub(super) fn give_back(&mut self, permit: Permit) {
        if let Phase::HalfOpen { in_flight, .. } = &mut self.phase
            && permit.generation == self.generation
        {
            *in_flight = in_flight.saturating_sub(1);
        }
    }

    /// Takes the verdict on a try that ends now. Names the rule if one trips.
    pub(super) fn record<'p>(
        &mut self,
        policy: &'p plan::Breaker,
        permit: Permit,
        verdict: Verdict,
        now: Millis,
        jitter: &mut Jitter,
    ) -> Option<(Transition, Option<&'p Sourced<TripRule>>)> {
        if permit.generation != self.generation {
            return None;
        }
        if let Phase::HalfOpen { in_flight, succeeded } = self.phase {
            let phase = Phase::HalfOpen { in_flight: in_flight.saturating_sub(1), succeeded };
            return self.probed(phase, policy, verdict, now, jitter).map(|change| (change, None));
        }
        self.count(policy, Sample { at: now, took: now - permit.started, verdict });
        let rule = policy.rules.iter().find(|rule| self.holds(&rule.value, now))?;
        Some((self.open(policy, now, jitter), Some(rule)))
    }

    pub(super) fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    fn probed(
        &mut self,
        phase: Phase,
        policy: &plan::Breaker,
        verdict: Verdict,
        now: Millis,
        jitter: &mut Jitter,
    ) -> Option<Transition> {
        let Phase::HalfOpen { in_flight, succeeded } = phase else {
            return None;
        };
        if verdict != Verdict::Success {
            self.failed_rounds += 1;
            return Some(self.open(policy, now, jitter));
        }
        let succeeded = succeeded + 1;
        if succeeded < policy.probes.value {
            self.phase = Phase::HalfOpen { in_flight, succeeded };
            return None;
        }
        self.failed_rounds = 0;
        self.enter(Phase::Closed);
        Some(Transition::Closed)
    }

    fn open(&mut self, policy: &plan::Breaker, now: Millis, jitter: &mut Jitter) -> Transition {
        let time = match policy.open_for.value {
            OpenFor::Fixed(time) => super::millis(time),
            OpenFor::Doubling { first, last } => {
                let factor = 1_u64.checked_shl(self.failed_rounds).unwrap_or(u64::MAX);
                let base = super::millis(first).saturating_mul(factor).min(super::millis(last));
                base - base / 10 + jitter.up_to(base / 5)
            }
        };
        self.enter(Phase::Open { until: now + time });
        Transition::Open(Duration::from_millis(time))
    }

    /// Every state starts with nothing counted.
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
        self.streak = 0;
        self.samples.clear();
    }

    fn count(&mut self, policy: &plan::Breaker, sample: Sample) {
        match sample.verdict {
            Verdict::Success => self.streak = 0,
            Verdict::Failure => self.streak += 1,
            Verdict::Throttled => {}
        }
        self.samples.push_back(sample);
        let longest = policy.rules.iter().filter_map(|rule| within(&rule.value)).max();
        let longest = longest.unwrap_or_default();
        while self.samples.front().is_some_and(|old| !is_recent(old.at, sample.at, longest)) {
            self.samples.pop_front();
        }
    }

    fn holds(&self, rule: &TripRule, now: Millis) -> bool {
        match *rule {
            TripRule::ConsecutiveFailures { count } => self.streak >= count,
            TripRule::Failures { count, within } => {
                let failed = |sample: &Sample| sample.verdict == Verdict::Failure;
                self.tally(within, now, failed).0 >= count as usize
            }
            TripRule::FailureRate { ratio, samples, within } => {
                let failed = |sample: &Sample| sample.verdict != Verdict::Success;
                reaches(self.tally(within, now, failed), ratio, samples)
            }
            TripRule::Slow { threshold, ratio, samples, within } => {
                let slow = |sample: &Sample| sample.took >= super::millis(threshold);
                reaches(self.tally(within, now, slow), ratio, samples)
            }
        }
    }

    /// Hits and samples in the window that ends now.
    fn tally(
        &self,
        within: Duration,
        now: Millis,
        is_hit: impl Fn(&Sample) -> bool,
    ) -> (usize, usize) {
        let recent = || self.samples.iter().filter(|sample| is_recent(sample.at, now, within));
        (recent().filter(|sample| is_hit(sample)).count(), recent().count())
    }
}

fn reaches((hits, samples): (usize, usize), ratio: Percent, least: u32) -> bool {
    let share = samples as u64 * u64::from(ratio.parts_per_million());
    samples >= least as usize && hits as u64 * 1_000_000 >= share
}

fn is_recent(at: Millis, now: Millis, within: Duration) -> bool {
    let slot = (super::millis(within) / SLOTS).max(1);
    at / slot + SLOTS > now / slot
}

const fn within(rule: &TripRule) -> Option<Duration> {
    match *rule {
        TripRule::ConsecutiveFailures { .. } => None,
        TripRule::Failures { within, .. }
        | TripRule::FailureRate { within, .. }
        | TripRule::Slow { within, .. } => Some(within),
    }
}
