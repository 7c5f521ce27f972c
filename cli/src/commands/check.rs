//! `amb check`: all findings of all files.

use std::path::Path;

use amb_policy_lang::diagnostics::{self, Diagnostic};
use amb_policy_lang::{Options, Outcome};

use crate::args::{Check, Format};
use crate::console::Console;
use crate::failure::Failure;
use crate::policy;
use crate::today::today;

pub(crate) fn run(args: &Check, console: &mut Console) -> Result<(), Failure> {
    let outcomes: Result<Vec<Outcome>, Failure> =
        args.files.iter().map(|file| check(file)).collect();
    let outcomes = outcomes?;
    for outcome in &outcomes {
        match args.format {
            Format::Text => policy::show(outcome, console),
            Format::Json => {
                console.result(&diagnostics::to_json_lines(&outcome.diagnostics, &outcome.sources));
            }
        }
    }
    let found = outcomes.iter().flat_map(|outcome| &outcome.diagnostics);
    match found.into_iter().any(Diagnostic::is_error) {
        true => Err(Failure::Findings),
        false => Ok(()),
    }
}

fn check(file: &Path) -> Result<Outcome, Failure> {
    policy::from_here(file, Options { today: today() })
}
