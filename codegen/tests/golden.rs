//! The generated code for small policies, as it should be. The same files are compiled, and their
//! tests run, by the crate in `codegen/compiled`.
//!
//! `AMB_BLESS=1 cargo test -p amb-codegen --test golden` writes what is generated now.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use amb_codegen::build::files;
use amb_codegen::source::FileLoader;
use amb_codegen::{Generated, generate};
use amb_policy_lang::compile;
use amb_policy_lang::diagnostics::{Style, render};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The policies' names, sorted.
fn policies() -> BTreeSet<String> {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|extension| extension == "amb"))
        .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

fn generated(name: &str) -> Generated {
    let outcome = compile(&format!("{name}.amb"), &FileLoader::new(folder()));
    let findings = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    let plan = outcome.plan.unwrap_or_else(|| panic!("{name}.amb is rejected:\n{findings}"));
    generate(&plan)
}

#[test]
fn generated_code_is_as_reviewed() {
    for name in policies() {
        let generated = generated(&name);
        let path = folder().join(format!("{name}.rs"));
        if std::env::var_os("AMB_BLESS").is_some() {
            fs::write(&path, &generated.proxy_rs).unwrap();
        }
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            reviewed == generated.proxy_rs,
            "{name}.rs differs:\n{}",
            similar::TextDiff::from_lines(&reviewed, &generated.proxy_rs).unified_diff()
        );
    }
}

#[test]
fn every_policy_is_compiled_as_well() {
    let list = include_str!("../compiled/src/lib.rs");
    for name in policies() {
        assert!(
            list.contains(&format!("golden!({name});")),
            "{name} is not in compiled/src/lib.rs"
        );
    }
}

#[test]
fn nothing_of_the_scaffolding_is_left() {
    for name in policies() {
        for (file, text) in files(&generated(&name)) {
            for trace in ["#[comment", "#[doc", "r#", " ;\n"] {
                assert!(!text.contains(trace), "{trace} in {file} of {name}");
            }
            assert!(text.lines().all(|line| line.trim_end() == line), "{file} of {name}");
        }
    }
}
