//! From a file to a plan, with findings shown on the way.

use std::path::Path;

use amb_codegen::source::FileLoader;
use amb_policy_lang::diagnostics;
use amb_policy_lang::plan::Plan;
use amb_policy_lang::{Options, Outcome, compile_with};

use crate::console::Console;
use crate::failure::Failure;

/// The plan of a deployment, with names relative to the policy's own folder, so that what is made
/// from it is the same wherever it was called from. Findings are shown; errors end the command.
pub(crate) fn plan(file: &Path, console: &mut Console) -> Result<Plan, Failure> {
    compiled(file, console)?.ok_or_else(|| {
        Failure::Usage(format!("{} is no deployment: it has no `service`", file.display()))
    })
}

/// The same of a file that others may import: without a `service` it has no plan.
pub(crate) fn compiled(file: &Path, console: &mut Console) -> Result<Option<Plan>, Failure> {
    readable(file)?;
    let (loader, name) = FileLoader::beside(file);
    let outcome = compile_with(&name, &loader, Options::default());
    if !outcome.diagnostics.is_empty() {
        show(&from_here(file, Options::default())?, console);
    }
    match outcome.diagnostics.iter().any(diagnostics::Diagnostic::is_error) {
        true => Err(Failure::Findings),
        false => Ok(outcome.plan),
    }
}

/// A policy with names as seen from here, for people and editors to follow.
pub(crate) fn from_here(file: &Path, options: Options) -> Result<Outcome, Failure> {
    readable(file)?;
    let (loader, name) = match file.is_relative() {
        true => FileLoader::seen_from(Path::new("."), file),
        false => FileLoader::beside(file),
    };
    Ok(compile_with(&name, &loader, options))
}

/// The findings as excerpts of the policy, on standard error.
pub(crate) fn show(outcome: &Outcome, console: &mut Console) {
    let text = diagnostics::render(&outcome.diagnostics, &outcome.sources, console.style());
    console.note(&text);
}

fn readable(file: &Path) -> Result<(), Failure> {
    match std::fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(Failure::Usage(format!("{} is not a file", file.display()))),
        Err(error) => Err(Failure::unreadable(file, &error)),
    }
}
