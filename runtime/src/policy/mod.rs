//! What policies are written in: one trait a policy, and the types of its members.
//!
//! Generated code implements the traits, one zero-sized type a policy, and the filters ask them.
//! Nothing here knows a filter, an engine or a worker.

mod backoff;
mod breaking;
mod cause;
mod headers;
mod identity;
mod language;
mod reply;
mod retry;
mod rewrite;
mod timeout;
mod tunnel;
mod upstream;

pub use backoff::Backoff;
pub use breaking::BreakerPolicy;
pub use cause::Cause;
pub use headers::HeaderPolicy;
pub use identity::CorrelationPolicy;
pub use language::{GrpcLanguage, Language};
pub use reply::ReplyPolicy;
pub use retry::{RetryAfter, RetryPolicy};
pub use rewrite::RewritePolicy;
pub use timeout::{TimeoutPolicy, Total};
pub use tunnel::{Guard, TunnelPolicy};
pub use upstream::Upstream;
