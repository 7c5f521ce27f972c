//! `amb generate`: what is checked in and reviewed.

use std::fs;
use std::path::Path;

use amb_codegen::build::{FOLDER, compare, files};
use amb_codegen::{Generated, generate};

use crate::args::Generate;
use crate::console::Console;
use crate::failure::Failure;
use crate::files::{folder, write_changed};
use crate::policy;

pub(crate) fn run(args: &Generate, console: &mut Console) -> Result<(), Failure> {
    let generated = generate(&policy::plan(&args.file, console)?);
    let folder = folder(&args.file);
    match args.check {
        true => check(&folder, &generated, console),
        false => write(&folder, &generated),
    }
}

fn check(folder: &Path, generated: &Generated, console: &mut Console) -> Result<(), Failure> {
    let stale = compare(folder, generated);
    for stale in &stale {
        console.result(&stale.diff);
    }
    if stale.is_empty() { Ok(()) } else { Err(Failure::Findings) }
}

/// Writes `generated/`; what is up to date keeps its time stamp.
pub(crate) fn write(folder: &Path, generated: &Generated) -> Result<(), Failure> {
    let folder = folder.join(FOLDER);
    fs::create_dir_all(&folder).map_err(|error| Failure::unwritable(&folder, &error))?;
    for (name, text) in files(generated) {
        write_changed(&folder.join(name), text)?;
    }
    Ok(())
}
