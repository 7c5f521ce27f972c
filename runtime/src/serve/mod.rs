//! The callers' side: a connection, whatever it is, to its end.
//!
//! ```text
//! http1    one connection of HTTP/1.1: head → route → pipeline → answer → next
//! http2    one connection of HTTP/2: streams in, each of them a call
//! opaque   a connection whose bytes nobody looks at
//! carry    one call, from its head to the end of its answer
//! linger   what callers go on sending after the end
//! ```

pub(crate) mod carry;
pub(crate) mod http1;
pub(crate) mod http2;
mod linger;
pub(crate) mod opaque;
#[cfg(test)]
mod resting;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod splits;

use std::time::Duration;

/// A caller's connection that carries nothing is closed after this time: longer than clients keep one for
/// their next request.
const REST: Duration = Duration::from_secs(60 * 60);
