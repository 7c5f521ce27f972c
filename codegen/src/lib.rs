//! A checked policy to Rust source.
//!
//! ```text
//! Plan ─► calls ─► parts ─► emit ─► print ─► proxy.rs
//!          what each layer says is a type      │
//!                                             ├─► policy.json   (what the binary says it is)
//!                                             ├─► sites.rs      (the lines that its log names)
//!                                  summary ───┴─► plan.txt
//! ```
//!
//! [`generate()`] is total: every plan that the checker lets through has its Rust.
//! [`build()`] is what a deployment's build script calls.

pub mod build;
mod calls;
mod cx;
pub mod embed;
mod emit;
mod generate;
mod literal;
mod names;
mod parts;
mod pipeline;
mod print;
mod sites;
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;
mod version;

pub use build::build;
pub use generate::{Generated, generate};
pub use version::VERSION;
