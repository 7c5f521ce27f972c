//! The pipeline of a route: types around types, from the outside in.
//!
//! ```text
//! Trace → CorrelationId → Headers → Rewrite → Fallback → Timeout → Retry → Breaker → Forward
//!                                                                                   Respond
//! ```
//!
//! Each filter is a zero-sized type with its policy and the next filter as parameters, so a route's
//! whole pipeline is one function without an indirect call. A filter that a route does not use is
//! not in its type. None of them touches a socket, a clock or a global: what they need comes with
//! the [`Call`].

mod breaking;
mod call;
mod forward;
mod headers;
mod identity;
mod reply;
mod retry;
mod timeout;

pub use breaking::Breaker;
pub use call::Call;
pub use forward::{Forward, Pass, Reject};
pub use headers::{Headers, Rewrite};
pub use identity::{CorrelationId, Trace};
pub use reply::{Fallback, Respond};
pub use retry::Retry;
pub use timeout::Timeout;

use crate::failure::Failure;
use crate::http1::response::Response;
use crate::policy::Cause;
use crate::spec::UpstreamId;
use crate::worker::Net;

/// How a call ended: with an answer for the caller, or without one.
pub type Outcome<N> = Result<Response<N>, Failure>;

/// What a try came to, as policies name it; `None` if no try was made, or the caller ended it.
fn cause<N: Net>(outcome: &Outcome<N>) -> Option<Cause> {
    match outcome {
        Ok(response) => Some(response.cause()),
        Err(failure) => failure.cause(),
    }
}

/// One step of a pipeline.
pub trait Filter: 'static {
    /// Where the pipeline ends.
    const UPSTREAM: Option<UpstreamId> = None;

    fn call<N: Net>(call: &mut Call<'_, N>) -> impl Future<Output = Outcome<N>>;

    /// Would a try be refused now, without the network?
    fn refuses<N: Net>(call: &Call<'_, N>) -> bool {
        let _ = call;
        false
    }
}
