//! The two ends of a call, whichever version of HTTP they speak.
//!
//! Filters and the course of a call know neither sockets nor streams: they move bytes between a
//! [`Caller`] and a [`Link`] to an upstream. Each is one of two engines; which one is a number that
//! is looked at, not a table of functions.

mod caller;
mod carry;
mod link;

pub(crate) use caller::Caller;
pub(crate) use carry::carry;
pub(crate) use link::Link;
