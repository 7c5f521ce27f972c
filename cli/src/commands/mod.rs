//! One module per command.

pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod generate;
pub(crate) mod inspect;
pub(crate) mod lsp;
pub(crate) mod new;
pub(crate) mod plan;
pub(crate) mod rules;
pub(crate) mod test;
