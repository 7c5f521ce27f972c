//! The `.amb` language.
pub mod plan;
pub mod summary;
