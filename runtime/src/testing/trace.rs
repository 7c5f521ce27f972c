//! A scenario's record as lines, in the words of the reference interpreter: the two are compared
//! line by line. Calls and tries are numbered from 1, and times are whole milliseconds.

use std::collections::BTreeMap;

use super::observed::Answer;
use super::script::{Seen, all_fields};
use crate::clock::Moment;
use crate::observe::event::{Ended, Event};
use crate::observe::report::Source;
use crate::policy::Cause;
use crate::spec::{BreakerId, RouteSpec};
use crate::state::breaker::Transition;

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) at: Moment,
    /// Which of the scenario's calls.
    pub(super) call: usize,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// A try reached for the network: index into what the upstreams saw.
    Try(usize),
    Event(Event),
}

/// What entries only point to.
pub(super) struct Lines<'a> {
    pub(super) seen: &'a [Seen],
    pub(super) routes: &'a [RouteSpec],
    pub(super) breakers: &'a [(&'static str, &'static str)],
    pub(super) answers: &'a [Answer],
    /// Of requests, to be shown.
    pub(super) fields: &'a [&'a str],
}

/// Where a call has come to.
#[derive(Clone, Copy, Default)]
struct Progress {
    upstream: &'static str,
    tries: u32,
}

impl Lines<'_> {
    pub(super) fn of(&self, record: &[Entry]) -> Vec<String> {
        let mut calls = BTreeMap::<usize, Progress>::new();
        let mut lines = Vec::new();
        for entry in record {
            let progress = calls.entry(entry.call).or_default();
            let millis = (entry.at - Moment::START).as_millis();
            let texts = self.texts(entry, progress);
            lines.extend(texts.into_iter().map(|text| format!("{millis}ms {text}")));
        }
        lines
    }

    fn texts(&self, entry: &Entry, progress: &mut Progress) -> Vec<String> {
        let call = format!("call {}", entry.call + 1);
        match &entry.what {
            What::Try(index) => {
                progress.tries += 1;
                self.try_begun(&call, *progress, *index)
            }
            What::Event(Event::Routed(route)) => {
                let route = self.routes.get(*route);
                progress.upstream = route.map_or("", upstream);
                vec![format!("{call} route {}", route.map(name).unwrap_or_default())]
            }
            What::Event(Event::Tried(cause)) => {
                let Progress { upstream, tries } = progress;
                vec![format!("{call} try {tries} {upstream} -> {}", outcome(*cause))]
            }
            What::Event(Event::Breaker(id, transition)) => vec![self.breaker(*id, *transition)],
            What::Event(Event::Waits(wait)) => vec![format!("{call} wait {}ms", wait.as_millis())],
            What::Event(Event::Ended(ended)) => self.ended(&call, entry.call, ended),
        }
    }

    fn try_begun(&self, call: &str, progress: Progress, index: usize) -> Vec<String> {
        let Progress { upstream, tries } = progress;
        let begun = format!("{call} try {tries} {upstream}");
        let head = self.seen.get(index).map_or("", |seen| &seen.head);
        let fields = self
            .fields
            .iter()
            .flat_map(|name| all_fields(head, name).map(move |value| (name, value)));
        let fields =
            fields.map(|(name, value)| format!("{call} try {tries} field {name}: {value}"));
        std::iter::once(begun).chain(fields).collect()
    }

    fn breaker(&self, id: BreakerId, transition: Transition) -> String {
        let name = self.breakers.get(id.0).map_or("", |(name, _)| name);
        match transition {
            Transition::Opened { for_ } => format!("breaker {name} open {}ms", for_.as_millis()),
            Transition::HalfOpened => format!("breaker {name} half-open"),
            Transition::Closed => format!("breaker {name} closed"),
        }
    }

    fn ended(&self, call: &str, index: usize, ended: &Ended) -> Vec<String> {
        let refused = ended.refusal.map(|refusal| format!("{call} refused {refusal}"));
        let answer = self.answers.get(index);
        let elapsed = answer.map_or(0, |it| it.elapsed.as_millis());
        let status = match answer.and_then(Answer::grpc) {
            None if ended.source == Source::None.label() => "499".to_owned(),
            Some(code) => format!("grpc({})", code.label()),
            None => answer.map_or(0, Answer::status).to_string(),
        };
        let end = format!("{call} ends {status} {} elapsed {elapsed}ms", ended.source);
        refused.into_iter().chain([end]).collect()
    }
}

fn upstream(route: &RouteSpec) -> &'static str {
    if route.upstream.is_empty() { "otherwise" } else { route.upstream }
}

fn name(route: &RouteSpec) -> String {
    let upstream = upstream(route);
    match route.route {
        route if route.is_empty() || route == upstream => upstream.to_owned(),
        route => format!("{upstream}/{route}"),
    }
}

fn outcome(cause: Cause) -> String {
    match cause {
        Cause::ConnectFailure => "connect-failure".to_owned(),
        Cause::Reset => "reset".to_owned(),
        Cause::Timeout => "timeout".to_owned(),
        Cause::RefusedStream => "refused-stream".to_owned(),
        Cause::Status(status) => status.to_string(),
        Cause::Grpc(code) => format!("grpc({})", code.label()),
    }
}
