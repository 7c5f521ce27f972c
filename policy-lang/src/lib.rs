//! The `.amb` language: text to a checked [`plan::Plan`].
//!
//! ```text
//! text ── syntax ──▶ tree ── conform (against schema) ──▶ nodes
//!      ── resolve: imports, names, layers ──▶ effective settings with their origins
//!      ── lower ──▶ Plan ── check: routes, retries, bounds, guardrails ──▶ Plan | diagnostics
//! ```
//!
//! Nothing here does input or output: sources come through a [`SourceLoader`].

mod date;
mod limits;
mod span;

pub mod syntax;

pub mod schema;

mod conform;

mod resolve;

mod cover;

mod lower;

mod check;

pub mod plan;

pub mod interpret;

pub mod explain;

pub mod diff;

pub mod summary;

pub mod index;

pub mod diagnostics;

mod compile;
mod format;
mod loader;

pub use compile::{Options, Outcome, compile, compile_with};
pub use date::Date;
pub use format::format;
pub use loader::{LoadError, MemoryLoader, Source, SourceLoader};
pub use span::Span;
