//! `amb rules`: what the proxy asks of the kernel.

use amb_policy_lang::summary;

use crate::args::Rules;
use crate::console::Console;
use crate::failure::Failure;
use crate::policy;

pub(crate) fn run(args: &Rules, console: &mut Console) -> Result<(), Failure> {
    let plan = policy::plan(&args.file, console)?;
    match summary::rules(&plan) {
        Some(rules) => console.result(&rules),
        None => console.note("nothing is redirected: the policy has no `intercept`"),
    }
    Ok(())
}
