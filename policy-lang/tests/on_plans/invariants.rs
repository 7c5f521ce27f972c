//! What holds for every plan, whatever the upstream does: checked on random ones.

use std::collections::BTreeMap;
use std::time::Duration;

use amb_policy_lang::diff::diff;
use amb_policy_lang::interpret::{
    Course, Outcome, Request, Scenario, Script, Source, Start, Status, Trace, Transition, What, run,
};
use amb_policy_lang::plan::{
    Backoff, BackoffKind, Breaker, Budget, Cause, CodeRange, NonIdempotent, OpenFor, Percent, Plan,
    Rate, Retry, RetryAfter, ScriptedReply, ScriptedStep, Settings, Sourced, Timeout, Total,
    TripRule, derived,
};
use amb_policy_lang::summary;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::plans::{self, MS, SECOND};

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn cause() -> impl Strategy<Value = Cause> {
    prop_oneof![
        Just(Cause::ConnectFailure),
        Just(Cause::Reset),
        Just(Cause::Timeout),
        Just(Cause::Status(CodeRange { first: 500, last: 599 })),
        Just(plans::status(429)),
        Just(plans::status(503)),
    ]
}

fn retry() -> impl Strategy<Value = Retry> {
    let kind = prop_oneof![
        Just(BackoffKind::FullJitter),
        Just(BackoffKind::EqualJitter),
        Just(BackoffKind::Fixed)
    ];
    let backoff = (kind, 1_u64..300, 0_u64..2_000);
    let after = option::of(millis(0..4_000));
    let rule = prop_oneof![
        Just(NonIdempotent::Never),
        Just(NonIdempotent::WhenHeader("idempotency-key".to_owned())),
        Just(NonIdempotent::Always { because: "it deduplicates".to_owned() }),
    ];
    (1_u32..=5, vec(cause(), 1..4), backoff, after, rule, (0_u32..600_000, 0_u32..3)).prop_map(
        |(attempts, on, (kind, base, more), after, rule, (ratio, floor))| {
            let mut retry = plans::retry();
            retry.attempts.value = attempts;
            retry.on.value = on;
            let cap = if kind == BackoffKind::Fixed { base } else { base + more };
            let (base, cap) = (Duration::from_millis(base), Duration::from_millis(cap));
            retry.backoff.value = Backoff { kind, base, cap };
            retry.retry_after.value =
                after.map_or(RetryAfter::Ignore, |up_to| RetryAfter::Honour { up_to });
            retry.non_idempotent.value = rule;
            let floor = Rate { count: floor, per: SECOND };
            retry.budget.value = Budget { ratio: Percent(ratio), floor };
            retry.buffer.value = 1_000;
            retry
        },
    )
}

fn rule() -> impl Strategy<Value = TripRule> {
    let within = || millis(5..5_000);
    let ratio = || (100_000_u32..=1_000_000).prop_map(Percent);
    prop_oneof![
        (1_u32..5).prop_map(|count| TripRule::ConsecutiveFailures { count }),
        (1_u32..5, within()).prop_map(|(count, within)| TripRule::Failures { count, within }),
        (ratio(), 1_u32..6, within()).prop_map(|(ratio, samples, within)| TripRule::FailureRate {
            ratio,
            samples,
            within
        }),
        (millis(1..300), ratio(), 1_u32..6, within()).prop_map(
            |(threshold, ratio, samples, within)| TripRule::Slow {
                threshold,
                ratio,
                samples,
                within
            }
        ),
    ]
}

fn breaker() -> impl Strategy<Value = Breaker> {
    let open_for = prop_oneof![
        millis(1..3_000).prop_map(OpenFor::Fixed),
        (millis(1..1_000), millis(1..3_000))
            .prop_map(|(first, more)| OpenFor::Doubling { first, last: first + more }),
    ];
    (vec(rule(), 1..3), open_for, 1_u32..4).prop_map(|(rules, open_for, probes)| {
        let mut breaker = plans::breaker();
        breaker.rules = rules.into_iter().map(Sourced::language).collect();
        breaker.open_for.value = open_for;
        breaker.probes.value = probes;
        breaker
    })
}

/// `per-try` is always shorter than `total`: the checker lets nothing else through.
fn timeout() -> impl Strategy<Value = Timeout> {
    (2_u64..3_000, option::of(1_u64..3_000), millis(1..500)).prop_map(
        |(total, per_try, connect)| {
            let mut timeout = plans::settings().timeout;
            timeout.total.value = Total::Fixed(Duration::from_millis(total));
            timeout.per_try = per_try
                .map(|time| Sourced::language(Duration::from_millis(1 + time % (total - 1))));
            timeout.connect.value = connect;
            timeout
        },
    )
}

fn settings() -> impl Strategy<Value = Settings> {
    (timeout(), option::of(retry())).prop_map(|(timeout, retry)| {
        let mut settings = plans::settings();
        settings.timeout = timeout;
        settings.retry = retry;
        settings
    })
}

/// The breaker stands at the upstream, so all its routes have the same.
fn plan() -> impl Strategy<Value = Plan> {
    (vec(settings(), 3), option::of(breaker())).prop_map(|(settings, breaker)| {
        let mut plan = plans::order();
        let inventory = &mut plan.upstreams[1];
        let mut settings = settings.into_iter();
        let routes = inventory.routes.iter_mut().map(|route| &mut route.settings);
        for target in routes.chain([&mut inventory.settings]) {
            *target = settings.next().unwrap();
            target.breaker.clone_from(&breaker);
        }
        plan
    })
}

fn step() -> impl Strategy<Value = ScriptedStep> {
    let reply = prop_oneof![
        4 => prop_oneof![Just(200_u16), Just(503), Just(500), Just(429), Just(404)]
            .prop_map(ScriptedReply::Status),
        1 => Just(ScriptedReply::Refused),
        1 => Just(ScriptedReply::Reset),
        1 => Just(ScriptedReply::Timeout),
    ];
    (reply, millis(0..400), option::of(0_u8..4)).prop_map(|(reply, after, asked)| {
        let asked = asked.map(|seconds| ("retry-after".to_owned(), seconds.to_string()));
        ScriptedStep { reply, after, headers: asked.into_iter().collect() }
    })
}

fn request() -> impl Strategy<Value = Request> {
    let line = prop_oneof![
        Just(("GET", "/v1/stock/1")),
        Just(("PUT", "/v1/reservations/1")),
        Just(("POST", "/other"))
    ];
    let start = prop_oneof![
        Just(Start::AfterPrevious),
        millis(0..500).prop_map(Start::AfterStart),
        millis(0..5_000).prop_map(Start::At),
    ];
    (line, start, any::<bool>(), 0_u64..1_500).prop_map(|((method, target), start, keyed, body)| {
        let key = keyed.then(|| ("idempotency-key".to_owned(), "k".to_owned()));
        Request {
            start,
            method: method.to_owned(),
            host: "inventory.shop.svc".to_owned(),
            target: target.to_owned(),
            headers: key.into_iter().collect(),
            body,
            course: Course::Plain,
        }
    })
}

fn scenario() -> impl Strategy<Value = Scenario> {
    (any::<u64>(), vec(request(), 1..25), vec(step(), 1..20)).prop_map(|(seed, requests, steps)| {
        let scripts = vec![Script { upstream: "inventory".to_owned(), steps }];
        Scenario { seed, requests, scripts, fields: vec![] }
    })
}

fn settings_of<'p>(plan: &'p Plan, route: Option<&String>) -> &'p Settings {
    let upstream = &plan.upstreams[1];
    let named = upstream.routes.iter().find(|it| Some(&it.name) == route);
    named.map_or(&upstream.settings, |route| &route.settings)
}

/// Moments of the budget's cost: a retry, and what it took.
fn retries(trace: &Trace) -> Vec<(Duration, u64)> {
    let mut last = BTreeMap::new();
    let mut retries = vec![];
    for event in &trace.events {
        match &event.what {
            What::TryEnded { call, outcome, .. } => drop(last.insert(*call, *outcome)),
            What::Waits { call, .. } => {
                let cost = if last.get(call) == Some(&Outcome::Timeout) { 2 } else { 1 };
                retries.push((event.at, cost));
            }
            _ => {}
        }
    }
    retries
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_ends_within_its_bounds(plan in plan(), scenario in scenario()) {
        let trace = run(&plan, &scenario);
        prop_assert_eq!(trace.calls.len(), scenario.requests.len());
        for call in &trace.calls {
            let settings = settings_of(&plan, call.route.as_ref());
            prop_assert!(call.source.is_some(), "{trace}");
            prop_assert!(call.attempts <= derived::tries(settings), "{trace}");
            prop_assert!(call.elapsed <= derived::slowest_answer(settings), "{trace}");
        }
    }

    #[test]
    fn one_seed_makes_one_trace(plan in plan(), scenario in scenario()) {
        prop_assert_eq!(run(&plan, &scenario), run(&plan, &scenario));
    }

    #[test]
    fn what_may_have_been_processed_is_sent_once(plan in plan(), mut scenario in scenario()) {
        // A refusal that a time-out overtakes looks like a request that was sent.
        let steps = scenario.scripts.iter_mut().flat_map(|script| &mut script.steps);
        let refused = steps.filter(|step| step.reply == ScriptedReply::Refused);
        refused.for_each(|step| step.after = Duration::ZERO);
        let trace = run(&plan, &scenario);
        let mut seen = BTreeMap::<usize, u32>::new();
        for event in &trace.events {
            let What::TryEnded { call, outcome, .. } = &event.what else { continue };
            if *outcome != Outcome::ConnectFailure {
                *seen.entry(*call).or_default() += 1;
            }
        }
        for (number, call) in trace.calls.iter().enumerate() {
            let request = &scenario.requests[number];
            let settings = settings_of(&plan, call.route.as_ref());
            let rule = settings.retry.as_ref().map(|retry| &retry.non_idempotent.value);
            let safe = request.method == "GET"
                || matches!(rule, Some(NonIdempotent::Always { .. }))
                || matches!(rule, Some(NonIdempotent::WhenHeader(_))) && !request.headers.is_empty();
            prop_assert!(safe || seen.get(&(number + 1)).is_none_or(|tries| *tries <= 1), "{trace}");
        }
    }

    #[test]
    fn while_open_nothing_reaches_the_network(plan in plan(), scenario in scenario()) {
        let trace = run(&plan, &scenario);
        let mut until = None;
        for event in &trace.events {
            match &event.what {
                What::Breaker { transition: Transition::Open(time), .. } => until = Some(event.at + *time),
                What::Breaker { .. } => until = None,
                What::TryStarted { .. } => prop_assert!(until.is_none(), "{event}\n{trace}"),
                _ => {}
            }
            if let (Some(until), What::Breaker { transition: Transition::HalfOpen, .. }) = (until, &event.what) {
                prop_assert!(event.at >= until, "{event}\n{trace}");
            }
        }
    }

    #[test]
    fn while_half_open_only_the_probes_are_in_flight(plan in plan(), scenario in scenario()) {
        let trace = run(&plan, &scenario);
        let probes = plan.upstreams[1].settings.breaker.as_ref().map_or(u32::MAX, |it| it.probes.value);
        let (mut half_open, mut begun) = (false, BTreeMap::new());
        for event in &trace.events {
            match &event.what {
                What::Breaker { transition, .. } => {
                    half_open = *transition == Transition::HalfOpen;
                    begun.clear();
                }
                What::TryStarted { call, .. } if half_open => drop(begun.insert(*call, ())),
                What::TryEnded { call, .. } => drop(begun.remove(call)),
                _ => {}
            }
            prop_assert!(begun.len() <= probes as usize, "{event}\n{trace}");
        }
    }

    #[test]
    fn retries_stay_within_the_budget(plan in plan(), scenario in scenario()) {
        let mut plan = plan;
        // One budget for all routes, so that one sum can be checked.
        let budget = Budget { ratio: Percent(300_000), floor: Rate { count: 0, per: SECOND } };
        let inventory = &mut plan.upstreams[1];
        let all = inventory.routes.iter_mut().map(|route| &mut route.settings).chain([&mut inventory.settings]);
        all.filter_map(|settings| settings.retry.as_mut()).for_each(|retry| retry.budget.value = budget);
        let trace = run(&plan, &scenario);
        let retries = retries(&trace);
        for (at, _) in &retries {
            let from = at.as_secs().saturating_sub(9);
            let recent = |moment: Duration| moment <= *at && moment.as_secs() >= from;
            let spent: u64 = retries.iter().filter(|(at, _)| recent(*at)).map(|(_, cost)| cost).sum();
            let started = trace.events.iter().filter(|event| recent(event.at));
            let calls = started.filter(|event| matches!(event.what, What::Started { .. })).count() as u64;
            prop_assert!(spent * 10 <= calls * 3, "at {at:?}: {spent} of {calls}\n{trace}");
        }
    }

    #[test]
    fn a_real_response_is_never_replaced(plan in plan(), scenario in scenario()) {
        let trace = run(&plan, &scenario);
        let mut last = BTreeMap::new();
        for event in &trace.events {
            match &event.what {
                What::TryEnded { call, outcome: Outcome::Status(status), .. } => {
                    last.insert(*call, *status);
                }
                What::Ended { call, status, source, .. } => match last.get(call) {
                    Some(real) => {
                        let real = Status::Http(*real);
                        prop_assert_eq!((*status, *source), (real, Source::Upstream));
                    }
                    None => prop_assert_ne!(*source, Source::Upstream),
                },
                _ => {}
            }
        }
    }

    #[test]
    fn time_never_runs_backwards(plan in plan(), scenario in scenario()) {
        let trace = run(&plan, &scenario);
        prop_assert!(trace.events.is_sorted_by_key(|event| event.at), "{trace}");
    }

    #[test]
    fn plans_are_told_within_the_screen_and_equal_ones_do_not_differ(plan in plan(), other in plan()) {
        for text in [summary::text(&plan), summary::reviewed(&plan)] {
            prop_assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        }
        prop_assert_eq!(diff(&plan, &plan), vec![]);
        // There and back: what differs one way differs the other.
        prop_assert_eq!(diff(&plan, &other).is_empty(), diff(&other, &plan).is_empty());
    }
}

#[test]
fn a_thousand_that_fail_together_spread_over_the_window() {
    let mut plan = plans::order();
    let settings = &mut plan.upstreams[1].routes[0].settings;
    settings.breaker = None;
    if let Some(retry) = &mut settings.retry {
        retry.backoff.value =
            Backoff { kind: BackoffKind::FullJitter, base: 100 * MS, cap: SECOND };
        retry.budget.value.ratio = Percent(1_000_000);
    }
    let request = Request {
        start: Start::At(Duration::ZERO),
        ..crate::interpret::request(("GET", "inventory.shop.svc", "/v1/stock/1"))
    };
    let failing =
        ScriptedStep { reply: ScriptedReply::Status(503), after: 10 * MS, headers: vec![] };
    let scripts = vec![Script { upstream: "inventory".to_owned(), steps: vec![failing] }];
    let requests = vec![request; 1_000];
    let trace = run(&plan, &Scenario { seed: 1, requests, scripts, fields: vec![] });
    let mut tenths = [0; 10];
    let second = trace
        .events
        .iter()
        .filter(|event| matches!(event.what, What::TryStarted { attempt: 2, .. }));
    for event in second {
        tenths[(event.at.as_millis() as usize - 10).min(199) / 20] += 1;
    }
    assert!(tenths.iter().all(|count| (60..150).contains(count)), "{tenths:?}");
}
