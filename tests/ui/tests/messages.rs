//! Wrong policies and what is said about them: every `policies/*.amb` carries marks such as
//! `#~ error unknown-key` on the line of a finding (`#~^` on the line below it), and has a
//! snapshot of its rendered findings beside it.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use amb_policy_lang::diagnostics::{CODES, Style, render, to_json_lines};
use amb_policy_lang::{Date, MemoryLoader, Options, Outcome, compile_with};

const TODAY: Date = Date { year: 2026, month: 11, day: 23 };

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")
}

/// Every file below a folder with one of these ends, by its path from there.
fn files(folder: &Path, prefix: &str, ends: &[&str]) -> io::Result<Vec<(String, String)>> {
    let entries: io::Result<Vec<_>> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let mut entries = entries?;
    entries.sort();
    let mut all = Vec::new();
    for path in entries {
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().display());
        if path.is_dir() {
            all.extend(files(&path, &format!("{name}/"), ends)?);
        } else if ends.iter().any(|end| name.ends_with(end)) {
            all.push((name, fs::read_to_string(&path)?));
        }
    }
    Ok(all)
}

fn sources() -> Vec<(String, String)> {
    files(&corpus(), "", &[".amb", ".toml"]).unwrap()
}

/// The policies with marks and a snapshot. Files below `parts/` are there to be imported.
fn cases(all: &[(String, String)]) -> impl Iterator<Item = &(String, String)> {
    all.iter().filter(|(name, _)| name.ends_with(".amb") && !name.contains("parts/"))
}

type Finding = (usize, String, String);

/// `(line, severity, code)` of every mark.
fn marks(text: &str) -> Vec<Finding> {
    let mut marks = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for mark in line.split("#~").skip(1) {
            let (line, words) = match mark.strip_prefix('^') {
                Some(rest) => (index, rest),
                None => (index + 1, mark),
            };
            let mut words = words.split_whitespace().map(str::to_owned);
            marks.push((line, words.next().unwrap_or_default(), words.next().unwrap_or_default()));
        }
    }
    marks.sort();
    marks
}

fn findings(outcome: &Outcome, entry: &str) -> Vec<Finding> {
    let lines = to_json_lines(&outcome.diagnostics, &outcome.sources);
    let finding = |line: &str| {
        let all: serde_json::Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| Some(all.get(name)?.as_str()?.to_owned());
        let line = usize::try_from(all.get("line")?.as_u64()?).ok()?;
        (text("file")? == entry).then_some((line, text("severity")?, text("code")?))
    };
    let mut findings: Vec<_> = lines.lines().filter_map(finding).collect();
    findings.sort();
    findings
}

fn compiled(name: &str, loader: &MemoryLoader) -> Outcome {
    compile_with(name, loader, Options { today: Some(TODAY) })
}

/// Compares with the snapshot beside a case.
fn is_as_reviewed(name: &str, outcome: &Outcome) {
    let drawn = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    let case = corpus().join(name);
    insta::with_settings!({
        snapshot_path => case.parent().unwrap(), prepend_module_to_snapshot => false, omit_expression => true,
    }, {
        insta::assert_snapshot!(case.file_stem(), drawn);
    });
}

#[test]
fn every_finding_is_marked() {
    let all = sources();
    let loader = MemoryLoader::new(all.clone());
    let mut wrong = Vec::new();
    for (name, text) in cases(&all) {
        let (marked, found) = (marks(text), findings(&compiled(name, &loader), name));
        if marked != found {
            wrong.push(format!("{name}: marked {marked:?}\n    found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_is_told_as_reviewed() {
    let all = sources();
    let loader = MemoryLoader::new(all.clone());
    let differs = |name: &str| {
        let outcome = compiled(name, &loader);
        catch_unwind(|| is_as_reviewed(name, &outcome)).is_err()
    };
    let names = cases(&all).map(|(name, _)| name);
    let changed: Vec<_> = names.filter(|name| differs(name)).collect();
    assert!(changed.is_empty(), "not as reviewed: {changed:?}");
}

#[test]
fn every_snapshot_has_a_case() {
    let policies = files(&corpus(), "", &[".amb"]).unwrap();
    for (name, _) in files(&corpus(), "", &[".snap"]).unwrap() {
        let case = name.replace(".snap", ".amb");
        assert!(policies.iter().any(|(name, _)| *name == case), "{name} has no {case}");
    }
}

#[test]
fn every_code_has_a_case() {
    let all = sources();
    let loader = MemoryLoader::new(all.clone());
    let outcomes = cases(&all).map(|(name, _)| compiled(name, &loader));
    let told: BTreeSet<_> =
        outcomes.flat_map(|outcome| outcome.diagnostics).map(|found| found.code).collect();
    // The one that no file in the repository should be large enough for has a test of its own.
    let missing: Vec<_> =
        CODES.iter().filter(|code| !told.contains(code)).map(|code| code.as_str()).collect();
    assert_eq!(missing, ["file-too-large"]);
}

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    let loader =
        MemoryLoader::new([("big.amb", format!("edition 2026\n#{}\n", "x".repeat(1 << 20)))]);
    let outcome = compiled("big.amb", &loader);
    assert!(outcome.diagnostics.iter().any(|found| found.code.as_str() == "file-too-large"));
    assert!(outcome.plan.is_none());
}

#[test]
fn findings_are_bounded_and_errors_stay() {
    let unused = "timeout a {}\n".repeat(300);
    let text = format!("edition 2026\nservice order\n{unused}colour blue\notherwise reject\n");
    let outcome = compiled("many.amb", &MemoryLoader::new([("many.amb", text)]));
    assert_eq!(outcome.diagnostics.len(), 100);
    assert!(outcome.plan.is_none());
    assert!(outcome.diagnostics.last().unwrap().notes.iter().any(|note| note.contains("more")));
}

#[test]
fn messages_keep_the_style() {
    let all = sources();
    let loader = MemoryLoader::new(all.clone());
    for (name, _) in cases(&all) {
        for found in compiled(name, &loader).diagnostics {
            let message = &found.message;
            assert!(
                !message.ends_with('.') && !message.starts_with(char::is_uppercase),
                "{name}: {message}"
            );
            for word in ["Some(", "None", "Value::", "String"] {
                assert!(!message.contains(word), "{name}: {message}");
            }
        }
    }
}

/// Each is refused for one reason, and says on its first line what its author hopes for.
#[test]
fn every_hostile_policy_is_refused() {
    let all = sources();
    let loader = MemoryLoader::new(all.clone());
    let hostile: Vec<_> = cases(&all).filter(|(name, _)| name.starts_with("hostile/")).collect();
    for (name, text) in &hostile {
        assert!(text.starts_with("# Hopes "), "{name} hopes for nothing");
        let outcome = compiled(name, &loader);
        let errors: Vec<_> = outcome.diagnostics.iter().filter(|found| found.is_error()).collect();
        assert_eq!(errors.len(), 1, "{name}: {errors:?}");
        assert!(outcome.plan.is_none(), "{name} has a plan");
    }
    assert!(hostile.len() >= 250, "{}", hostile.len());
}
