//! How much a policy may hold. Every stage takes time and memory that these bound, whoever wrote the policy.

/// Of all files together.
pub(crate) const BYTES: usize = 1024 * 1024;
/// How many definitions may build on each other in a row. Laying them over each other is recursive.
pub(crate) const EXTENDS: usize = 16;
/// `import` lines of all files; each of them reads a file.
pub(crate) const IMPORTS: usize = 100;
/// Bytes of statements that all calls together inherit or write, and so copies of them in the plan.
pub(crate) const INHERITED: usize = 8 * 1024 * 1024;
/// Steps that running all tests takes: match lines that are compared, lines of a trace, edits.
pub(crate) const STEPS: usize = 10_000_000;
/// Bytes of statements that the requests of all tests repeat.
pub(crate) const REPEATED: usize = 8 * 1024 * 1024;
