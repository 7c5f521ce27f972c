//! `breaker`: no try while the upstream is known to be down.
//!
//! The state machine and its atomics are in [`crate::state::breaker`]; this filter asks it before a try
//! and tells it afterwards.

use std::marker::PhantomData;

use super::{Call, Filter, Outcome, cause};
use crate::failure::{Failure, Kind};
use crate::grpc::Grpc;
use crate::observe::event::Event;
use crate::policy::{BreakerPolicy, Cause};
use crate::spec::UpstreamId;
use crate::state::breaker::{Transition, Verdict};
use crate::worker::Net;

/// Guards what comes after it.
#[derive(Debug)]
pub struct Breaker<P, F>(PhantomData<(P, F)>);

impl<P: BreakerPolicy, F: Filter> Filter for Breaker<P, F> {
    const UPSTREAM: Option<UpstreamId> = F::UPSTREAM;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        let Some(breaker) = call.worker.shared.breaker(P::ID) else { return F::call(call).await };
        let (permit, transition) = match breaker.admit(&P::SPEC, call.now) {
            Ok(admitted) => admitted,
            Err(refused) => {
                let name = call.worker.breaker_name(P::ID);
                let kind = Kind::BreakerOpen { breaker: name, retry_in: refused.retry_in };
                return Err(Failure::unsent(kind));
            }
        };
        note::<P, N>(call, transition);
        let outcome = F::call(call).await;
        let verdict = judge::<P, N>(&outcome);
        let draw = || call.worker.random().jitter();
        note::<P, N>(call, breaker.record(&P::SPEC, permit, verdict, call.now, draw));
        outcome
    }

    fn refuses<N: Net>(call: &Call<'_, N>) -> bool {
        let breaker = call.worker.shared.breaker(P::ID);
        breaker.is_some_and(|breaker| breaker.refuses(&P::SPEC, call.now).is_some())
    }
}

fn judge<P: BreakerPolicy, N: Net>(outcome: &Outcome<N>) -> Verdict {
    match cause(outcome) {
        None => Verdict::Cancelled,
        Some(cause) if P::counts(cause) => Verdict::Failure,
        Some(Cause::Status(429) | Cause::Grpc(Grpc::ResourceExhausted)) => Verdict::Throttled,
        Some(_) => Verdict::Success,
    }
}

fn note<P: BreakerPolicy, N: Net>(call: &Call<'_, N>, transition: Option<Transition>) {
    if let Some(transition) = transition {
        call.worker.recorder().transition(P::ID, &transition);
        call.worker.net.record(Event::Breaker(P::ID, transition));
    }
}
