//! The run: a queue of moments, and what each call does at its next one.
//!
//! A call needs one moment at a time: the end of its try, or the end of its wait.
//! Calls that overlap meet only in what they share: breakers, budgets, scripts and
//! the jitter stream.

mod ending;

use std::collections::BTreeMap;
use std::time::Duration;

use super::attempt::{self, Bounds, TryEnd};
use super::blame::{self, verdict};
use super::breaker::Breaker;
use super::budget::Budget;
use super::call::{BreakerKey, Call};
use super::coverage::Coverage;
use super::decide::{self, Failed};
use super::jitter::Jitter;
use super::local::{self, Answer};
use super::routing::Target;
use super::scenario::{Course, Scenario, Start};
use super::trace::{CallRecord, Event, Outcome, Refusal, Trace, What};
use super::{Millis, millis};
use crate::plan::{self, Action, Otherwise, Plan, ScriptedReply};

/// Identifiers must not shift the waits: they come from a stream of their own.
const IDS: u64 = 0x5bd1_e995_9d1b_54a5;

/// A trace, and what of the policy took part in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub trace: Trace,
    pub coverage: Coverage,
}

/// What happens when these requests meet this plan and these upstreams.
pub fn run(plan: &Plan, scenario: &Scenario) -> Trace {
    run_covered(plan, scenario).trace
}

/// The same, and which lines of the policy decided something.
pub fn run_covered(plan: &Plan, scenario: &Scenario) -> Run {
    let mut engine = Engine::new(plan, scenario);
    engine.schedule_start();
    while let Some(((now, _), step)) = engine.queue.pop_first() {
        engine.now = now;
        match step {
            Step::Starts => engine.start(),
            Step::TryEnds(call) => engine.try_ended(call),
            Step::WaitEnds(call) => engine.wait_ended(call),
            Step::Leaves(call) => engine.leave(call),
        }
    }
    engine.finish()
}

enum Step {
    Starts,
    TryEnds(usize),
    WaitEnds(usize),
    Leaves(usize),
}

pub(super) struct Engine<'a> {
    plan: &'a Plan,
    scenario: &'a Scenario,
    now: Millis,
    /// By time, then by when it was set off.
    queue: BTreeMap<(Millis, u64), Step>,
    set_off: u64,
    calls: Vec<Call<'a>>,
    in_flight: usize,
    last_start: Millis,
    breakers: BTreeMap<BreakerKey, Breaker>,
    budgets: BTreeMap<usize, Budget>,
    /// How many steps of each upstream's script have been taken.
    taken: BTreeMap<&'a str, usize>,
    jitter: Jitter,
    ids: Jitter,
    trace: Trace,
    coverage: Coverage,
}

impl<'a> Engine<'a> {
    fn new(plan: &'a Plan, scenario: &'a Scenario) -> Self {
        Self {
            plan,
            scenario,
            now: 0,
            queue: BTreeMap::new(),
            set_off: 0,
            calls: vec![],
            in_flight: 0,
            last_start: 0,
            breakers: BTreeMap::new(),
            budgets: BTreeMap::new(),
            taken: BTreeMap::new(),
            jitter: Jitter::new(scenario.seed),
            ids: Jitter::new(scenario.seed ^ IDS),
            trace: Trace::default(),
            coverage: Coverage::default(),
        }
    }

    /// Sets off the next request as soon as its start is known.
    fn schedule_start(&mut self) {
        let Some(request) = self.scenario.requests.get(self.calls.len()) else {
            return;
        };
        let at = match request.start {
            Start::AfterPrevious if self.in_flight > 0 => return,
            Start::AfterPrevious => self.now,
            Start::AfterStart(time) => self.last_start.saturating_add(millis(time)),
            Start::At(time) => self.now.max(millis(time)),
        };
        self.set_off(at, Step::Starts);
    }

    fn set_off(&mut self, at: Millis, step: Step) {
        self.set_off += 1;
        self.queue.insert((at, self.set_off), step);
    }

    fn log(&mut self, what: What) {
        self.trace.events.push(Event { at: Duration::from_millis(self.now), what });
    }

    fn start(&mut self) {
        let number = self.calls.len();
        let Some(request) = self.scenario.requests.get(number) else {
            return;
        };
        self.last_start = self.now;
        self.in_flight += 1;
        let (method, host) = (request.method.clone(), request.host.clone());
        self.log(What::Started { call: number + 1, method, host, target: request.target.clone() });
        let call = Call::new(self.plan, request, self.now);
        let route = call.route().map(str::to_owned);
        self.log(What::Routed { call: number + 1, upstream: call.upstream().to_owned(), route });
        self.calls.push(call);
        self.trace.calls.push(CallRecord::default());
        if let Course::CallerLeaves(later) = request.course {
            // What happens at the same moment happens first.
            let at = self.now.saturating_add(millis(later));
            self.queue.insert((at, u64::MAX - number as u64), Step::Leaves(number));
        }
        self.act(number);
        self.schedule_overlapping();
    }

    /// A request that does not wait for the ones before it.
    fn schedule_overlapping(&mut self) {
        let next = self.scenario.requests.get(self.calls.len());
        if next.is_some_and(|request| request.start != Start::AfterPrevious) {
            self.schedule_start();
        }
    }

    /// Routes that answer by themselves do; others make their first try.
    fn act(&mut self, number: usize) {
        let Some(call) = self.calls.get(number) else {
            return;
        };
        match call.target {
            Target::Otherwise => {
                self.coverage.note(&self.plan.otherwise);
                match self.plan.otherwise.value {
                    Otherwise::Pass => self.attempt(number),
                    Otherwise::Reject => {
                        self.end(number, Answer::local(404, "destination_not_found"))
                    }
                }
            }
            Target::Upstream(target) => {
                if let Some(matched) = target.route {
                    self.coverage.note_place(matched.line.place);
                }
                let action = target.route.map(|matched| &matched.route.action);
                local::edit_request(self, number, action);
                match action {
                    Some(Action::Respond(reply)) => {
                        self.coverage.note(reply);
                        self.end(number, Answer::policy(&reply.value));
                    }
                    _ => self.forward(number),
                }
            }
        }
    }

    fn forward(&mut self, number: usize) {
        let Some(call) = self.calls.get(number) else {
            return;
        };
        if call.deadline <= self.now {
            return self.end(number, Answer::local(504, "http_response_timeout"));
        }
        if let (Some(_), Target::Upstream(target)) = (call.retry(), call.target) {
            self.budgets.entry(target.upstream_index).or_default().call(self.now);
        }
        self.attempt(number);
    }

    fn wait_ended(&mut self, number: usize) {
        if self.calls.get(number).is_some_and(|call| !call.ended) {
            self.attempt(number);
        }
    }

    /// One try, unless the breaker is against it.
    fn attempt(&mut self, number: usize) {
        let Some(call) = self.calls.get(number) else {
            return;
        };
        if let Some((key, policy)) = call.breaker() {
            let admitted = self.breakers.entry(key).or_default().admit(policy, self.now);
            match admitted {
                Err(closed) => return self.kept_back(number, policy, closed.retry_in),
                Ok((permit, transition)) => {
                    if let Some(call) = self.calls.get_mut(number) {
                        call.permit = Some(permit);
                    }
                    if let Some(transition) = transition {
                        self.coverage.note(&policy.open_for);
                        self.log(What::Breaker { name: self.breaker_name(key), transition });
                    }
                }
            }
        }
        self.reach_out(number);
    }

    /// The breaker is open: an earlier response is still better than an answer of ours.
    fn kept_back(&mut self, number: usize, policy: &plan::Breaker, retry_in: Millis) {
        self.coverage.note(&policy.open_for);
        self.refuse(number, Refusal::Breaker);
        self.refund(number);
        let name =
            self.calls.get(number).and_then(Call::breaker).map(|(key, _)| self.breaker_name(key));
        let last = self.calls.get_mut(number).and_then(|call| call.response.take());
        let answer = match last {
            Some(response) => Answer::upstream(&response),
            None => Answer::open(&name.unwrap_or_default(), retry_in),
        };
        self.end(number, answer);
    }

    fn reach_out(&mut self, number: usize) {
        let Some(call) = self.calls.get_mut(number) else {
            return;
        };
        call.paid = None;
        call.tries += 1;
        let (attempt, upstream) = (call.tries, call.upstream());
        local::mark_try(call, self.now, &mut self.ids);
        let bounds = Bounds {
            timeout: call.settings().map(|it| &it.timeout),
            deadline: call.deadline,
            complete: call.complete,
        };
        let (ending, accepted) = match call.request.course {
            Course::Wants => (attempt::wanting(self.now), false),
            _ => {
                let taken = self.taken.entry(upstream).or_default();
                let step = self.scenario.step(upstream, call.well(), taken);
                let accepted = step.reply != ScriptedReply::Refused;
                (attempt::ending(&step, self.now, &bounds), accepted)
            }
        };
        let ends = ending.at;
        if accepted {
            *self.trace.requests.entry(upstream.to_owned()).or_default() += 1;
        }
        call.ending = Some(ending);
        self.log(What::TryStarted { call: number + 1, attempt, upstream: upstream.to_owned() });
        if accepted {
            self.log_fields(number, attempt);
        }
        self.set_off(ends, Step::TryEnds(number));
    }

    fn log_fields(&mut self, number: usize, attempt: u32) {
        let Some(call) = self.calls.get(number) else {
            return;
        };
        let lines: Vec<_> = call.fields.0.clone();
        for name in &self.scenario.fields {
            for (_, value) in lines.iter().filter(|(other, _)| other == name) {
                let (name, value) = (name.clone(), value.clone());
                self.log(What::Field { call: number + 1, attempt, name, value });
            }
        }
    }

    fn try_ended(&mut self, number: usize) {
        let Some(call) = self.calls.get_mut(number) else {
            return;
        };
        let Some(ending) = call.ending.take() else {
            return;
        };
        call.callers += ending.callers;
        let (attempt, upstream, settings) = (call.tries, call.upstream(), call.settings());
        let outcome = ending.outcome;
        if !blame::is_ours(outcome) {
            let (call, upstream) = (number + 1, upstream.to_owned());
            self.log(What::TryEnded { call, attempt, upstream, outcome });
        }
        if let Some(settings) = settings {
            local::note_limit(&mut self.coverage, &settings.timeout, ending.limit);
        }
        self.record(number, &ending);
        match self.decide(number, &ending) {
            None => self.settle(number, ending),
            Some(Err(refusal)) => {
                self.refuse(number, refusal);
                self.settle(number, ending);
            }
            Some(Ok(wait)) => self.wait(number, ending, wait),
        }
    }

    /// Tells the breaker.
    fn record(&mut self, number: usize, ending: &TryEnd) {
        let Some(call) = self.calls.get_mut(number) else {
            return;
        };
        let (Some((key, policy)), Some(mut permit)) = (call.breaker(), call.permit.take()) else {
            return;
        };
        let breaker = self.breakers.entry(key).or_default();
        let Some(verdict) = verdict(policy, call, ending) else {
            return breaker.give_back(permit);
        };
        permit.excuse(ending.callers);
        let change = breaker.record(policy, permit, verdict, self.now, &mut self.jitter);
        if let Some((transition, rule)) = change {
            if let Some(rule) = rule {
                self.coverage.note(rule);
                self.coverage.note(&policy.counts);
            } else {
                self.coverage.note(&policy.probes);
            }
            self.log(What::Breaker { name: self.breaker_name(key), transition });
        }
    }

    /// `None`: nothing failed, or there is no policy that could decide.
    fn decide(&mut self, number: usize, ending: &TryEnd) -> Option<Result<Millis, Refusal>> {
        let call = self.calls.get(number).filter(|_| !blame::is_ours(ending.outcome))?;
        let retry = call.retry()?;
        let failed = Failed {
            ending,
            method: &call.request.method,
            request: &call.sent,
            body: call.request.body,
            tries: call.tries,
            now: self.now,
            deadline: call.deadline,
        };
        let decided = decide::decide(retry, &failed, &mut self.jitter, &mut self.coverage);
        if decided == Err(Refusal::NotListed) && ending.outcome.is_fine() {
            return None;
        }
        Some(decided.and_then(|wait| self.withdraw(number, retry, ending.outcome).map(|()| wait)))
    }

    /// Asks what calls share: the budget, which gets its tokens back if the breaker refuses another try.
    fn withdraw(
        &mut self,
        number: usize,
        retry: &plan::Retry,
        outcome: Outcome,
    ) -> Result<(), Refusal> {
        let Some(call) = self.calls.get_mut(number) else {
            return Ok(());
        };
        let Target::Upstream(target) = call.target else {
            return Ok(());
        };
        let budget = self.budgets.entry(target.upstream_index).or_default();
        let cost = if outcome == Outcome::Timeout { 2 } else { 1 };
        self.coverage.note(&retry.budget);
        if !budget.withdraw(&retry.budget.value, cost, self.now) {
            return Err(Refusal::Budget);
        }
        call.paid = Some((cost, self.now));
        let Some((key, policy)) = call.breaker() else {
            return Ok(());
        };
        let breaker = self.breakers.entry(key).or_default();
        if breaker.refuses(policy, self.now).is_ok() {
            return Ok(());
        }
        self.refund(number);
        Err(Refusal::Breaker)
    }

    /// The try that was paid for is not made.
    fn refund(&mut self, number: usize) {
        let Some(call) = self.calls.get_mut(number) else {
            return;
        };
        if let (Some((cost, at)), Target::Upstream(target)) = (call.paid.take(), call.target) {
            self.budgets.entry(target.upstream_index).or_default().refund(cost, at);
        }
    }

    fn refuse(&mut self, number: usize, refusal: Refusal) {
        if let Some(record) = self.trace.calls.get_mut(number) {
            record.refusal = Some(refusal);
        }
        self.log(What::Refused { call: number + 1, refusal });
    }

    fn wait(&mut self, number: usize, ending: TryEnd, wait: Millis) {
        if let (true, Some(call)) = (ending.outcome.is_answer(), self.calls.get_mut(number)) {
            call.response = Some(ending);
        }
        self.log(What::Waits { call: number + 1, wait: Duration::from_millis(wait) });
        self.set_off(self.now.saturating_add(wait), Step::WaitEnds(number));
    }

    fn finish(mut self) -> Run {
        for (key, breaker) in &self.breakers {
            self.trace.breakers.insert(self.breaker_name(*key), breaker.state());
        }
        Run { trace: self.trace, coverage: self.coverage }
    }

    fn breaker_name(&self, (upstream, route): BreakerKey) -> String {
        let Some(upstream) = self.plan.upstreams.get(upstream) else {
            return String::new();
        };
        match route.and_then(|route| upstream.routes.get(route)) {
            Some(route) => format!("{}/{}", upstream.name, route.name),
            None => upstream.name.clone(),
        }
    }

    pub(super) fn plan(&self) -> &'a Plan {
        self.plan
    }

    pub(super) fn call(&mut self, number: usize) -> Option<&mut Call<'a>> {
        self.calls.get_mut(number)
    }

    pub(super) fn covers(&mut self) -> &mut Coverage {
        &mut self.coverage
    }

    /// A new identifier of this moment.
    pub(super) fn new_id(&mut self) -> String {
        super::head::uuid(millis(super::WALL_CLOCK).saturating_add(self.now), &mut self.ids)
    }
}
