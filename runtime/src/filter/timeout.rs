//! `timeout`: the bounds of a call.
//!
//! The filter only notes them. The engine, which waits for bytes anyway, waits no longer than they
//! allow: so nothing is cancelled in the middle of a step, and there is no timer per request.

use std::marker::PhantomData;
use std::time::Duration;

use super::Filter;
use crate::call::{Call, Limits, Outcome};
use crate::failure::{Failure, Kind};
use crate::grpc;
use crate::message::RequestHead;
use crate::policy::{TimeoutPolicy, Total};
use crate::worker::Net;

/// Bounds what comes after it.
#[derive(Debug)]
pub struct Timeout<P, F>(PhantomData<(P, F)>);

impl<P: TimeoutPolicy, F: Filter> Filter for Timeout<P, F> {
    type Next = F;

    async fn call<N: Net>(call: &mut Call<'_, N>) -> Outcome<N> {
        let most = match P::TOTAL {
            Total::Fixed(total) => total,
            Total::Deadline { max } => max,
            Total::Off => Duration::MAX,
        };
        let asked = match P::TOTAL {
            Total::Deadline { .. } => caller_deadline(call.head()),
            _ => None,
        };
        let total = asked.map_or(most, |asked| asked.min(most));
        if total.is_zero() {
            // The caller has no time left: nothing is tried, and nobody is to blame.
            return Err(Failure::unsent(Kind::OutOfTime));
        }
        // Without a total, nothing but silence ends the wait for a head.
        let endless = P::TOTAL == Total::Off;
        call.limits = Limits {
            deadline: call.started + total,
            hurried: total < most,
            per_try: P::PER_TRY.or(endless.then_some(P::IDLE)),
            streams: endless && P::PER_TRY.is_none(),
            connect: P::CONNECT,
            idle: P::IDLE,
        };
        F::call(call).await
    }
}

/// What the caller says it has left.
fn caller_deadline(head: RequestHead<'_>) -> Option<Duration> {
    grpc::timeout(head).or_else(|| request_timeout(head))
}

/// `x-request-timeout`: seconds, with a fraction, or a number with `ms` or `s`.
fn request_timeout(head: RequestHead<'_>) -> Option<Duration> {
    let text = std::str::from_utf8(head.field("x-request-timeout")?).ok()?;
    if let Some(millis) = text.strip_suffix("ms") {
        return millis.parse().ok().map(Duration::from_millis);
    }
    let seconds: f64 = text.strip_suffix('s').unwrap_or(text).parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
