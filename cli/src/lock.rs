//! What is built is what was reviewed: `generated/` beside a policy has to be what the policy says.
//!
//! Under `CI` or `AMB_LOCKED=1` a build refuses anything else, as the build script of a deployment does;
//! otherwise it says so. A policy without `generated/` has nothing that was reviewed.

use std::fs;
use std::path::Path;

use amb_codegen::Generated;
use amb_codegen::build::{FOLDER, Stale, compare, generated_for, is_locked};

use crate::console::Console;
use crate::failure::Failure;
use crate::files::folder;

/// Compares what is to be built with what is checked in beside the policy.
pub(crate) fn check(
    policy: &Path,
    service: &str,
    generated: &Generated,
    console: &mut Console,
) -> Result<(), Failure> {
    let folder = folder(policy);
    if !folder.join(FOLDER).exists() || is_of_another(policy, &folder, service) {
        return Ok(());
    }
    let stale = compare(&folder, generated);
    if stale.is_empty() {
        return Ok(());
    }
    let files: Vec<_> = stale.iter().map(|stale| stale.file.as_str()).collect();
    let (files, policy) = (files.join(" and "), policy.display());
    let message = format!("{files}: not what {policy} says; run `amb generate {policy}`");
    if !is_locked() {
        console.note(&format!("{message}\n"));
        return Ok(());
    }
    stale.iter().for_each(|Stale { diff, .. }| console.note(diff));
    Err(Failure::Stopped(format!("{message} and review the change")))
}

/// Was it generated from another policy in the folder?
fn is_of_another(policy: &Path, folder: &Path, service: &str) -> bool {
    let Some(other) = generated_for(folder).filter(|other| other != service) else { return false };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut siblings = entries.map(|entry| entry.path()).filter(|path| {
        path.file_name() != policy.file_name() && path.extension().is_some_and(|end| end == "amb")
    });
    siblings.any(|path| fs::read_to_string(path).is_ok_and(|text| is_service(&text, &other)))
}

/// Has the text a line `service NAME`?
fn is_service(text: &str, name: &str) -> bool {
    let words = text.lines().map(|line| line.split([' ', '\t', '{', ';', '\r']));
    words
        .map(|words| words.filter(|word| !word.is_empty()))
        .any(|mut words| words.next() == Some("service") && words.next() == Some(name))
}
