//! What the wire tests share: compiled policies, the two ends that speak to them, and real peers.
//!
//! ```text
//! caller ──▶ proxy (policies/*.amb, compiled) ──▶ upstream
//! bytes in, answers out                           bytes recorded, answers from a script
//! ```
//!
//! Nothing here shares code with the proxy's engine: both ends read HTTP by their own few lines.

pub mod caller;
pub mod frames;
pub mod message;
pub mod peers;
pub mod process;
pub mod upstream;

/// The proxies that the policies became.
pub mod policies {
    include!(concat!(env!("OUT_DIR"), "/policies.rs"));
}

use std::time::Duration;

/// How long a test waits for something that must come.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The host that every policy here knows.
pub const HOST: &str = "catalog.shop.svc";
