//! The generated code for small policies, as it should be: `NAME.snap.rs` beside `NAME.amb`. The same
//! files are compiled, and their tests run, by the crate in `codegen/compiled`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use amb_codegen::build::files;
use amb_codegen::source::FileLoader;
use amb_codegen::{Generated, generate};
use amb_policy_lang::compile;
use amb_policy_lang::diagnostics::{Style, render};
use similar::TextDiff;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// What stands before `suffix` in the names of the folder's files, sorted.
fn names(suffix: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name());
    let name = |file: &str| file.strip_suffix(suffix).map(str::to_owned);
    files.filter_map(|file| name(&file.to_string_lossy())).collect()
}

fn policies() -> BTreeSet<String> {
    names(".amb")
}

fn generated(name: &str) -> Generated {
    let outcome = compile(&format!("{name}.amb"), &FileLoader::new(folder()));
    let findings = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    let plan = outcome.plan.unwrap_or_else(|| panic!("{name}.amb is rejected:\n{findings}"));
    generate(&plan)
}

/// What is not as reviewed. insta only says that two files differ; here is how.
fn difference(name: &str) -> Option<String> {
    let proxy = generated(name).proxy_rs;
    let reviewed = folder().join(format!("{name}.snap.rs"));
    let reviewed = fs::read_to_string(reviewed).unwrap_or_default();
    let compared = catch_unwind(|| {
        insta::with_settings!({
            snapshot_path => "golden", prepend_module_to_snapshot => false, omit_expression => true,
        }, {
            insta::assert_binary_snapshot!(&format!("{name}.rs"), proxy.clone().into_bytes());
        });
    });
    let lines = TextDiff::from_lines(&reviewed, &proxy);
    compared.err().map(|_| format!("{name}.snap.rs differs:\n{}", lines.unified_diff()))
}

#[test]
fn generated_code_is_as_reviewed() {
    let names = policies();
    let differences: Vec<_> = names.iter().filter_map(|name| difference(name)).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_golden_has_a_policy() {
    for suffix in [".snap", ".snap.rs"] {
        let orphans: Vec<_> = names(suffix).difference(&policies()).cloned().collect();
        assert!(orphans.is_empty(), "{suffix} without a policy: {orphans:?}");
    }
}

#[test]
fn every_golden_is_short_enough_to_be_read() {
    for name in policies() {
        let lines = generated(&name).proxy_rs.lines().count();
        assert!(lines <= 500, "{name}.snap.rs has {lines} lines: split its policy");
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
