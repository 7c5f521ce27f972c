//! Where pipelines end: at an upstream, at the caller's own destination, or nowhere.

use std::marker::PhantomData;

use super::{Call, Filter, Outcome, cause};
use crate::failure::{Failure, Kind, Stage};
use crate::http1::attempt::{Connection, attempt, pass};
use crate::observe::event::Event;
use crate::policy::Upstream;
use crate::spec::UpstreamId;
use crate::worker::Net;

/// One try at an upstream.
#[derive(Debug)]
pub struct Forward<U>(PhantomData<U>);

impl<U: Upstream> Filter for Forward<U> {
    const UPSTREAM: Option<UpstreamId> = Some(U::ID);

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        if U::GRPC {
            call.say_time_left();
        }
        let mut outcome = match attempt(call, U::ID, Connection::Kept).await {
            // The upstream closed a kept connection just as we took it. That is no failed try:
            // nobody has seen the request, or it may be repeated (RFC 9112 §9.3.1).
            Err(Failure { kind: Kind::Stale, stage }) if may_repeat(call, stage) => {
                attempt(call, U::ID, Connection::New).await
            }
            Err(Failure { kind: Kind::Stale, stage: Stage::Sent }) => {
                Err(Failure::sent(Kind::Reset))
            }
            outcome => outcome,
        };
        if U::GRPC
            && let Ok(response) = &mut outcome
        {
            response.read_grpc();
        }
        record(call, &outcome);
        outcome
    }
}

fn record<N: Net>(call: &Call<'_, N>, outcome: &Outcome<N>) {
    if let Some(cause) = cause(outcome) {
        call.worker.net.record(Event::Tried(cause));
    }
}

fn may_repeat<N: Net>(call: &Call<'_, N>, stage: Stage) -> bool {
    let safe = stage == Stage::Unsent || call.head().method().is_idempotent();
    safe && call.request.replayable(Stage::Unsent)
}

/// `otherwise pass`: to wherever the caller wanted.
#[derive(Debug)]
pub struct Pass;

impl Filter for Pass {
    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        let outcome = Box::pin(pass(call)).await;
        record(call, &outcome);
        outcome
    }
}

/// `otherwise reject`: only what the policy names.
#[derive(Debug)]
pub struct Reject;

impl Filter for Reject {
    async fn call<N: Net>(_call: &mut Call<'_, N>) -> Outcome<N> {
        Err(Failure::unsent(Kind::UnknownHost))
    }
}
