//! The reference interpreter: what a plan means, in virtual time.
//!
//! It is written from the meaning of the settings and shares no code with the
//! proxy that is compiled from the same plan, so that each can prove the other
//! wrong. It is pure and seeded: a plan and a scenario give the same trace on every machine.
//! Time is whole milliseconds from 0, at which the wall clock shows [`WALL_CLOCK`].
//!
//! # The trace as text
//!
//! The compiled proxy writes the same lines for the same scenario; the two are
//! compared line by line. Each line starts with the virtual time. Calls and tries
//! are numbered from 1. `UPSTREAM` is an upstream's name, or `otherwise`.
//!
//! ```text
//! 0ms call 1 starts POST payment.shop.svc /v1/charges
//! 0ms call 1 route payment/charge               an upstream alone: no route matched
//! 0ms call 1 try 1 payment                      the try reaches for the network
//! 0ms call 1 try 1 field x-tenant: blue         for each field asked for, as sent
//! 120ms call 1 try 1 payment -> 503             or grpc(unavailable), connect-failure, reset, timeout
//! 120ms breaker payment open 30000ms            or half-open, closed; NAME/ROUTE if the route's own
//! 120ms call 1 wait 53ms                        the whole wait before the next try
//! 173ms call 1 refused breaker                  why there is no (other) try
//! 173ms call 1 ends 503 proxy elapsed 173ms     or grpc(unavailable); upstream, policy (respond, fallback)
//! ```
//!
//! `refused` names the first reason that holds: `not-listed`, `unsafe`, `body`,
//! `pushback`, `attempts`, `deadline`, `budget`, `breaker`. It is written when a
//! retry policy decided against another try after no response, a status from 400 on
//! or a code of gRPC but `ok`, and when the breaker kept a try from the network. What happens at the same
//! moment is written in this order: the end of the try, the breaker's transition,
//! the decision, the end of the call, the start of the next. An answer that comes
//! at the very moment of a timeout is in time; connect timeout goes before
//! `per-try`, that before `total`. Events of one moment happen in the order in
//! which they were set off.
//!
//! What is not modelled: kept connections, and the process-wide bound on replay memory.

mod attempt;
mod blame;
mod breaker;
mod budget;
mod call;
mod coverage;
mod decide;
mod engine;
mod expect;
mod grpc;
mod head;
mod jitter;
mod local;
pub(crate) mod routing;
mod scenario;
mod test;
mod trace;

pub use coverage::{Coverage, Covered, Missed};
pub use engine::{Run, run, run_covered};
pub(crate) use grpc::code_of as grpc_code_of;
pub use scenario::{Course, Request, Scenario, Script, Start};
pub use test::{Failed, TestOutcome, run_test};
pub use trace::{
    CallRecord, Event, Outcome, Refusal, Source, State, Status, Trace, Transition, What,
};

use std::time::Duration;

/// The wall clock at virtual time 0, from the Unix epoch: 2026-01-01 00:00:00 UTC.
pub const WALL_CLOCK: Duration = Duration::from_secs(1_767_225_600);

/// Virtual time, in whole milliseconds.
type Millis = u64;

/// Settings hold whole milliseconds; anything finer is cut off.
fn millis(time: Duration) -> Millis {
    time.as_millis().try_into().unwrap_or(Millis::MAX)
}
