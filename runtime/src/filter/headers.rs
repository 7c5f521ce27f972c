//! `headers` and `rewrite`: what upstream and caller see of each other.

use std::marker::PhantomData;

use super::Filter;
use crate::call::{Call, Outcome};
use crate::policy::{HeaderPolicy, RewritePolicy};
use crate::worker::Net;

/// Edits the request head on the way in and the response head on the way out.
#[derive(Debug)]
pub struct Headers<P, F>(PhantomData<(P, F)>);

impl<P: HeaderPolicy, F: Filter> Filter for Headers<P, F> {
    type Next = F;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        let mut edit = call.request.edit();
        P::request(&mut edit);
        P::request_last(&mut edit);
        let outcome = F::call(call).await;
        match outcome {
            Ok(mut response) => {
                let mut edit = response.edit(call.request);
                P::response(&mut edit);
                P::response_last(&mut edit);
                Ok(response)
            }
            Err(failure) if failure.has_answer() => {
                let mut response = call.local(failure);
                let mut edit = response.edit(call.request);
                P::response(&mut edit);
                P::response_last(&mut edit);
                Ok(response)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// Changes the path or the host that the upstream sees.
#[derive(Debug)]
pub struct Rewrite<P, F>(PhantomData<(P, F)>);

impl<P: RewritePolicy, F: Filter> Filter for Rewrite<P, F> {
    type Next = F;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        call.request.rewrite::<P>();
        F::call(call).await
    }
}
