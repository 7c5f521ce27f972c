//! The HTTP/1.1 engine (RFC 9112).
//!
//! ```text
//! server      one connection of a caller: head → route → pipeline → answer → next
//!   parse     bytes → offsets; everything ambiguous is refused here
//!     lines   where a head's lines, names and values begin and end
//!   request   the caller's message and what filters make of it
//!   attempt   one try: an endpoint, a connection …
//!   exchange  … the request out, the response head in
//!   response  an answer, its body still on the way
//!   deliver   the answer out, while the rest of both bodies flows
//!   flow      bytes from a stream into a block and back
//!   body      where a body ends
//!   write     heads → bytes
//!   reply     answers of our own
//!   block     the buffers, kept per worker
//! ```

pub(crate) mod attempt;
pub(crate) mod block;
pub(crate) mod body;
pub(crate) mod deliver;
mod exchange;
pub(crate) mod flow;
mod lines;
pub(crate) mod parse;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod server;
pub(crate) mod write;

/// A head may have this many bytes …
pub(crate) const HEAD_LIMIT: usize = 64 * 1024;
/// … and this many field lines.
pub(crate) const FIELD_LIMIT: usize = 100;
