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
mod forward;
mod headers;
mod identity;
mod reply;
mod retry;
mod timeout;
mod tunnel;

pub use breaking::Breaker;
pub use forward::{Forward, Pass, Reject};
pub use headers::{Headers, Rewrite};
pub use identity::{CorrelationId, Trace};
pub use reply::{Fallback, Respond};
pub use retry::Retry;
pub use timeout::Timeout;
pub use tunnel::{Through, Tunnel};

use crate::call::{Call, Outcome};
use crate::worker::Net;

/// One step of a pipeline.
pub trait Filter: 'static {
    /// What comes after it; itself, if nothing does.
    type Next: Filter;

    fn call<N: Net>(call: &mut Call<'_, N>) -> impl Future<Output = Outcome<N>>;

    /// Chooses the upstream of the try that comes next.
    fn choose<N: Net>(call: &mut Call<'_, N>) {
        Self::Next::choose(call);
    }

    /// Would a try be refused now, without the network?
    fn refuses<N: Net>(call: &Call<'_, N>) -> bool {
        let _ = call;
        false
    }
}
