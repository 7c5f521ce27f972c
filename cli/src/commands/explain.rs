//! `amb explain`: what happens to one request, and why.

use amb_policy_lang::explain::{Request, explain};

use crate::args::Explain;
use crate::console::Console;
use crate::failure::Failure;
use crate::policy;

pub(crate) fn run(args: &Explain, console: &mut Console) -> Result<(), Failure> {
    let request = Request::parse(&args.request, &args.headers).map_err(Failure::Usage)?;
    let plan = policy::plan(&args.file, console)?;
    console.result(&explain(&plan, &request));
    Ok(())
}
