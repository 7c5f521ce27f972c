//! Text to tree. Parsing never fails: it returns what it could read, and diagnostics
//! for the rest. The types of the parser generator do not leave this module.

pub mod ast;
mod literal;
mod parse;
mod print;
mod text;

pub use parse::parse;
pub(crate) use print::printed;
