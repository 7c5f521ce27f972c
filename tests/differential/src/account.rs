//! What a run came to, in lines that both executions write: the trace, the fields that the policies
//! edit, and how breakers and upstreams stand at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use amb_policy_lang::interpret::{
    CallRecord, Course, Event, Refusal, Scenario, Start, Trace, What,
};
use amb_policy_lang::plan::Plan;
use amb_runtime::testing::Observed;
use amb_tests_policies::{FIELDS, KEYS};

/// Line by line.
pub type Account = Vec<String>;

/// Request fields that are compared at each try, besides those that random policies edit.
const REQUEST_FIELDS: [&str; 6] =
    ["host", "grpc-timeout", "x-amb-attempt", "x-correlation-id", "x-id", "x-internal-debug"];

/// The same of responses, at the end of each call.
const RESPONSE_FIELDS: [&str; 6] =
    ["content-type", "grpc-message", "grpc-status", "retry-after", "x-id", "x-served-by"];

/// All request fields that are compared.
pub fn request_fields() -> Vec<&'static str> {
    [REQUEST_FIELDS.as_slice(), &FIELDS, &KEYS].concat()
}

fn response_fields() -> Vec<&'static str> {
    [RESPONSE_FIELDS.as_slice(), &FIELDS].concat()
}

/// The interpreter's.
pub fn interpreted(plan: &Plan, trace: &Trace) -> Account {
    let lines = trace.events.iter().filter(|event| is_shared(trace, event));
    let calls = trace.calls.iter().map(|call| call.response.as_slice());
    let breakers = trace.breakers.iter().map(|(name, state)| (name.as_str(), state.to_string()));
    let requests = |name: &str| trace.requests.get(name).copied().unwrap_or(0);
    let end = end(plan, breakers.collect(), requests);
    let lines = lines.map(ToString::to_string).chain(answers(calls));
    lines.map(without_id).chain(end).collect()
}

/// The compiled proxy's.
pub fn compiled(plan: &Plan, observed: &Observed) -> Account {
    let calls = observed.calls().iter().map(|call| call.response.as_slice());
    let breakers = observed.breakers().iter().map(|(name, state)| (*name, (*state).to_owned()));
    let end = end(plan, breakers.collect(), |name| observed.requests(name));
    let lines = observed.trace(&request_fields()).into_iter().chain(answers(calls));
    lines.map(without_id).chain(end).collect()
}

/// The proxy does not say what the scenario said, and counts no refusal of a call that made no
/// try: there was nothing to repeat.
fn is_shared(trace: &Trace, event: &Event) -> bool {
    let made_no_try = |call: usize| {
        trace.calls.get(call - 1).is_some_and(|CallRecord { attempts, .. }| *attempts == 0)
    };
    match event.what {
        What::Started { .. } => false,
        What::Refused { call, refusal: Refusal::Breaker } => !made_no_try(call),
        _ => true,
    }
}

/// Do two calls act at one moment, or a caller that leaves and its call? Their order is nobody's promise.
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
    let leaves = |call: usize| {
        let Course::CallerLeaves(later) = scenario.requests.get(call - 1)?.course else {
            return None;
        };
        let (started, _) = acts.iter().find(|(_, other)| *other == call)?;
        Some(*started + later)
    };
    let left_in_time = |at: Duration, call: usize| {
        let at_once = acts.iter().filter(|act| **act == (at, call)).count();
        leaves(call) == Some(at) && at_once > 1
    };
    if acts.iter().any(|(at, call)| left_in_time(*at, *call)) {
        return true;
    }
    acts.iter().any(|(at, call)| {
        overlaps(*call) && acts.iter().any(|(other_at, other)| at == other_at && other < call)
    })
}

/// Both draw identifiers of their own: only that there is one can be the same.
fn without_id(line: String) -> String {
    let is_id = |word: &str| {
        word.len() == 36
            && word.char_indices().all(|(at, char)| match at {
                8 | 13 | 18 | 23 => char == '-',
                _ => char.is_ascii_hexdigit(),
            })
    };
    match line.rsplit_once(' ') {
        Some((start, word)) if is_id(word) => format!("{start} (an id)"),
        _ => line,
    }
}

fn answers<'a>(calls: impl Iterator<Item = &'a [(String, String)]>) -> Vec<String> {
    let of_call = |(call, fields): (usize, &'a [(String, String)])| {
        let named = |name: &'static str| fields.iter().filter(move |(other, _)| other == name);
        let lines = response_fields().into_iter().flat_map(named);
        lines
            .map(|(name, value)| format!("call {} answer {name}: {value}", call + 1))
            .collect::<Vec<_>>()
    };
    calls.enumerate().flat_map(of_call).collect()
}

fn end(
    plan: &Plan,
    breakers: BTreeMap<&str, String>,
    requests: impl Fn(&str) -> u64,
) -> Vec<String> {
    // A breaker that nobody asked is closed, and only one of the two lists it.
    let breakers = breakers.into_iter().filter(|(_, state)| state != "closed");
    let breakers = breakers.map(|(name, state)| format!("breaker {name} is {state}"));
    let names = plan.upstreams.iter().map(|upstream| upstream.name.as_str());
    let requests = names.map(|name| format!("{name} read {} requests", requests(name)));
    breakers.chain(requests).collect()
}
