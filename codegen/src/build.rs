//! The build script of a deployment: what was reviewed is what runs.
//!
//! The policy is compiled afresh on every change and compared with what is checked in under
//! `generated/`. If they are equal, rustc compiles the checked-in file. If they differ, the build
//! warns and compiles the fresh copy; under `CI` or `AMB_LOCKED=1` it fails and shows the difference.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

use amb_policy_lang::diagnostics::{self, Diagnostic, Style};
use amb_policy_lang::{Outcome, compile};
use similar::TextDiff;

use crate::generate::{Generated, generate};
use crate::source::FileLoader;

/// Where generated files are checked in, below the deployment's folder.
pub const FOLDER: &str = "generated";

/// A checked-in file that is not what the policy says now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// Relative to the deployment: `generated/proxy.rs`.
    pub file: String,
    /// From what is checked in to what should be, as a unified difference; a sentence if only line ends differ.
    pub diff: String,
    /// Do only its line ends differ?
    pub only_line_ends: bool,
}

/// What keeps git from changing line ends, which generated files are compared with.
const LINE_ENDS: &str = "lines end in CRLF; write `generated/** text eol=lf` into .gitattributes, and check them out again";

/// What a build script finds in its environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `CARGO_MANIFEST_DIR`: the deployment's folder.
    pub folder: PathBuf,
    /// `OUT_DIR`.
    pub out: PathBuf,
    /// Must the checked-in files be up to date?
    pub locked: bool,
}

/// What a build script says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// For cargo.
    pub stdout: String,
    /// For people.
    pub stderr: String,
    pub failed: bool,
}

/// Compiles the policy at `path` (relative to the deployment's folder), for a build script:
///
/// ```no_run
/// amb_codegen::build("order.amb");
/// ```
///
/// The deployment's `main.rs` is then `include!(env!("AMB_PROXY"));`.
pub fn build(path: &str) {
    let script = script(path, &Environment::of_process());
    // Nobody is left to tell if these fail.
    let _told_cargo = io::stdout().write_all(script.stdout.as_bytes());
    let _told_people = io::stderr().write_all(script.stderr.as_bytes());
    if script.failed {
        process::exit(1);
    }
}

/// What [`build`] does, without a process around it.
pub fn script(path: &str, environment: &Environment) -> Script {
    let mut script = Script::default();
    let loader = FileLoader::new(&environment.folder);
    let outcome = compile(path, &loader);
    script.watch(&outcome, &loader);
    script.report(&outcome);
    let Some(plan) = &outcome.plan else {
        script.failed = true;
        return script;
    };
    let generated = generate(plan);
    if let Err(error) = write_out(&generated, &environment.out) {
        script.fail(&format!("{}: {error}", environment.out.display()));
        return script;
    }
    script.choose(path, &compare(&environment.folder, &generated), environment);
    script
}

/// What is checked in and differs, or is missing.
pub fn compare(folder: &Path, generated: &Generated) -> Vec<Stale> {
    files(generated)
        .into_iter()
        .filter_map(|(name, fresh)| {
            let file = format!("{FOLDER}/{name}");
            let checked_in = fs::read_to_string(folder.join(&file)).unwrap_or_default();
            // What git writes with `core.autocrlf`.
            let plain = checked_in.replace("\r\n", "\n");
            let only_line_ends = plain == *fresh;
            let diff = || match only_line_ends {
                true => format!("{file}: {LINE_ENDS}\n"),
                false => difference(&file, &plain, fresh),
            };
            (checked_in != *fresh).then(|| Stale {
                diff: diff(),
                file: file.clone(),
                only_line_ends,
            })
        })
        .collect()
}

/// What is checked in, by name below [`FOLDER`].
pub fn files(generated: &Generated) -> [(&'static str, &String); 2] {
    [("proxy.rs", &generated.proxy_rs), ("plan.txt", &generated.plan_txt)]
}

fn difference(file: &str, old: &str, new: &str) -> String {
    let headers = (format!("{file} (checked in)"), format!("{file} (from the policy)"));
    TextDiff::from_lines(old, new).unified_diff().header(&headers.0, &headers.1).to_string()
}

/// What is never checked in, by name below `OUT_DIR`: `proxy.rs` includes it from there.
pub fn included(generated: &Generated) -> [(&'static str, &String); 2] {
    [("policy.json", &generated.policy_json), ("sites.rs", &generated.sites_rs)]
}

fn write_out(generated: &Generated, out: &Path) -> io::Result<()> {
    for (name, text) in included(generated) {
        fs::write(out.join(name), text)?;
    }
    fs::write(out.join("proxy.rs"), &generated.proxy_rs)
}

impl Environment {
    fn of_process() -> Self {
        let folder = |name| std::env::var_os(name).map(PathBuf::from).unwrap_or_default();
        Self { folder: folder("CARGO_MANIFEST_DIR"), out: folder("OUT_DIR"), locked: is_locked() }
    }
}

/// Does the environment say that nothing is built that was not reviewed?
pub fn is_locked() -> bool {
    ["CI", "AMB_LOCKED"].iter().any(|name| std::env::var(name).is_ok_and(|value| is_on(&value)))
}

/// The service that `generated/` in a folder is of, as its plan says in the first line; `None`: there is no
/// such plan.
pub fn generated_for(folder: &Path) -> Option<String> {
    let plan = fs::read_to_string(folder.join(FOLDER).join("plan.txt")).ok()?;
    let mut words = plan.lines().next()?.split_whitespace();
    (words.next() == Some("service")).then(|| words.next().map(str::to_owned))?
}

/// `CI=true`, `AMB_LOCKED=1`; not `CI=false`.
fn is_on(value: &str) -> bool {
    !matches!(value, "" | "0" | "false")
}

impl Script {
    fn tell(&mut self, instruction: &str) {
        self.stdout.push_str(instruction);
        self.stdout.push('\n');
    }

    fn fail(&mut self, message: &str) {
        self.tell(&format!("cargo::error={message}"));
        self.failed = true;
    }

    /// Runs again when an input changes, or one of the files that are compared with it.
    fn watch(&mut self, outcome: &Outcome, loader: &FileLoader) {
        self.tell("cargo::rerun-if-env-changed=CI");
        self.tell("cargo::rerun-if-env-changed=AMB_LOCKED");
        for source in &outcome.sources {
            self.tell(&format!("cargo::rerun-if-changed={}", loader.path(&source.name).display()));
        }
        self.tell(&format!("cargo::rerun-if-changed={}", loader.path(FOLDER).display()));
    }

    /// One line a finding through cargo, with the excerpts on standard error.
    fn report(&mut self, outcome: &Outcome) {
        let lines = diagnostics::to_json_lines(&outcome.diagnostics, &outcome.sources);
        for (diagnostic, line) in outcome.diagnostics.iter().zip(lines.lines()) {
            let kind = if diagnostic.is_error() { "error" } else { "warning" };
            self.tell(&format!("cargo::{kind}={}", one_line(diagnostic, line)));
        }
        if !outcome.diagnostics.is_empty() {
            let text = diagnostics::render(&outcome.diagnostics, &outcome.sources, Style::Plain);
            self.stderr.push_str(&text);
        }
    }

    /// Which of the two files rustc gets.
    fn choose(&mut self, policy: &str, stale: &[Stale], environment: &Environment) {
        let names: Vec<_> = stale.iter().map(|stale| stale.file.as_str()).collect();
        let advice = format!("run `amb generate {policy}`");
        let problem = match stale.iter().all(|stale| stale.only_line_ends) {
            true => LINE_ENDS.to_owned(),
            false => format!("not what {policy} says; {advice}"),
        };
        let checked_in = environment.folder.join(FOLDER).join("proxy.rs");
        match (stale.is_empty(), environment.locked) {
            (true, _) => self.compile(&checked_in),
            (false, false) => {
                let files = names.join(" and ");
                self.tell(&format!("cargo::warning={files}: {problem}"));
                self.compile(&environment.out.join("proxy.rs"));
            }
            (false, true) => {
                stale.iter().for_each(|stale| self.stderr.push_str(&stale.diff));
                let files = names.join(" and ");
                let review = if problem == LINE_ENDS { "" } else { " and review the change" };
                self.fail(&format!("{files}: {problem}{review}"));
            }
        }
    }

    fn compile(&mut self, proxy: &Path) {
        self.tell(&format!("cargo::rustc-env=AMB_PROXY={}", proxy.display()));
    }
}

/// `order.amb:43:21: message [code]`.
fn one_line(diagnostic: &Diagnostic, json: &str) -> String {
    let fields: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    let text = |name: &str| fields.get(name).and_then(|value| value.as_str()).unwrap_or_default();
    let number = |name: &str| fields.get(name).and_then(|value| value.as_u64()).unwrap_or(1);
    let message = diagnostic.message.replace('\n', " ");
    format!(
        "{}:{}:{}: {message} [{}]",
        text("file"),
        number("line"),
        number("column"),
        text("code")
    )
}
