//! What all workers count and decide together, exactly and without a lock: breakers and budgets.
//!
//! Each is a few atomics, and the rules by which they change. Nothing here waits, and nothing knows
//! what a call is.

pub mod breaker;
pub mod budget;
mod window;
