//! `amb plan`: the effective policy.

use amb_policy_lang::summary;

use crate::args::{Format, Plan};
use crate::console::Console;
use crate::failure::Failure;
use crate::policy;

pub(crate) fn run(args: &Plan, console: &mut Console) -> Result<(), Failure> {
    let plan = policy::plan(&args.file, console)?;
    console.result(&match args.format {
        Format::Text => summary::text(&plan),
        Format::Json => summary::json(&plan),
    });
    Ok(())
}
