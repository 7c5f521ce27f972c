//! The runtime's lock-free parts, compiled against loom's atomics.
//!
//! The files are the runtime's own; only `sync` differs. Nothing here needs `--cfg loom`, which
//! would change tokio as well.
//!
//! ```text
//! cargo test -p amb-loom --features model
//! ```
#![cfg(feature = "model")]

#[expect(dead_code, reason = "timers are not part of the model")]
#[path = "../../../runtime/src/clock.rs"]
pub mod clock;
#[path = "../../../runtime/src/random.rs"]
pub mod random;
#[path = "../../../runtime/src/units.rs"]
pub mod units;

#[path = "../../../runtime/src/state/mod.rs"]
pub mod state;
mod sync;

/// Explores a program; three preemptions find what two or three threads can do to each other.
pub fn explore(program: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(program);
}
