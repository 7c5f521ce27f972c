//! `amb diff`: what a change of policy means for calls.

use amb_policy_lang::diff;

use crate::args::{Diff, Format};
use crate::console::Console;
use crate::failure::Failure;
use crate::policy;

/// Differences are the result, not a finding: the command succeeds with or without them.
pub(crate) fn run(args: &Diff, console: &mut Console) -> Result<(), Failure> {
    let (old, new) = (policy::plan(&args.old, console)?, policy::plan(&args.new, console)?);
    let changes = diff::diff(&old, &new);
    console.result(&match args.format {
        Format::Text => diff::text(&changes),
        Format::Json => diff::json(&changes),
    });
    Ok(())
}
