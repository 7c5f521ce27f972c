//! `respond` and `fallback`: answers that the policy gives.

use std::marker::PhantomData;

use super::Filter;
use crate::call::{Call, Outcome, reply};
use crate::policy::ReplyPolicy;
use crate::worker::Net;

/// Answers without touching the network.
#[derive(Debug)]
pub struct Respond<P>(PhantomData<P>);

impl<P: ReplyPolicy> Filter for Respond<P> {
    type Next = Self;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        Ok(reply::of_policy::<P, N>(call.worker, call.head()))
    }

    fn choose<N: Net>(_call: &mut Call<'_, N>) {}
}

/// Answers in place of the proxy's own 502, 503 or 504; never in place of a real response.
#[derive(Debug)]
pub struct Fallback<P, F>(PhantomData<(P, F)>);

impl<P: ReplyPolicy, F: Filter> Filter for Fallback<P, F> {
    type Next = F;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        let outcome = F::call(call).await;
        let Err(failure) = outcome else { return outcome };
        call.failure = Some(failure);
        if !failure.is_ours() {
            return Err(failure);
        }
        Ok(reply::of_policy::<P, N>(call.worker, call.head()))
    }
}
