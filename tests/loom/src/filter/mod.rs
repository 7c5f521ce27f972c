//! The filters whose state is shared, at the paths that they have in the runtime.

#[path = "../../../../runtime/src/filter/breaker/mod.rs"]
pub mod breaker;
pub mod retry;
