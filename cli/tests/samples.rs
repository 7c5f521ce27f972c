//! Policies in full, as organisations write them. Each is accepted, tested and generated,
//! or refused for nothing but settings that are not carried out yet; the snapshot beside it
//! lists those. A setting that is carried out leaves the list, none may join it.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use snapbox::cmd::{Command, cargo_bin};
use tempfile::TempDir;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples")
}

/// All samples, away from the manifests of this repository.
fn copied() -> TempDir {
    let folder = TempDir::new().unwrap();
    for entry in fs::read_dir(samples()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

fn amb(folder: &Path, args: &[&str]) -> Command {
    Command::new(cargo_bin!("amb")).current_dir(folder).env("NO_COLOR", "1").args(args)
}

/// The settings that are refused, one line each, in the order of the file.
fn refused(folder: &Path, file: &str) -> Vec<String> {
    let check = amb(folder, &["check", "--format", "json", file]).output().unwrap();
    let told = String::from_utf8(check.stdout).unwrap();
    let findings = told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let refused = |finding: Value| {
        assert_eq!(finding["code"], "not-yet-supported", "{file}: {finding}");
        format!("{}: {}", finding["line"], finding["message"].as_str().unwrap())
    };
    findings.map(refused).collect()
}

fn is_as_listed(name: &str) {
    let folder = copied();
    let file = format!("{name}.amb");
    let refused = refused(folder.path(), &file);
    insta::with_settings!({
        snapshot_path => "samples", prepend_module_to_snapshot => false, omit_expression => true,
    }, {
        insta::assert_snapshot!(name, refused.join("\n"));
    });
    if refused.is_empty() {
        amb(folder.path(), &["test", &file]).assert().success();
        amb(folder.path(), &["generate", &file]).assert().success();
        amb(folder.path(), &["generate", "--check", &file]).assert().success();
    } else {
        amb(folder.path(), &["test", &file]).assert().code(1);
        amb(folder.path(), &["generate", &file]).assert().code(1);
    }
}

#[test]
fn a_first_policy() {
    is_as_listed("simple");
}

#[test]
fn a_service_under_a_baseline() {
    is_as_listed("order");
}

#[test]
fn a_service_with_everything() {
    is_as_listed("checkout");
}

/// A file of baselines alone is checked, and has nothing to test or generate.
#[test]
fn a_baseline() {
    let folder = copied();
    amb(folder.path(), &["check", "acme.amb"]).assert().success().stdout_eq("").stderr_eq("");
    amb(folder.path(), &["test", "acme.amb"]).assert().success().stdout_eq("").stderr_eq("");
    amb(folder.path(), &["generate", "acme.amb"]).assert().code(2);
}

#[test]
fn every_snapshot_has_a_sample() {
    for entry in fs::read_dir(samples()).unwrap() {
        let path = entry.unwrap().path();
        let snapshot = path.extension().is_some_and(|extension| extension == "snap");
        assert!(!snapshot || path.with_extension("amb").exists(), "{}", path.display());
    }
}

#[test]
fn samples_are_in_canonical_form() {
    let folder = copied();
    for file in ["simple.amb", "order.amb", "checkout.amb", "acme.amb"] {
        amb(folder.path(), &["fmt", "--check", file]).assert().success();
    }
}
