//! `amb fmt`: canonical form.

use std::fs;
use std::path::Path;

use amb_policy_lang::{Source, diagnostics, format};

use crate::args::Fmt;
use crate::console::Console;
use crate::failure::Failure;

pub(crate) fn run(args: &Fmt, console: &mut Console) -> Result<(), Failure> {
    let mut found = false;
    for file in &args.files {
        found |= match formatted(file, console)? {
            Formatted::Same => false,
            Formatted::Broken => true,
            Formatted::Differs(text) if args.check => {
                console.result(&format!("{} is not in canonical form\n", file.display()));
                drop(text);
                true
            }
            Formatted::Differs(text) => {
                fs::write(file, text).map_err(|error| Failure::unwritable(file, &error))?;
                false
            }
        };
    }
    if found { Err(Failure::Findings) } else { Ok(()) }
}

enum Formatted {
    Same,
    Differs(String),
    /// It cannot be read as a policy; what is wrong has been shown.
    Broken,
}

fn formatted(file: &Path, console: &mut Console) -> Result<Formatted, Failure> {
    let text = fs::read_to_string(file).map_err(|error| Failure::unreadable(file, &error))?;
    let name = file.display().to_string();
    match format(&name, &text) {
        Ok(formatted) if formatted == text => Ok(Formatted::Same),
        Ok(formatted) => Ok(Formatted::Differs(formatted)),
        Err(findings) => {
            let sources = [Source { name, text }];
            console.note(&diagnostics::render(&findings, &sources, console.style()));
            Ok(Formatted::Broken)
        }
    }
}
