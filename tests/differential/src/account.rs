//! What a run came to, in lines that both executions can write.

use std::collections::BTreeMap;
use std::time::Duration;

use amb_policy_lang::interpret::{Refusal, Scenario, Start, Trace, What};
use amb_policy_lang::plan::Plan;
use amb_runtime::testing::{CallRecord, Observed};

/// One line a call, one a breaker, one an upstream.
pub type Account = Vec<String>;

/// One call, in the words that both have.
struct Call<'a> {
    upstream: &'a str,
    route: &'a str,
    status: u16,
    source: String,
    tries: Vec<Duration>,
    elapsed: Duration,
    refusal: Option<String>,
}

/// The interpreter's.
pub fn interpreted(plan: &Plan, trace: &Trace) -> Account {
    let mut tries: BTreeMap<usize, Vec<Duration>> = BTreeMap::new();
    for event in &trace.events {
        if let What::TryStarted { call, .. } = event.what {
            tries.entry(call).or_default().push(event.at);
        }
    }
    let calls = trace.calls.iter().enumerate().map(|(index, call)| Call {
        upstream: &call.upstream,
        route: call.route.as_ref().unwrap_or(&call.upstream),
        status: call.status,
        source: call.source.map(|source| source.to_string()).unwrap_or_default(),
        tries: tries.remove(&(index + 1)).unwrap_or_default(),
        elapsed: call.elapsed,
        // Without a try there was nothing to repeat: the proxy counts no refusal.
        refusal: call
            .refusal
            .filter(|refusal| call.attempts > 0 || *refusal != Refusal::Breaker)
            .map(|refusal| refusal.to_string()),
    });
    let calls: Vec<_> = calls.collect();
    let breakers = trace.breakers.iter().map(|(name, state)| (name.as_str(), state.to_string()));
    let requests = |name: &str| trace.requests.get(name).copied().unwrap_or(0);
    lines(plan, &calls, breakers.collect(), requests)
}

/// The compiled proxy's.
pub fn compiled(plan: &Plan, observed: &Observed) -> Account {
    let calls: Vec<_> = observed.calls().iter().map(Call::of).collect();
    let breakers = observed.breakers().iter().map(|(name, state)| (*name, (*state).to_owned()));
    lines(plan, &calls, breakers.collect(), |name| observed.requests(name))
}

/// Do two calls act at one moment, so that their order is nobody's promise?
pub fn is_ambiguous(scenario: &Scenario, trace: &Trace) -> bool {
    let overlaps = |call: usize| {
        let request = scenario.requests.get(call - 1);
        request.is_some_and(|request| request.start != Start::AfterPrevious)
    };
    let acts = trace.events.iter().filter_map(|event| match event.what {
        What::Started { call, .. }
        | What::TryStarted { call, .. }
        | What::TryEnded { call, .. }
        | What::Ended { call, .. } => Some((event.at, call)),
        _ => None,
    });
    let acts: Vec<_> = acts.collect();
    acts.iter().any(|(at, call)| {
        overlaps(*call) && acts.iter().any(|(other_at, other)| at == other_at && other < call)
    })
}

fn lines(
    plan: &Plan,
    calls: &[Call<'_>],
    breakers: BTreeMap<&str, String>,
    requests: impl Fn(&str) -> u64,
) -> Account {
    let calls = calls.iter().enumerate().map(|(index, call)| call.line(index + 1));
    // A breaker that nobody asked is closed, and only one of the two lists it.
    let breakers = breakers.into_iter().filter(|(_, state)| state != "closed");
    let breakers = breakers.map(|(name, state)| format!("breaker {name} {state}"));
    let names = plan.upstreams.iter().map(|upstream| upstream.name.as_str());
    let requests = names.map(|name| format!("{name} read {} requests", requests(name)));
    calls.chain(breakers).chain(requests).collect()
}

impl<'a> Call<'a> {
    fn of(record: &'a CallRecord) -> Self {
        Self {
            upstream: if record.upstream.is_empty() { "otherwise" } else { record.upstream },
            route: record.route,
            status: record.status,
            source: record.source.to_owned(),
            tries: record.tries.iter().map(|it| it.at).collect(),
            elapsed: record.elapsed,
            refusal: record.refusal.map(str::to_owned),
        }
    }

    fn line(&self, number: usize) -> String {
        let Self { upstream, route, status, source, tries, elapsed, refusal } = self;
        let refusal = refusal.as_deref().unwrap_or("-");
        format!(
            "call {number} {upstream}/{route}: {status} {source}, tries at {tries:?}, \
             elapsed {elapsed:?}, refused {refusal}"
        )
    }
}
