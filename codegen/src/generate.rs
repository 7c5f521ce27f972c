//! All that becomes of a plan.

use amb_policy_lang::plan::Plan;
use amb_policy_lang::summary;

use crate::{embed, emit, sites};

/// What is written into `generated/`, and what the binary carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The proxy: `generated/proxy.rs`.
    pub proxy_rs: String,
    /// What each block of the policy says: `generated/plan.txt`.
    pub plan_txt: String,
    /// What the binary says about itself; see [`embed`].
    pub policy_json: String,
    /// The lines of the policy that routes stand on, for the log; an expression.
    pub sites_rs: String,
}

/// Writes the Rust for a plan. Same plan, same bytes.
pub fn generate(plan: &Plan) -> Generated {
    let proxy_rs = emit::proxy_rs(plan);
    let plan_txt = summary::reviewed(plan);
    let policy_json = embed::policy_json(plan, &proxy_rs);
    let sites_rs = sites::sites_rs(plan);
    Generated { proxy_rs, plan_txt, policy_json, sites_rs }
}
