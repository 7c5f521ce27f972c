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
        P::request(&mut call.request.edit());
        let outcome = F::call(call).await;
        match outcome {
            Ok(mut response) => {
                P::response(&mut response.edit(call.request));
                Ok(response)
            }
            Err(failure) if failure.has_answer() => {
                let mut response = call.local(failure);
                P::response(&mut response.edit(call.request));
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
