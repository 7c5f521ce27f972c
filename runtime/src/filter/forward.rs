//! Where pipelines end: at an upstream, at the caller's own destination, or nowhere.

use std::marker::PhantomData;

use super::Filter;
use crate::call::{Call, Outcome, attempt, cause, pass};
use crate::failure::{Failure, Kind};
use crate::observe::event::Event;
use crate::policy::Upstream;
use crate::worker::Net;

/// One try at an upstream.
#[derive(Debug)]
pub struct Forward<U>(PhantomData<U>);

impl<U: Upstream> Filter for Forward<U> {
    type Next = Self;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        if U::GRPC {
            call.say_time_left();
        }
        Self::choose(call);
        let mut outcome = attempt(call).await;
        if U::GRPC
            && let Ok(response) = &mut outcome
        {
            response.read_grpc();
        }
        record(call, &outcome);
        outcome
    }

    fn choose<N: Net>(call: &mut Call<'_, N>) {
        call.upstream = Some(U::ID);
    }
}

fn record<N: Net>(call: &Call<'_, N>, outcome: &Outcome<N>) {
    if let Some(cause) = cause(outcome) {
        call.worker.net.record(Event::Tried(cause));
    }
}

/// `otherwise pass`: to wherever the caller wanted.
#[derive(Debug)]
pub struct Pass;

impl Filter for Pass {
    type Next = Self;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        let outcome = Box::pin(pass(call)).await;
        record(call, &outcome);
        outcome
    }

    fn choose<N: Net>(_call: &mut Call<'_, N>) {}
}

/// `otherwise reject`: only what the policy names.
#[derive(Debug)]
pub struct Reject;

impl Filter for Reject {
    type Next = Self;

    async fn call<N: Net>(_call: &mut Call<'_, N>) -> Outcome<N> {
        Err(Failure::unsent(Kind::UnknownHost))
    }

    fn choose<N: Net>(_call: &mut Call<'_, N>) {}
}
