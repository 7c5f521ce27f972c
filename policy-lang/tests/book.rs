//! The book is true: its policies compile, their tests pass, and `docs/reference.md` is what
//! the table of settings and the list of codes say.
//!
//! Every fence that begins with `amb` in `docs/*.md` and `README.md` is compiled. The words
//! behind the language say how; `docs/README.md` explains them:
//!
//! - `amb`: a file; nothing is said about it, its tests pass, and it is in canonical form.
//! - `amb,fragment PLACE`: statements of a `file`, `baseline`, `upstream` or `route`.
//! - `amb,error CODE [PLACE]`: the findings have that code, and no other.
//!
//! A fence whose first line is `# NAME.amb` can be imported further down on its page.
//! `cargo xtask bless` writes the reference anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use amb_policy_lang::diagnostics::{CODES, Style, render};
use amb_policy_lang::interpret::run_test;
use amb_policy_lang::schema::{Body, Kind, Order, Row, Scope, Shape, Subject, paths, rows};
use amb_policy_lang::{MemoryLoader, Outcome, compile, format};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every page with its text.
fn pages() -> io::Result<Vec<(String, String)>> {
    let docs: io::Result<Vec<PathBuf>> =
        fs::read_dir(root().join("docs"))?.map(|entry| Ok(entry?.path())).collect();
    let mut pages = docs?;
    pages.push(root().join("README.md"));
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    let name = |path: &Path| path.file_name().unwrap_or_default().display().to_string();
    pages.iter().map(|path| Ok((name(path), fs::read_to_string(path)?))).collect()
}

/// A piece of policy on a page.
struct Fence {
    /// The words behind the backticks: `amb,error unsafe-retry`.
    words: Vec<String>,
    line: usize,
    text: String,
}

fn fences(page: &str) -> Vec<Fence> {
    let mut fences: Vec<Fence> = Vec::new();
    let mut inside = false;
    for (index, line) in page.lines().enumerate() {
        match line.trim_start().strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(info) => {
                inside = true;
                let words = info.split([',', ' ']).filter(|word| !word.is_empty());
                let words = words.map(str::to_owned).collect();
                fences.push(Fence { words, line: index + 1, text: String::new() });
            }
            None => {
                let open = fences.last_mut().filter(|_| inside);
                open.into_iter().for_each(|fence| fence.text += &format!("{line}\n"));
            }
        }
    }
    fences.retain(|fence| fence.words.first().is_some_and(|word| word == "amb"));
    fences
}

impl Fence {
    fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }

    /// The name in a first line `# acme.amb`.
    fn file_name(&self) -> Option<&str> {
        self.text.lines().next()?.strip_prefix("# ").filter(|name| name.ends_with(".amb"))
    }

    /// Where its statements stand; empty: it is a file.
    fn place(&self) -> &str {
        match self.word(1) {
            "fragment" => self.word(2),
            "error" => self.word(3),
            _ => "",
        }
    }

    /// The smallest file that makes sense of it.
    fn file(&self) -> String {
        let text = &self.text;
        let upstream = "address \"catalog.shop.svc:8080\"";
        match self.place() {
            "baseline" => format!("edition 2026\nbaseline acme {{\n{text}}}\n"),
            "file" => deployment(&format!("{text}upstream web {{ {upstream} }}")),
            "upstream" => deployment(&format!("upstream catalog {{\n{upstream}\n{text}}}")),
            "route" => deployment(&format!(
                "upstream catalog {{\n{upstream}\nroute items {{\nmatch /v1/items/{{id}}\n{text}}}\n}}"
            )),
            _ => text.clone(),
        }
    }
}

/// `defaults` come last, for a fragment must not depend on them being first.
fn deployment(text: &str) -> String {
    let defaults = if text.contains("defaults {") { "" } else { "defaults { timeout 5s }\n" };
    format!("edition 2026\nservice shop\n{text}\n{defaults}otherwise reject\n")
}

/// What is wrong with a fence.
fn problem(fence: &Fence, outcome: &Outcome) -> Option<String> {
    let said = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    if fence.word(1) == "error" {
        let codes: BTreeSet<&str> =
            outcome.diagnostics.iter().map(|found| found.code.as_str()).collect();
        return (codes != BTreeSet::from([fence.word(2)])).then(|| format!("{codes:?}\n{said}"));
    }
    let fragment = ["file", "baseline", "upstream", "route"].contains(&fence.place());
    if fragment != (fence.word(1) == "fragment") || fence.words.len() == 2 {
        return Some(format!("`{}` is not understood", fence.words.join(" ")));
    }
    if !said.is_empty() {
        return Some(said);
    }
    if format("fence", &fence.text).as_ref() != Ok(&fence.text) {
        return Some("this is not as `amb fmt` would write it".to_owned());
    }
    let plan = outcome.plan.as_ref()?;
    let mut outcomes = plan.tests.iter().map(|test| (test, run_test(plan, test, 0)));
    let (test, failed) = outcomes.find(|(_, outcome)| !outcome.passed)?;
    Some(failed.render(plan, test))
}

#[test]
fn every_policy_of_the_book_is_what_the_book_says() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (page, text) in pages().unwrap() {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for fence in fences(&text) {
            let entry = fence.file_name().unwrap_or("policy.amb").to_owned();
            files.insert(entry.clone(), fence.file());
            let outcome = compile(&entry, &MemoryLoader::new(files.clone()));
            let problem = problem(&fence, &outcome);
            wrong.extend(problem.map(|what| format!("{page}:{}: {what}", fence.line)));
            seen += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 20, "only {seen} fences were found");
}

#[test]
fn the_reference_is_up_to_date() {
    let (path, reference) = (root().join("docs/reference.md"), reference());
    if std::env::var_os("AMB_BLESS").is_some() {
        fs::write(&path, &reference).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(written == reference, "docs/reference.md is out of date: run `cargo xtask bless`");
}

const HEAD: &str = "\
# Reference

Every setting, every path of a guardrail, every code of a diagnostic. This page is written from the
tables that the compiler itself works with; see the [language](language.md) for how they fit
together, and [semantics](semantics.md) for what they do.

Words in capitals stand for something of yours; `[…]` may be left away, `…` behind a comma is a list.
A setting marked *not yet* is known to the language and refused as `not-yet-supported`.
";

/// The whole page.
fn reference() -> String {
    let scopes: BTreeSet<Scope> = rows().flat_map(|row| row.scopes.iter().copied()).collect();
    let shared: Vec<&Row> = rows().filter(|row| is_policy(row)).collect();
    let mut page = HEAD.to_owned();
    for scope in scopes {
        if scope == Scope::Defaults {
            page += "\n## In `defaults`, `policy`, `upstream` and `route`\n\n";
            page += &settings(&shared);
        }
        let own: Vec<_> =
            rows().filter(|row| row.scopes.contains(&scope) && !is_policy(row)).collect();
        if !own.is_empty() {
            page += &format!("\n## In {}\n\n{}", scope.title(), settings(&own));
        }
    }
    page += &format!("\n## Paths of guardrails\n\n{}", guardrails());
    page += &format!("\n## Diagnostics\n\n{}", diagnostics());
    page
}

/// May it stand wherever a call's policies may?
fn is_policy(row: &Row) -> bool {
    let places = [Scope::Defaults, Scope::Policy, Scope::Upstream, Scope::Route];
    places.iter().all(|place| row.scopes.contains(place))
}

fn settings(rows: &[&Row]) -> String {
    let lines = rows.iter().map(|row| {
        let default = row.default.text();
        let default = if default.is_empty() { default } else { code(&default) };
        cells(&[&code(&row.usage()), row.doc, &default, &notes(row)])
    });
    table("| setting | meaning | default | |", lines)
}

/// What the other columns do not say.
fn notes(row: &Row) -> String {
    let mut notes = Vec::new();
    if !row.supported {
        notes.push("*not yet*".to_owned());
    }
    limits(&row.shape, &mut notes);
    if row.repeats {
        notes.push("may be repeated".to_owned());
    }
    if let Body::Instead(_) = row.body {
        notes.push("a value or a block".to_owned());
    }
    notes.extend(order(row));
    notes.join("; ")
}

/// Which values are stricter, and which of each part.
fn order(row: &Row) -> Option<String> {
    let parts = row.parts.iter().filter(|part| part.order != Order::None);
    let parts = parts.map(|part| format!("{} {}", part.key, part.order.text()));
    if row.order == Order::Place {
        return Some(row.order.text());
    }
    // What its parts say says more than that it is there.
    let own = Some(row.order.text())
        .filter(|_| row.parts.is_empty() || matches!(row.order, Order::Words(_)));
    let all: Vec<_> = own.into_iter().chain(parts).filter(|text| !text.is_empty()).collect();
    (!all.is_empty()).then(|| format!("stricter: {}", all.join(", ")))
}

/// The bounds of integers, and the words that are not carried out yet.
fn limits(shape: &Shape, notes: &mut Vec<String>) {
    match shape {
        Shape::Nothing => {}
        Shape::One(Kind::Integer { least, most }) => notes.push(format!("{least} to {most}")),
        Shape::One(Kind::Later(words)) => {
            let words: Vec<_> = words.iter().map(|word| code(word)).collect();
            notes.push(format!("*not yet*: {}", words.join(", ")));
        }
        Shape::One(_) => {}
        Shape::Seq(parts) | Shape::Either(parts) => {
            parts.iter().for_each(|part| limits(part, notes));
        }
        Shape::Opt(inner) | Shape::List(inner) | Shape::Many(inner) => limits(inner, notes),
    }
}

fn guardrails() -> String {
    let lines = paths().map(|path| {
        let operators: Vec<_> = path.measure.operators().iter().map(|word| code(word)).collect();
        let subject = match path.subject {
            Subject::Deployment => "once",
            Subject::Upstream => "per upstream",
            Subject::Call => "per upstream and route",
        };
        let stricter = path.order.text();
        cells(&[&code(&path.text), path.doc, &stricter, &operators.join(" "), subject])
    });
    table("| path | what it bounds | stricter | operators | judged |", lines)
}

fn diagnostics() -> String {
    let lines = CODES.iter().map(|known| {
        cells(&[&code(known.as_str()), known.severity().as_str(), known.explanation()])
    });
    table("| code | severity | meaning |", lines)
}

fn table(head: &str, lines: impl Iterator<Item = String>) -> String {
    let rule = "|---".repeat(head.matches('|').count() - 1);
    format!("{head}\n{rule}|\n{}", lines.collect::<String>())
}

/// A bar ends a cell, even inside code.
fn cells(cells: &[&str]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Text with backticks of its own stands in two of them.
fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// A promise names the file of its test, and the tests in there.
#[test]
fn every_promise_has_its_test() {
    let page = fs::read_to_string(root().join("docs/promises.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with('|') && line.contains('`'));
    let mut seen = 0;
    for row in rows {
        let tried = row.rsplit('|').nth(1).unwrap_or_default();
        let mut names = tried.split('`').skip(1).step_by(2);
        let Some(file) = names.next() else { continue };
        let text = fs::read_to_string(root().join(file)).unwrap_or_else(|_| panic!("{file}"));
        for name in names {
            assert!(text.contains(&format!("fn {name}(")), "{file} has no {name}");
        }
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}
