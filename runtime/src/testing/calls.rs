//! Each call of a scenario by itself, for tests that compare whole runs.

use std::time::Duration;

use super::observed::Answer;
use super::script::{ScriptedNet, Seen};
use crate::clock::Moment;
use crate::proxy::Proxy;

/// How one call went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallRecord {
    /// Empty if no upstream has that name.
    pub upstream: &'static str,
    /// The route's name, or the upstream's where no route matched.
    pub route: &'static str,
    pub status: u16,
    /// Who wrote the answer: `upstream`, `proxy` or `policy`.
    pub source: &'static str,
    /// Why there was no further try, as in metrics and logs.
    pub refusal: Option<&'static str>,
    /// Virtual time from the request to the end of the answer.
    pub elapsed: Duration,
    /// Those that reached for the network.
    pub tries: Vec<TryRecord>,
    /// The answer's fields as the caller got them; names in lower case.
    pub response: Vec<(String, String)>,
}

/// The beginning of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryRecord {
    /// From the scenario's start.
    pub at: Duration,
    /// The connection was not accepted.
    pub refused: bool,
    /// The states of all breakers at that moment, by `BreakerId`.
    pub breakers: Vec<&'static str>,
}

/// One record for each answer.
pub(super) fn records<P: Proxy>(net: &ScriptedNet, answers: &[Answer]) -> Vec<CallRecord> {
    answers.iter().enumerate().map(|(call, answer)| record::<P>(net, call, answer)).collect()
}

fn record<P: Proxy>(net: &ScriptedNet, call: usize, answer: &Answer) -> CallRecord {
    let ended = net.ended(call);
    let route = ended.and_then(|ended| P::ROUTES.get(ended.route));
    let seen = net.seen.borrow();
    let tries = seen.iter().filter(|seen| seen.call == call).map(TryRecord::of);
    CallRecord {
        upstream: route.map_or("", |route| route.upstream),
        route: route.map_or("", |route| route.route),
        status: answer.status(),
        source: ended.map_or("", |ended| ended.source),
        refusal: ended.and_then(|ended| ended.refusal),
        elapsed: answer.elapsed,
        tries: tries.collect(),
        response: answer.fields().collect(),
    }
}

impl TryRecord {
    fn of(seen: &Seen) -> Self {
        let at = seen.at - Moment::START;
        Self { at, refused: seen.refused, breakers: seen.breakers.clone() }
    }
}
