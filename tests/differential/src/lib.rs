//! One policy, two executions: the reference interpreter and the proxy compiled from it.
//!
//! ```text
//! dice ──▶ generate ──▶ plan::Test ──┬──▶ interpreter ────▶ account ──┐
//!                                    └──▶ compiled proxy ─▶ account ──┴──▶ equal, or shrunk and shown
//! ```
//!
//! The two share no code, so a difference is a mistake in one of them. Scenarios come from a seed:
//! the same ones in every run.

pub mod account;
mod all;
mod case;
pub mod differ;
pub mod generate;
pub mod invariants;
mod play;
pub mod show;

/// The proxies that the policies became.
pub mod policies {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

use amb_policy_lang::plan::Plan;
use amb_policy_lang::{MemoryLoader, compile};
use amb_runtime::testing::{Besieged, Observed, Siege};

pub use all::for_all;
pub use case::Case;
use play::play;
pub use play::{HTTP1, PAIRS, Spoken};

/// A policy as text and as a compiled proxy.
pub struct Policy {
    /// The file's name.
    pub entry: &'static str,
    /// Names and texts of all files that it is made of.
    pub sources: &'static [(&'static str, &'static str)],
    /// Runs a case, with this seed of the jitter, on the compiled proxy.
    pub play: fn(&Case, u64, Spoken) -> Observed,
    /// Besieges the compiled proxy.
    pub besiege: fn(&Siege) -> Besieged,
}

/// All of them.
pub const POLICIES: &[Policy] = include!(concat!(env!("OUT_DIR"), "/policies.rs"));

/// Policies whose compiled proxy does something else than they say, with what was changed in it.
pub const MUTANTS: &[(&str, Policy)] = include!(concat!(env!("OUT_DIR"), "/mutants.rs"));

impl Policy {
    /// What the interpreter runs.
    ///
    /// # Panics
    /// If the policy does not compile, which it did when this package was built.
    pub fn plan(&self) -> Plan {
        compile(self.entry, &MemoryLoader::new(self.sources.iter().copied())).plan.unwrap()
    }
}
