//! Wrong policies and what is said about them: every `tests/ui/*.amb` at the root of the
//! workspace carries marks such as `#~ error unknown-key` on the line of a finding
//! (`#~^` on the line below it), and has its rendered findings beside it.
//!
//! `AMB_BLESS=1 cargo test -p amb-policy-lang --test ui` writes the goldens anew.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use amb_policy_lang::diagnostics::{CODES, Style, render, to_json_lines};
use amb_policy_lang::{Date, MemoryLoader, Options, Outcome, compile_with};

const TODAY: Date = Date { year: 2026, month: 11, day: 23 };

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui")
}

/// Every file of the corpus, by its path below it.
fn sources(folder: &Path, prefix: &str) -> io::Result<Vec<(String, String)>> {
    let entries: io::Result<Vec<_>> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let mut entries = entries?;
    entries.sort();
    let mut all = Vec::new();
    for path in entries {
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().display());
        if path.is_dir() {
            all.extend(sources(&path, &format!("{name}/"))?);
        } else if name.ends_with(".amb") || name.ends_with(".toml") {
            all.push((name, fs::read_to_string(&path)?));
        }
    }
    Ok(all)
}

/// The cases: what has a golden, or is to get one. Files below `parts/` are there to be imported.
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

#[test]
fn every_case_is_told_as_marked_and_as_its_golden_says() {
    let all = sources(&corpus(), "").unwrap();
    let loader = MemoryLoader::new(all.clone());
    let bless = std::env::var_os("AMB_BLESS").is_some();
    let mut wrong = Vec::new();
    for (name, text) in cases(&all) {
        let outcome = compiled(name, &loader);
        let (marked, found) = (marks(text), findings(&outcome, name));
        if marked != found {
            wrong.push(format!("{name}: marked {marked:?}\n    found {found:?}"));
        }
        let golden = corpus().join(name).with_extension("stderr");
        let drawn = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
        if bless {
            fs::write(&golden, &drawn).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != drawn {
            wrong.push(format!("{name}: differs from its golden:\n{drawn}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_case_and_every_golden_a_policy() {
    let all = sources(&corpus(), "").unwrap();
    let loader = MemoryLoader::new(all.clone());
    let outcomes = cases(&all).map(|(name, _)| compiled(name, &loader));
    let told: BTreeSet<_> =
        outcomes.flat_map(|outcome| outcome.diagnostics).map(|found| found.code).collect();
    // The one that no file in the repository should be large enough for has a test of its own.
    let missing: Vec<_> =
        CODES.iter().filter(|code| !told.contains(code)).map(|code| code.as_str()).collect();
    assert_eq!(missing, ["file-too-large"]);
    assert!(cases(&all).count() >= 80);
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
fn messages_keep_the_style() {
    let all = sources(&corpus(), "").unwrap();
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
