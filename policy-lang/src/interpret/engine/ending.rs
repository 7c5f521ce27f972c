//! How calls end: with a response, with an answer of ours, or without a caller.

use std::time::Duration;

use super::Engine;
use crate::interpret::attempt::TryEnd;
use crate::interpret::local::{self, Answer};
use crate::interpret::scenario::Start;
use crate::interpret::trace::{Status, What};

impl Engine<'_> {
    /// The tries are over: the last real response, or an answer of our own.
    pub(super) fn settle(&mut self, number: usize, ending: TryEnd) {
        let Some(call) = self.calls.get_mut(number) else {
            return;
        };
        let earlier = call.response.take();
        let answer = match (ending.outcome.is_answer(), earlier) {
            (true, _) => Answer::upstream(&ending),
            (false, Some(response)) => Answer::upstream(&response),
            (false, None) => Answer::failed(&ending),
        };
        self.end(number, answer);
    }

    pub(super) fn end(&mut self, number: usize, answer: Answer) {
        let answer = local::finish(self, number, answer);
        self.close(number, answer);
    }

    /// The caller leaves: whatever was under way ends, and nobody is to blame.
    pub(super) fn leave(&mut self, number: usize) {
        let Some(call) = self.calls.get_mut(number).filter(|call| !call.ended) else {
            return;
        };
        call.ending = None;
        if let (Some((key, _)), Some(permit)) = (call.breaker(), call.permit.take()) {
            self.breakers.entry(key).or_default().give_back(permit);
        }
        self.refund(number);
        self.close(number, Answer::none());
    }

    fn close(&mut self, number: usize, answer: Answer) {
        let Some(call) = self.calls.get_mut(number) else {
            return;
        };
        call.ended = true;
        let elapsed = Duration::from_millis(self.now - call.started);
        if let Some(record) = self.trace.calls.get_mut(number) {
            record.upstream = call.upstream().to_owned();
            record.route = call.route().map(str::to_owned);
            record.status = answer.status;
            record.grpc = answer.grpc;
            record.source = Some(answer.source);
            record.attempts = call.tries;
            record.elapsed = elapsed;
            record.request.clone_from(&call.fields.0);
            record.response = answer.fields.0;
        }
        let status = answer.grpc.map_or(Status::Http(answer.status), Status::Grpc);
        let source = answer.source;
        self.log(What::Ended { call: number + 1, status, source, elapsed });
        self.in_flight -= 1;
        let next = self.scenario.requests.get(self.calls.len());
        if self.in_flight == 0 && next.is_some_and(|it| it.start == Start::AfterPrevious) {
            self.schedule_start();
        }
    }
}
