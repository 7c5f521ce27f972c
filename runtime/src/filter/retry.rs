//! `retry`: which failed tries are repeated, when, and why not.
//!
//! After a failed try the reasons against another one are looked at in a fixed order; the first
//! that holds is what metrics and logs say. When the tries end, the caller gets the last real
//! response if there was any: it says more than an answer of ours.

use std::marker::PhantomData;
use std::time::{Duration, SystemTime};

use super::Filter;
use crate::call::{Again, Call, Outcome, Response};
use crate::clock::Moment;
use crate::failure::{Failure, Kind, Stage};
use crate::grpc::{self, Grpc};
use crate::observe::report::Refusal;
use crate::policy::{Cause, RetryAfter, RetryPolicy};
use crate::worker::Net;

/// Repeats what comes after it.
#[derive(Debug)]
pub struct Retry<P, F>(PhantomData<(P, F)>);

impl<P: RetryPolicy, F> Retry<P, F> {
    const AGAIN: &'static Again =
        &Again { most: P::ATTEMPTS, repeatable: P::repeatable, budget: P::BUDGET };
}

impl<P: RetryPolicy, F: Filter> Filter for Retry<P, F> {
    type Next = F;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        call.request.retain(P::BUFFER);
        call.again = Some(Self::AGAIN);
        F::choose(call);
        if let Some(budget) = call.budget() {
            budget.call(call.started);
        }
        let mut last = None;
        let mut failed = 0;
        let mut paid = Paid::NOTHING;
        loop {
            let outcome = F::call(call).await;
            let Some(trouble) = Trouble::of::<P, N>(&outcome) else {
                // The breaker opened while this call waited.
                if failed > 0 && is_kept_back(&outcome) {
                    call.refusal = Some(Refusal::Breaker);
                    paid.refund(call);
                }
                return or_last(outcome, last, call);
            };
            failed += 1;
            match decide::<P, F, N>(call, &trouble, failed) {
                Ok((wait, cost)) => {
                    keep(outcome, &mut last, call);
                    paid = Paid { cost, at: call.now };
                    if let Err(left) = call.wait(wait).await {
                        paid.refund(call);
                        discard(last, call);
                        return Err(left);
                    }
                }
                Err(refusal) => {
                    call.refusal = Some(refusal);
                    return or_last(outcome, last, call);
                }
            }
        }
    }
}

/// What another try has taken from the budget.
#[derive(Clone, Copy)]
struct Paid {
    cost: u32,
    at: Moment,
}

impl Paid {
    const NOTHING: Self = Self { cost: 0, at: Moment::START };

    /// The try is not made.
    fn refund<N: Net>(self, call: &Call<'_, N>) {
        if let Some(budget) = call.budget() {
            budget.refund(self.cost, self.at);
        }
    }
}

/// A try that failed, as far as the decision needs to know it.
struct Trouble {
    cause: Cause,
    stage: Stage,
    /// What the upstream asks for.
    patience: Option<Patience>,
}

/// The value of `retry-after` (RFC 9110 §10.2.3) or `grpc-retry-pushback-ms`.
enum Patience {
    Delay(Duration),
    Date(SystemTime),
    /// No other try at all.
    Never,
}

impl Trouble {
    /// The server says that it did not act: that the policy lists the code is reason enough.
    fn is_declined(&self) -> bool {
        matches!(self.cause, Cause::Grpc(code) if code.declines())
    }

    /// `None`: nothing failed, or by the caller's own doing.
    fn of<P: RetryPolicy, N: Net>(outcome: &Outcome<N>) -> Option<Self> {
        match outcome {
            Ok(response) if is_fine(response.cause()) && !P::listed(response.cause()) => None,
            Ok(response) => Some(Self {
                cause: response.cause(),
                stage: Stage::Sent,
                patience: Patience::of(response),
            }),
            Err(failure) => {
                let stage = failure.stage;
                failure.cause().map(|cause| Self { cause, stage, patience: None })
            }
        }
    }
}

/// An answer that nobody would think of repeating.
const fn is_fine(cause: Cause) -> bool {
    match cause {
        Cause::Status(status) => status < 400,
        Cause::Grpc(code) => matches!(code, Grpc::Ok),
        _ => false,
    }
}

impl Patience {
    fn of<N: Net>(response: &Response<N>) -> Option<Self> {
        match response.pushback() {
            Some(value) => Some(grpc::pushback(value).map_or(Self::Never, Self::Delay)),
            None => response.retry_after().and_then(Self::parse),
        }
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        if !text.is_empty() && value.iter().all(u8::is_ascii_digit) {
            // What is too long for us is no shorter than it says.
            return Some(Self::Delay(text.parse().map_or(Duration::MAX, Duration::from_secs)));
        }
        httpdate::parse_http_date(text).ok().map(Self::Date)
    }

    fn wait(&self, wall: SystemTime) -> Duration {
        match self {
            Self::Delay(delay) => *delay,
            Self::Date(date) => date.duration_since(wall).unwrap_or_default(),
            Self::Never => Duration::MAX,
        }
    }
}

/// Shall there be another try, after which wait, and at what cost? The first reason against it wins.
fn decide<P: RetryPolicy, F: Filter, N: Net>(
    call: &mut Call<'_, N>,
    trouble: &Trouble,
    failed: u32,
) -> Result<(Duration, u32), Refusal> {
    if !P::listed(trouble.cause) {
        return Err(Refusal::NotListed);
    }
    if trouble.stage == Stage::Sent && !trouble.is_declined() && !P::repeatable(&call.head()) {
        return Err(Refusal::Unsafe);
    }
    if !call.request.replayable(trouble.stage) {
        return Err(Refusal::Body);
    }
    let asked = asked_wait::<P, N>(call, trouble)?;
    // What was sent again within a try counts, too.
    if failed.max(call.tries) >= P::ATTEMPTS {
        return Err(Refusal::Attempts);
    }
    let wait = asked + P::BACKOFF.wait(failed, || call.worker.random().jitter());
    if call.limits.deadline - call.now <= wait {
        return Err(Refusal::Deadline);
    }
    Ok((wait, withdraw::<P, F, N>(call, trouble)?))
}

fn is_kept_back<N: Net>(outcome: &Outcome<N>) -> bool {
    matches!(outcome, Err(Failure { kind: Kind::BreakerOpen { .. }, .. }))
}

/// What the upstream asks us to wait, if we are to listen.
fn asked_wait<P: RetryPolicy, N: Net>(
    call: &Call<'_, N>,
    trouble: &Trouble,
) -> Result<Duration, Refusal> {
    match (P::RETRY_AFTER, &trouble.patience) {
        (_, Some(Patience::Never)) => Err(Refusal::Pushback),
        (RetryAfter::Honour { up_to }, Some(patience)) => {
            let asked = patience.wait(call.worker.clock().wall());
            if asked <= up_to { Ok(asked) } else { Err(Refusal::Pushback) }
        }
        _ => Ok(Duration::ZERO),
    }
}

/// Takes the try from the upstream's budget, and gives it back if the breaker would refuse it.
fn withdraw<P: RetryPolicy, F: Filter, N: Net>(
    call: &mut Call<'_, N>,
    trouble: &Trouble,
) -> Result<u32, Refusal> {
    // A try that ran into its time-out has cost the upstream more than one that failed at once.
    let cost = if trouble.cause == Cause::Timeout { 2 } else { 1 };
    let now = call.now;
    F::choose(call);
    let budget = call.budget();
    if budget.is_some_and(|budget| !budget.withdraw(&P::BUDGET, cost, now)) {
        return Err(Refusal::Budget);
    }
    if F::refuses(call) {
        if let Some(budget) = budget {
            budget.refund(cost, now);
        }
        return Err(Refusal::Breaker);
    }
    Ok(cost)
}

/// Keeps a real response for the case that no better one comes.
fn keep<N: Net>(outcome: Outcome<N>, last: &mut Option<Response<N>>, call: &Call<'_, N>) {
    if let Ok(response) = outcome {
        discard(last.replace(response), call);
    }
}

/// The answer; an earlier real response instead of none.
fn or_last<N: Net>(
    outcome: Outcome<N>,
    last: Option<Response<N>>,
    call: &Call<'_, N>,
) -> Outcome<N> {
    match (outcome, last) {
        (Err(failure), Some(response)) if failure.kind != Kind::Cancelled => Ok(response),
        (outcome, last) => {
            discard(last, call);
            outcome
        }
    }
}

fn discard<N: Net>(response: Option<Response<N>>, call: &Call<'_, N>) {
    if let Some(response) = response {
        response.discard(call.worker);
    }
}
