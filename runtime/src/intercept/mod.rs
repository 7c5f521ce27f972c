//! Calls that the kernel redirects to the proxy: the application does not know of it.
//!
//! `original` tells where a redirected connection wanted to go.

pub(crate) mod original;
