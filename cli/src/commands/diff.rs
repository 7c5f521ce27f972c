//! `amb diff`: what a change of policy means for calls.

use amb_policy_lang::diff::{self, Kind};

use crate::args::{Class, Diff, Format};
use crate::console::Console;
use crate::failure::Failure;
use crate::policy;

/// Differences are the result, not a finding, unless their class is denied.
pub(crate) fn run(args: &Diff, console: &mut Console) -> Result<(), Failure> {
    let (old, new) = (policy::plan(&args.old, console)?, policy::plan(&args.new, console)?);
    let changes = diff::diff(&old, &new);
    console.result(&match args.format {
        Format::Text => diff::text(&changes),
        Format::Json => diff::json(&changes),
    });
    let denied: Vec<Kind> = args.deny.iter().copied().map(kind).collect();
    match changes.iter().any(|change| denied.contains(&change.kind)) {
        true => Err(Failure::Findings),
        false => Ok(()),
    }
}

const fn kind(class: Class) -> Kind {
    match class {
        Class::Tightened => Kind::Tightened,
        Class::Weakened => Kind::Weakened,
        Class::Added => Kind::Added,
        Class::Removed => Kind::Removed,
        Class::Changed => Kind::Changed,
    }
}
