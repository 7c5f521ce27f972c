//! `amb diff`: what a change of policy means for calls.

use amb_policy_lang::diff::{self, Kind};

use crate::args::{Class, Diff, Report};
use crate::console::Console;
use crate::failure::Failure;
use crate::policy;

/// Differences are the result, not a finding, unless their class is denied.
pub(crate) fn run(args: &Diff, console: &mut Console) -> Result<(), Failure> {
    let (old, new) = (policy::plan(&args.old, console)?, policy::plan(&args.new, console)?);
    let changes = diff::diff(&old, &new);
    console.result(&match args.format {
        Report::Text => diff::text(&changes),
        Report::Json => diff::json(&changes),
        Report::Markdown => diff::markdown(&changes),
    });
    let denied = |kind: Kind| args.deny.iter().any(|class| is_of(kind, *class));
    match changes.iter().any(|change| denied(change.kind)) {
        true => Err(Failure::Findings),
        false => Ok(()),
    }
}

/// Nothing shows that another place is as strict: what is redirected is weakened as well.
fn is_of(kind: Kind, class: Class) -> bool {
    match class {
        Class::Weakened => !kind.is_safe(),
        Class::Redirected => kind == Kind::Redirected,
        Class::Tightened => kind == Kind::Tightened,
        Class::Renamed => kind == Kind::Renamed,
    }
}
