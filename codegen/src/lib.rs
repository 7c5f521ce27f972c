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
//! [`generate`] is total: every plan that the checker lets through has its Rust.
//! [`build()`] is what a deployment's build script calls.

pub mod build;
mod calls;
mod cx;
pub mod embed;
mod emit;
mod literal;
mod names;
mod parts;
mod pipeline;
mod print;
mod sites;
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;

pub use build::build;

use amb_policy_lang::plan::Plan;
use amb_policy_lang::summary;

/// What is written into `generated/`, and what the binary carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The proxy: `generated/proxy.rs`.
    pub proxy_rs: String,
    /// The plan on one screen: `generated/plan.txt`.
    pub plan_txt: String,
    /// What the binary says about itself; see [`embed`].
    pub policy_json: String,
    /// The lines of the policy that routes stand on, for the log; an expression.
    pub sites_rs: String,
}

/// The version in headers and in [`Generated::policy_json`].
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Writes the Rust for a plan. Same plan, same bytes.
pub fn generate(plan: &Plan) -> Generated {
    let proxy_rs = emit::proxy_rs(plan);
    let plan_txt = summary::text(plan);
    let policy_json = embed::policy_json(plan, &plan_txt, &proxy_rs);
    let sites_rs = sites::sites_rs(plan);
    Generated { proxy_rs, plan_txt, policy_json, sites_rs }
}
