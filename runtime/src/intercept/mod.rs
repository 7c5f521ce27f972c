//! Calls that the kernel redirects to the proxy: the application does not know of it.
//!
//! ```text
//! Intercept (a constant of the generated proxy)
//!    │ rules: one nf_tables transaction       redirected connection
//!    ▼                                              │
//! netfilter ──▶ kernel ──▶ shared port ──▶ original: where it wanted to go
//!    ▲      stale: what it remembers of former connections
//!    │
//! preflight: may we, and may it be us?        verify: does a real connection arrive?
//! ```
//!
//! The table belongs to a netlink socket that is open as long as the process lives. What becomes of
//! the rules when the process ends is the kernel's business then, however it ends.

mod conntrack;
mod neighbours;
mod netfilter;
pub(crate) mod original;
mod preflight;
mod redirect;
mod refusal;
mod rules;
mod sockets;
mod stale;
mod verify;

pub(crate) use redirect::{Redirect, Trial};
pub(crate) use refusal::Refusal;
