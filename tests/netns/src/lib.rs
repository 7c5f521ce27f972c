//! What the tests of redirection share: namespaces, processes in them, and what they say.
//!
//! ```text
//! test ──▶ itself again, in a new network namespace (as root, or as root of a user namespace only)
//!              ├─▶ peers: servers that say where they were reached, and by which uid
//!              ├─▶ role proxy NAME   under the uid of the policy
//!              └─▶ role call …       under the uid of an application
//! ```
//!
//! Nothing outside those namespaces is touched.

pub mod bytes;
pub mod calls;
pub mod namespace;
pub mod nft;
pub mod peers;
pub mod proxy;

/// The proxies that the policies became.
pub mod policies {
    include!(concat!(env!("OUT_DIR"), "/policies.rs"));
}

/// A version of a policy that is deployed over others.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    /// Of its module.
    pub name: &'static str,
    /// The proxy's uid.
    pub user: u32,
    /// An address that calls are redirected from.
    pub redirected: &'static str,
    /// One that is left alone.
    pub excepted: &'static str,
}

/// Who makes the proxy's own calls.
pub const PROXY: u32 = 15001;
/// Who makes the application's.
pub const APPLICATION: u32 = 2000;
/// Whom the policies except.
pub const EXCEPTED: u32 = 3000;
