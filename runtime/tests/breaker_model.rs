//! The breaker against a model that keeps every try in a list.

#![cfg(test)]

use amb_runtime::clock::Moment;
use amb_runtime::random::up_to;
use amb_runtime::state::breaker::{
    Breaker, OpenFor, Permit, Spec, State, Transition, Trip, Verdict,
};
use amb_runtime::units::{Percent, millis, per_million, percent, secs};
use proptest::prelude::*;

const SPECS: &[Spec] = &[
    Spec {
        trips: &[Trip::Failures { count: 3, within: secs(2) }],
        open_for: OpenFor::Fixed(millis(700)),
        probes: 1,
    },
    Spec {
        trips: &[
            Trip::ConsecutiveFailures { count: 4 },
            Trip::Failures { count: 5, within: millis(35) },
        ],
        open_for: OpenFor::Doubling { first: millis(50), last: millis(170) },
        probes: 2,
    },
    Spec {
        trips: &[
            Trip::FailureRate { ratio: percent(40), samples: 5, within: secs(1) },
            Trip::FailureRate { ratio: per_million(750_001), samples: 2, within: secs(30) },
        ],
        open_for: OpenFor::Doubling { first: millis(300), last: secs(90) },
        probes: 3,
    },
    Spec {
        trips: &[
            Trip::Slow { threshold: millis(100), ratio: percent(50), samples: 3, within: secs(1) },
            Trip::ConsecutiveFailures { count: 3 },
        ],
        open_for: OpenFor::Fixed(secs(2)),
        probes: 2,
    },
];

/// A try that ended while CLOSED.
struct Ended {
    at: u64,
    took: u64,
    verdict: Verdict,
}

enum Mode {
    Closed(Vec<Ended>),
    Open { until: u64 },
    HalfOpen { in_flight: u32, succeeded: u32 },
}

/// One thread, unbounded memory, no tricks.
struct Model {
    spec: &'static Spec,
    mode: Mode,
    /// Changes with every transition; a try belongs to the one in which it began.
    era: u64,
    failed_rounds: u32,
    overdue: u64,
}

/// What the model knows of a try.
#[derive(Clone, Copy)]
struct Begun {
    era: u64,
    at: u64,
}

impl Model {
    fn new(spec: &'static Spec) -> Self {
        Self { spec, mode: Mode::Closed(Vec::new()), era: 0, failed_rounds: 0, overdue: 0 }
    }

    fn admit(&mut self, now: u64) -> Result<(Begun, Option<Transition>), u64> {
        let mut transition = None;
        match &mut self.mode {
            Mode::Closed(_) => return Ok((Begun { era: self.era, at: now }, None)),
            Mode::Open { until } if now < *until => return Err(*until - now),
            Mode::Open { .. } => transition = Some(Transition::HalfOpened),
            Mode::HalfOpen { in_flight, .. } if *in_flight < self.spec.probes => *in_flight += 1,
            Mode::HalfOpen { .. } if now >= self.overdue => {
                self.failed_rounds += 1;
                transition = Some(Transition::HalfOpened);
            }
            Mode::HalfOpen { .. } => return Err(1_000),
        }
        if transition.is_some() {
            self.turn(Mode::HalfOpen { in_flight: 1, succeeded: 0 });
        }
        self.overdue = self.overdue.max(now + self.base().max(60_000));
        Ok((Begun { era: self.era, at: now }, transition))
    }

    fn record(&mut self, try_: Begun, verdict: Verdict, now: u64, draw: u64) -> Option<Transition> {
        if try_.era != self.era {
            return None;
        }
        match &mut self.mode {
            Mode::Open { .. } => None,
            Mode::Closed(ended) => {
                if verdict != Verdict::Cancelled {
                    ended.push(Ended { at: now, took: now - try_.at, verdict });
                }
                let trips = |trip: &Trip| holds(trip, ended, now);
                let tripped = verdict != Verdict::Cancelled && self.spec.trips.iter().any(trips);
                tripped.then(|| self.open(now, draw))
            }
            Mode::HalfOpen { in_flight, succeeded } => {
                *in_flight -= 1;
                match verdict {
                    Verdict::Cancelled => None,
                    Verdict::Success => {
                        *succeeded += 1;
                        (*succeeded == self.spec.probes).then(|| self.close())
                    }
                    Verdict::Failure | Verdict::Throttled => {
                        self.failed_rounds += 1;
                        Some(self.open(now, draw))
                    }
                }
            }
        }
    }

    fn open(&mut self, now: u64, draw: u64) -> Transition {
        let base = self.base();
        let time = match self.spec.open_for {
            OpenFor::Fixed(_) => base,
            OpenFor::Doubling { .. } => base - base / 10 + up_to(draw, base / 5),
        };
        self.turn(Mode::Open { until: now + time });
        Transition::Opened { for_: millis(time) }
    }

    fn close(&mut self) -> Transition {
        self.failed_rounds = 0;
        self.turn(Mode::Closed(Vec::new()));
        Transition::Closed
    }

    fn turn(&mut self, mode: Mode) {
        self.mode = mode;
        self.era += 1;
    }

    fn base(&self) -> u64 {
        let base = match self.spec.open_for {
            OpenFor::Fixed(time) => time,
            OpenFor::Doubling { first, last } => {
                (0..self.failed_rounds).fold(first, |base, _| (base * 2).min(last))
            }
        };
        base.as_millis() as u64
    }

    fn state(&self) -> State {
        match self.mode {
            Mode::Closed(_) => State::Closed,
            Mode::Open { until } => State::Open { until: Moment::from_millis(until) },
            Mode::HalfOpen { .. } => State::HalfOpen,
        }
    }
}

fn holds(trip: &Trip, ended: &[Ended], now: u64) -> bool {
    let in_window = |within: std::time::Duration| {
        let width = (within.as_millis() as u64 / 10).max(1);
        ended.iter().filter(move |it| it.at / width + 10 > now / width)
    };
    let failed = |it: &&Ended| it.verdict == Verdict::Failure;
    match *trip {
        Trip::Failures { count, within } => {
            in_window(within).filter(failed).count() >= count as usize
        }
        Trip::ConsecutiveFailures { count } => {
            let heard = ended.iter().rev().filter(|it| it.verdict != Verdict::Throttled);
            heard.take_while(failed).count() >= count as usize
        }
        Trip::FailureRate { ratio, samples, within } => {
            let hits = in_window(within).filter(|it| it.verdict != Verdict::Success).count();
            reaches(hits, in_window(within).count(), ratio, samples)
        }
        Trip::Slow { threshold, ratio, samples, within } => {
            let slow = |it: &&Ended| it.took >= threshold.as_millis() as u64;
            let hits = in_window(within).filter(slow).count();
            reaches(hits, in_window(within).count(), ratio, samples)
        }
    }
}

fn reaches(hits: usize, of: usize, ratio: Percent, samples: u32) -> bool {
    let enough = of >= samples as usize && hits > 0;
    enough && hits as f64 / of as f64 >= f64::from(ratio.parts_per_million()) / 1e6
}

#[derive(Clone, Debug)]
enum Op {
    Wait(u64),
    Admit,
    /// Ends one of the tries that are on their way.
    End {
        which: usize,
        verdict: Verdict,
        draw: u64,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let wait = prop_oneof![
        6 => 0..20u64,
        4 => 20..500u64,
        2 => 500..3_000u64,
        1 => 50_000..100_000u64,
    ];
    let verdict = prop_oneof![
        4 => Just(Verdict::Success),
        5 => Just(Verdict::Failure),
        1 => Just(Verdict::Throttled),
        1 => Just(Verdict::Cancelled),
    ];
    let end = (any::<usize>(), verdict, any::<u64>());
    prop_oneof![
        3 => wait.prop_map(Op::Wait),
        5 => Just(Op::Admit),
        5 => end.prop_map(|(which, verdict, draw)| Op::End { which, verdict, draw }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_the_model(which in 0..SPECS.len(), ops in prop::collection::vec(op(), 1..250)) {
        let spec = &SPECS[which];
        let (breaker, mut model) = (Breaker::new(), Model::new(spec));
        let mut begun: Vec<(Permit, Begun)> = Vec::new();
        let mut now = 0;
        for op in ops {
            match op {
                Op::Wait(ms) => now += ms,
                Op::Admit => {
                    let refuses = breaker.refuses(spec, Moment::from_millis(now)).is_some();
                    match (breaker.admit(spec, Moment::from_millis(now)), model.admit(now)) {
                        (Ok((permit, real)), Ok((known, expected))) => {
                            prop_assert!(!refuses);
                            prop_assert_eq!(real, expected);
                            begun.push((permit, known));
                        }
                        (Err(refused), Err(retry_in)) => {
                            prop_assert!(refuses);
                            prop_assert_eq!(refused.retry_in, millis(retry_in));
                        }
                        (real, _) => prop_assert!(false, "{real:?} at {now} ms"),
                    }
                }
                Op::End { which, verdict, draw } if !begun.is_empty() => {
                    let (permit, known) = begun.swap_remove(which % begun.len());
                    let at = Moment::from_millis(now);
                    let real = breaker.record(spec, permit, verdict, at, || draw);
                    prop_assert_eq!(real, model.record(known, verdict, now, draw));
                }
                Op::End { .. } => {}
            }
            prop_assert_eq!(breaker.state(), model.state());
        }
    }
}
