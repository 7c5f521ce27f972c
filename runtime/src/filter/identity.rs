//! Who a call is: its correlation id and its trace.

use super::Filter;
use crate::call::{Call, Outcome, TraceContext, uuid_v7};
use crate::message::Known;
use crate::policy::CorrelationPolicy;
use crate::worker::Net;
use std::marker::PhantomData;

/// Keeps the caller's correlation id, or gives the call one: a UUIDv7 (RFC 9562 §5.7).
#[derive(Debug)]
pub struct CorrelationId<P, F>(PhantomData<(P, F)>);

impl<P: CorrelationPolicy, F: Filter> Filter for CorrelationId<P, F> {
    type Next = F;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        let given = call.request.head().field(P::FIELD).is_some_and(|id| !id.is_empty());
        if given {
            call.request.keep_id(P::FIELD);
        } else {
            let id = uuid_v7(call.worker.clock().wall(), &mut call.worker.random());
            call.request.give_id(P::FIELD, &id);
        }
        F::call(call).await
    }
}

/// Continues the caller's trace or starts one (W3C Trace Context, level 2).
#[derive(Debug)]
pub struct Trace<F>(PhantomData<F>);

impl<F: Filter> Filter for Trace<F> {
    type Next = F;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        let context = TraceContext::of(call.head(), &mut call.worker.random());
        call.trace = Some(context);
        call.request.drop_known(Known::Traceparent);
        F::call(call).await
    }
}
