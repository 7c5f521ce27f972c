//! One view of a message head, whichever wire protocol it came over.
//!
//! A head is a block of bytes and a list of [`Field`]s: offsets into those bytes. Filters read it
//! through [`RequestHead`] and change it through edits, which mark lines as dropped and collect
//! new ones; an engine copies what is left in as few pieces as possible.

mod edit;
mod field;
mod head;
pub(crate) mod lines;
mod method;
mod name;
mod reason;
mod refused;

pub use edit::HeadEdit;
pub(crate) use edit::{Edits, split_line};
pub(crate) use field::{Field, Kinds, Known, Span};
pub use head::RequestHead;
pub(crate) use head::{RequestParts, ResponseParts};
pub use method::Method;
pub(crate) use name::is_name;
pub(crate) use reason::reason;
pub(crate) use refused::Refused;

/// A head may have this many bytes …
pub(crate) const HEAD_LIMIT: usize = 64 * 1024;
/// … and this many field lines.
pub(crate) const FIELD_LIMIT: usize = 100;
