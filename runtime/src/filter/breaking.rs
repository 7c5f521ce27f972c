//! `breaker`: no try while the upstream is known to be down.
//!
//! The state machine and its atomics are in [`crate::state::breaker`]; this filter asks it before a try
//! and tells it afterwards.

use std::marker::PhantomData;

use super::Filter;
use crate::call::{Call, Outcome, blame};
use crate::policy::BreakerPolicy;
use crate::worker::{Net, judge};

/// Guards what comes after it.
#[derive(Debug)]
pub struct Breaker<P, F>(PhantomData<(P, F)>);

impl<P: BreakerPolicy, F: Filter> Filter for Breaker<P, F> {
    type Next = F;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        let callers_time = call.callers_time;
        let mut leave = call.worker.admit(P::ID, &P::SPEC, call.now)?;
        let outcome = F::call(call).await;
        if let Some(leave) = &mut leave
            && call.callers_time > callers_time
        {
            leave.excuse(call.callers_time - callers_time);
        }
        let verdict = judge(blame(call, &outcome), P::counts);
        call.worker.settle(leave, &P::SPEC, verdict, call.now);
        outcome
    }

    fn refuses<N: Net>(call: &Call<'_, N>) -> bool {
        let breaker = call.worker.shared.breaker(P::ID);
        breaker.is_some_and(|breaker| breaker.refuses(&P::SPEC, call.now).is_some())
    }
}
