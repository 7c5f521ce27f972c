//! The figures of a plan that say "at most", held against a siege.

use std::time::Duration;

use amb_policy_lang::plan::{
    BreakerScope, Match, OpenFor, Plan, Retry, RetryAfter, Settings, derived,
};
use amb_runtime::testing::{Besieged, Happened, Raided, Siege};

/// Timers of a proxy are rounded up to whole milliseconds, and a call has a few of them.
const SLACK: Duration = Duration::from_millis(5);
/// The buffer that every call has for a head and what comes with it.
const ORDINARY: usize = 18 * 1024;
/// Of the budget's window only so much is certain: it has ten slots, of which the present one is not over.
const CERTAIN: Duration = Duration::from_secs(9);
const WINDOW: Duration = Duration::from_secs(10);

/// What something came to, and the figure of the plan that it had to stay within.
pub(crate) struct Held {
    pub(crate) figure: &'static str,
    pub(crate) is: f64,
    pub(crate) most: f64,
    slack: f64,
    /// Where it happened.
    whose: String,
}

impl Held {
    fn number(figure: &'static str, is: usize, most: f64) -> Self {
        Self { figure, is: is as f64, most, slack: 0.0, whose: String::new() }
    }

    /// In milliseconds.
    fn time(figure: &'static str, is: Duration, most: Duration) -> Self {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let slack = millis(SLACK);
        Self { figure, is: millis(is), most: millis(most), slack, whose: String::new() }
    }

    fn of(self, whose: String) -> Self {
        Self { whose, ..self }
    }

    /// What is wrong, if it is more.
    pub(crate) fn exceeded(&self) -> Option<String> {
        let Self { figure, is, most, slack, whose } = self;
        (*is > most + slack).then(|| format!("{whose}: {figure} {is}, at most {most}"))
    }

    /// Did it come so near that a little less would have been too little?
    pub(crate) fn is_tried(&self) -> bool {
        self.is > 0.0 && self.is >= self.most * 0.95
    }
}

/// Everything that happened, by figure.
pub(crate) fn held(plan: &Plan, siege: &Siege, besieged: &Besieged) -> Vec<Held> {
    let calls: Vec<_> = besieged
        .calls
        .iter()
        .enumerate()
        .filter_map(|(number, raided)| Call::of(plan, siege, besieged, number, raided))
        .collect();
    let mut held: Vec<_> = calls.iter().flat_map(Call::held).collect();
    held.extend(calls.iter().flat_map(|call| budget(call, &calls)));
    held.extend((0..besieged.breakers.len()).flat_map(|id| breaker(id, besieged, &calls)));
    held
}

/// A call that belongs to an upstream, and what happened to it.
struct Call<'p> {
    raided: &'p Raided,
    settings: &'p Settings,
    matches: &'p [Match],
    /// It sends its request at once, and reads whatever comes.
    prompt: bool,
    happened: Vec<(Duration, Happened)>,
    /// Its retries that were made: the place of each in all that happened, and when it was granted.
    granted: Vec<(usize, Duration)>,
    tries: Vec<Try>,
}

/// From when the proxy reached for the upstream until it knew how that went.
struct Try {
    began: Duration,
    ended: Option<Duration>,
    /// When the connection was there, or known not to be.
    connected: Option<Duration>,
}

impl<'p> Call<'p> {
    fn of(
        plan: &'p Plan,
        siege: &Siege,
        besieged: &Besieged,
        number: usize,
        raided: &'p Raided,
    ) -> Option<Self> {
        let upstream = plan.upstreams.iter().find(|upstream| upstream.name == raided.upstream)?;
        let route = upstream.routes.iter().find(|route| route.name == raided.route);
        let settings = route.map_or(&upstream.settings, |route| &route.settings);
        let matches = route.map_or(&[][..], |route| &route.matches);
        let raid = siege.raids.get(number)?;
        let own = besieged.happened.iter().filter(|(_, call, _)| *call == number);
        let happened: Vec<_> = own.map(|(at, _, what)| (*at, *what)).collect();
        let mut tries = tries(raided.began, &happened);
        // Nobody is told of the end of a try that was the caller's.
        tries.iter_mut().for_each(|it| it.ended = it.ended.or(raided.ended));
        let all = besieged.happened.iter().enumerate();
        let waits = all
            .filter(|(_, (_, call, what))| *call == number && matches!(what, Happened::Waits(_)));
        let granted =
            waits.map(|(place, (at, ..))| (place, *at)).take(tries.len().saturating_sub(1));
        let granted = granted.collect();
        let prompt = raid.pace.is_zero() && raid.reads.is_zero();
        Some(Self { raided, settings, matches, prompt, happened, granted, tries })
    }

    fn held(&self) -> Vec<Held> {
        let single = [
            Some(self.latency()),
            self.answer(),
            Some(self.count()),
            Some(self.amplification()),
            Some(self.memory()),
            self.slow_tries(),
        ];
        let several = self.waits().chain(self.per_try()).chain(self.connect());
        let Self { raided, happened, .. } = self;
        let whose = format!("{raided:?}, {happened:?}");
        single.into_iter().flatten().chain(several).map(|held| held.of(whose.clone())).collect()
    }

    fn latency(&self) -> Held {
        let worst = derived::worst_latency(self.settings);
        let took = self.raided.ended.map_or(Duration::MAX, |ended| ended - self.raided.began);
        Held::time("worst latency", took, worst)
    }

    fn answer(&self) -> Option<Held> {
        let most = derived::slowest_answer(self.settings);
        let took = self.raided.answered.filter(|_| self.prompt)? - self.raided.began;
        Some(Held::time("slowest answer", took, most))
    }

    fn count(&self) -> Held {
        let ended = self.happened.iter().filter(|(_, what)| *what == Happened::Tried).count();
        Held::number("tries", ended, f64::from(derived::tries(self.settings)))
    }

    fn amplification(&self) -> Held {
        let most = derived::amplification(self.settings, self.matches);
        let asked = |what: &Happened| matches!(what, Happened::Asked { .. });
        let asked = self.happened.iter().filter(|(_, what)| asked(what)).count();
        Held::number("amplification", asked, f64::from(most))
    }

    fn waits(&self) -> impl Iterator<Item = Held> {
        let waits = self.happened.iter().filter_map(|(_, what)| match what {
            Happened::Waits(wait) => Some(*wait),
            _ => None,
        });
        (1..).zip(waits).map(|(k, wait)| {
            let most = self.settings.retry.as_ref().map_or(Duration::ZERO, |it| window(it, k));
            Held::time("wait", wait, most)
        })
    }

    /// What an upstream has got of a body that is sent again had to be kept.
    fn memory(&self) -> Held {
        let (mut got, mut kept) = (0, 0);
        for (_, what) in &self.happened {
            match what {
                Happened::Got { body } => got = got.max(*body),
                Happened::Asked { .. } => kept = got,
                _ => {}
            }
        }
        // Without another try nothing is kept but what lies in the ordinary buffer.
        let most = match derived::replay_memory(self.settings) {
            0 => ORDINARY,
            most => most as usize,
        };
        Held::number("replay memory", kept, most as f64)
    }

    fn per_try(&self) -> impl Iterator<Item = Held> {
        let most = self.settings.timeout.per_try.as_ref().filter(|_| self.prompt);
        let took = self.tries.iter().filter_map(|it| Some(it.ended? - it.began));
        took.filter_map(move |took| Some(Held::time("per-try", took, most?.value)))
    }

    fn connect(&self) -> impl Iterator<Item = Held> {
        let most = self.settings.timeout.connect.value;
        let took = self.tries.iter().filter_map(|it| Some(it.connected? - it.began));
        took.map(move |took| Held::time("connect", took, most))
    }

    /// Tries before which all others took the whole of `per-try`.
    fn slow_tries(&self) -> Option<Held> {
        let per_try = self.settings.timeout.per_try.as_ref()?.value;
        let slow = |it: &&Try| it.ended.is_some_and(|ended| ended - it.began >= per_try);
        let slow = self.tries.iter().take_while(slow).count();
        let begun = self.tries.len().min(slow + 1);
        Some(Held::number("slow tries", begun, f64::from(derived::slow_tries(self.settings))))
    }

    fn breaker(&self) -> Option<String> {
        match self.settings.breaker.as_ref()?.scope {
            BreakerScope::Upstream => Some(self.raided.upstream.to_owned()),
            BreakerScope::Route => Some(format!("{}/{}", self.raided.upstream, self.raided.route)),
        }
    }
}

/// The longest wait after the k-th failed try.
fn window(retry: &Retry, k: u32) -> Duration {
    let asked = match retry.retry_after.value {
        RetryAfter::Honour { up_to } => up_to,
        RetryAfter::Ignore => Duration::ZERO,
    };
    derived::backoff_window(&retry.backoff.value, k) + asked
}

/// Of a call that began so late.
fn tries(start: Duration, happened: &[(Duration, Happened)]) -> Vec<Try> {
    let (mut tries, mut open, mut due): (Vec<Try>, _, _) = (Vec::new(), false, Some(start));
    for (at, what) in happened {
        match what {
            Happened::Waits(wait) => due = Some(*at + *wait),
            Happened::Reached | Happened::Asked { .. } | Happened::Tried if !open => {
                // What upstreams see later than the end of a try is of that try.
                let Some(due) = due.take_if(|due| *due <= *at) else { continue };
                // Nothing is seen of a try on a kept connection that nobody reads any more.
                let silent = *what == Happened::Tried;
                let connected = (*what != Happened::Reached).then_some(*at);
                let connected = if silent { Some(due) } else { connected };
                let began = if silent { due } else { *at };
                tries.push(Try { began, ended: silent.then_some(*at), connected });
                open = !silent;
            }
            Happened::Asked { .. } | Happened::Tried => {
                if let Some(last) = tries.last_mut() {
                    last.connected = last.connected.or(Some(*at));
                    if *what == Happened::Tried {
                        last.ended = Some(*at);
                        open = false;
                    }
                }
            }
            _ => {}
        }
    }
    tries
}

/// Each retry at the moment when it was granted, against all that was granted and called before.
fn budget(call: &Call<'_>, calls: &[Call<'_>]) -> Vec<Held> {
    let Some(retry) = &call.settings.retry else { return Vec::new() };
    let budget = retry.budget.value;
    let others = || {
        let same = |other: &&Call<'_>| other.raided.upstream == call.raided.upstream;
        calls.iter().filter(same).filter(|other| other.settings.retry.is_some())
    };
    let share = f64::from(budget.ratio.parts_per_million()) / 1e6;
    let per = budget.floor.per.as_secs_f64();
    let floor = f64::from(budget.floor.count) * WINDOW.as_secs_f64() / per;
    call.granted
        .iter()
        .map(|&(place, at)| {
            let from = |span: Duration| at.saturating_sub(span)..=at;
            let before = others().flat_map(|it| &it.granted).filter(|(it, _)| *it <= place);
            let spent = before.filter(|(_, it)| from(CERTAIN).contains(it)).count();
            let began = others().map(|other| other.raided.began);
            let calls = began.filter(|it| from(WINDOW).contains(it)).count();
            let most = (calls as f64 * share + floor).floor();
            Held::number("budget", spent, most).of(call.raided.upstream.to_owned())
        })
        .collect()
}

/// What comes through a breaker while it is open, and how much at once while it is half-open.
fn breaker(id: usize, besieged: &Besieged, calls: &[Call<'_>]) -> Vec<Held> {
    let name = besieged.breakers[id];
    let behind: Vec<_> = calls.iter().filter(|it| it.breaker().as_deref() == Some(name)).collect();
    let Some(policy) = behind.iter().find_map(|call| call.settings.breaker.as_ref()) else {
        return Vec::new();
    };
    let least = match policy.open_for.value {
        OpenFor::Fixed(time) => time,
        OpenFor::Doubling { first, .. } => first * 9 / 10,
    };
    let changes = [Happened::Opened(id), Happened::HalfOpened(id), Happened::Closed(id)];
    let changes = besieged.happened.iter().filter(|(_, _, what)| changes.contains(what));
    let changes: Vec<_> = changes.map(|(at, _, what)| (*at, *what)).collect();
    let ends = changes.iter().skip(1).map(|(at, _)| *at).chain([Duration::MAX]);
    let tries: Vec<&Try> = behind.iter().flat_map(|call| &call.tries).collect();
    let held = changes.iter().zip(ends).filter_map(|((at, what), end)| {
        let begun =
            |from: Duration| tries.iter().filter(move |it| it.began >= from && it.began < end);
        match what {
            Happened::Opened(_) => {
                let early = |it: &&&Try| it.began > *at && it.began < *at + least;
                let early = begun(*at).filter(early).count();
                Some(Held::number("tries while the breaker is open", early, 0.0))
            }
            Happened::HalfOpened(_) => {
                let probes: Vec<_> = begun(*at).collect();
                let with = |it: &&Try| {
                    let open = |other: &&&&Try| {
                        other.began <= it.began && other.ended.is_none_or(|ended| ended > it.began)
                    };
                    probes.iter().filter(open).count()
                };
                let most = probes.iter().map(|it| with(it)).max()?;
                Some(Held::number("probes", most, f64::from(policy.probes.value)))
            }
            _ => None,
        }
    });
    let whose = format!("breaker {name}, {:?}", besieged.happened);
    held.map(|held| held.of(whose.clone())).collect()
}
