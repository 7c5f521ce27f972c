//! The breaker's state, in one word.
//!
//! Every transition is one compare-and-swap of the whole word. Therefore a trip has exactly one
//! author, a probe is never handed out twice, and what resets on a transition (the streak, the
//! probes' successes) resets with it. The round grows with each trip and is part of the word, of
//! every permit and of every slot of the windows: what began before a trip cannot speak after it.

/// phase 2 | round 16 | step 5 | 41 bits of the phase's own: HALF-OPEN has handed out 17 |
/// succeeded 12 | in flight 12.
const ROUND_SHIFT: u32 = 46;
const STEP_SHIFT: u32 = 41;
const PHASE_SHIFT: u32 = 62;
const OWN: u64 = (1 << STEP_SHIFT) - 1;
const SUCCEEDED_SHIFT: u32 = 12;
const HANDED_OUT_SHIFT: u32 = 24;

/// The most probes that a breaker can be given.
pub const MAX_PROBES: u32 = (1 << SUCCEEDED_SHIFT) - 1;

/// `step` stays here: the base has been doubled 31 times.
const LAST_STEP: u8 = 31;

const CLOSED: u64 = 0;
const OPEN: u64 = 1;
const HALF_OPEN: u64 = 2;

/// What the word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) phase: Phase,
    /// Trips so far; starts again after 65,536.
    pub(super) round: u16,
    /// Rounds of probes that failed since the breaker was last closed.
    pub(super) step: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Failures in a row; counted only if a rule asks for it.
    Closed { streak: u64 },
    /// Milliseconds since the clock's start; 41 bits are 69 years.
    Open { until_ms: u64 },
    HalfOpen {
        in_flight: u32,
        succeeded: u32,
        /// Probes of this round so far, modulo 2^17. Without it the word could return to what it
        /// was, with another probe in flight: who judged the first one overdue would throw out
        /// the second.
        handed_out: u32,
    },
}

impl Phase {
    /// One probe is on its way.
    pub(super) const FIRST_PROBE: Self =
        Self::HalfOpen { in_flight: 1, succeeded: 0, handed_out: 1 };
}

impl Word {
    pub(super) const fn unpack(word: u64) -> Self {
        let own = word & OWN;
        let phase = match word >> PHASE_SHIFT {
            CLOSED => Phase::Closed { streak: own },
            OPEN => Phase::Open { until_ms: own },
            _ => Phase::HalfOpen {
                in_flight: own as u32 & MAX_PROBES,
                succeeded: (own >> SUCCEEDED_SHIFT) as u32 & MAX_PROBES,
                handed_out: (own >> HANDED_OUT_SHIFT) as u32,
            },
        };
        let round = (word >> ROUND_SHIFT) as u16;
        let step = (word >> STEP_SHIFT) as u8 & LAST_STEP;
        Self { phase, round, step }
    }

    pub(super) fn pack(self) -> u64 {
        let (phase, own) = match self.phase {
            Phase::Closed { streak } => (CLOSED, streak.min(OWN)),
            Phase::Open { until_ms } => (OPEN, until_ms.min(OWN)),
            Phase::HalfOpen { in_flight, succeeded, handed_out } => (
                HALF_OPEN,
                (u64::from(handed_out) << HANDED_OUT_SHIFT & OWN)
                    | u64::from(succeeded) << SUCCEEDED_SHIFT
                    | u64::from(in_flight),
            ),
        };
        phase << PHASE_SHIFT
            | u64::from(self.round) << ROUND_SHIFT
            | u64::from(self.step) << STEP_SHIFT
            | own
    }

    /// The same state, but for its phase.
    pub(super) const fn with(self, phase: Phase) -> Self {
        Self { phase, ..self }
    }

    /// A new round that opens for as long as `step` says.
    pub(super) const fn tripped(self, step: u8, phase: Phase) -> Self {
        Self { phase, round: self.round.wrapping_add(1), step }
    }

    /// The step of a round that follows a failed round of probes.
    pub(super) fn next_step(self) -> u8 {
        (self.step + 1).min(LAST_STEP)
    }
}
