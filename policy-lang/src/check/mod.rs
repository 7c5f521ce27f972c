//! The rules of a policy, behind what the shape of its statements says.
//!
//! `file` looks at files as a whole, `hosts` and `routes` at who gets a call, `retry`,
//! `bounds` and `breaker` at what can happen to it, `guardrails` at what the organisation
//! demands. Each finding is reported at the value that causes it, so that one that many
//! routes inherit is told once.

mod file;

pub(crate) use file::files;

use crate::Date;
use crate::diagnostics::Diagnostic;
use crate::lower::Lowered;
use crate::resolve::{Applied, Program};

/// Everything about the lowered policy.
pub(crate) fn policy(
    program: &Program<'_>,
    applied: Applied<'_>,
    lowered: &Lowered<'_>,
    today: Option<Date>,
    found: &mut Vec<Diagnostic>,
) {
}
pub(crate) fn requires(program: &Program<'_>, today: Option<Date>, found: &mut Vec<Diagnostic>) {}
