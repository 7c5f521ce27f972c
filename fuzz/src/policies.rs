//! The compiler on text that is almost a policy.
//!
//! ```text
//! corpus ─► mutate ─► text ─► parse    every span lies within the text
//!                         ├─► format   reads as before, and is stable
//!                         └─► compile  errors or a plan, and the plan becomes Rust
//! ```
//!
//! None may panic, and none may take long. What breaks this is kept below `crashes/`, by target, and
//! replayed by the tests.

mod corpus;
mod mutate;

pub use corpus::corpus;
pub use mutate::mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use amb_policy_lang::diagnostics::{Style, render, to_json_lines};
use amb_policy_lang::{MemoryLoader, Outcome, compile, format, syntax};

/// Far more than any mutated policy needs, even in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is under fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Parse,
    Format,
    Compile,
}

impl Target {
    pub const ALL: [Self; 3] = [Self::Parse, Self::Format, Self::Compile];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Format => "format",
            Self::Compile => "compile",
        }
    }

    /// Where its findings are.
    pub fn crashes(self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crashes").join(self.name())
    }

    /// Runs it on one text.
    ///
    /// # Errors
    /// What went wrong, panics included.
    pub fn run(self, text: &str) -> Result<(), String> {
        let start = Instant::now();
        let run = || match self {
            Self::Parse => parse(text),
            Self::Format => formats(text),
            Self::Compile => compiles(text),
        };
        catch_unwind(AssertUnwindSafe(run)).map_err(|panic| message(&*panic))??;
        let took = start.elapsed();
        if took < PATIENCE { Ok(()) } else { Err(format!("it took {took:?}")) }
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panic: {}", text.unwrap_or("of an unknown kind"))
}

fn parse(text: &str) -> Result<(), String> {
    let (_, found) = syntax::parse(0, text);
    let sources = compiled(text).sources;
    // Rendering cuts the text at the spans.
    let rendered = render(&found, &sources, Style::Plain);
    if found.is_empty() == rendered.is_empty() {
        Ok(())
    } else {
        Err("a silent finding".to_owned())
    }
}

fn formats(text: &str) -> Result<(), String> {
    let Ok(once) = format("a.amb", text) else { return Ok(()) };
    let twice = format("a.amb", &once).map_err(|_| format!("no longer parses:\n{once}"))?;
    if once != twice {
        return Err(format!("not stable:\n{once}\nbecomes\n{twice}"));
    }
    match codes(&compiled(text)) == codes(&compiled(&once)) {
        true => Ok(()),
        false => Err(format!("means something else:\n{once}")),
    }
}

/// Of its findings, in any order: places may change.
fn codes(outcome: &Outcome) -> Vec<&'static str> {
    let mut codes: Vec<_> = outcome.diagnostics.iter().map(|found| found.code.as_str()).collect();
    codes.sort_unstable();
    codes
}

fn compiles(text: &str) -> Result<(), String> {
    let outcome = compiled(text);
    let errors = outcome.diagnostics.iter().any(|found| found.is_error());
    render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    to_json_lines(&outcome.diagnostics, &outcome.sources);
    match outcome.plan {
        Some(_) if errors => Err("a plan in spite of errors".to_owned()),
        Some(plan) => {
            amb_codegen::generate(&plan);
            Ok(())
        }
        None if errors || text.is_empty() => Ok(()),
        None if imported_only(&outcome) => Ok(()),
        None => Err("neither a plan nor an error".to_owned()),
    }
}

/// A file without `service` is there to be imported: no findings, no plan.
fn imported_only(outcome: &Outcome) -> bool {
    outcome.diagnostics.iter().all(|found| !found.is_error())
}

/// The text as the deployment, and as what it might import.
fn compiled(text: &str) -> Outcome {
    let files = ["a.amb", "acme.amb", "parts/acme.amb"].map(|name| (name, text.to_owned()));
    compile("a.amb", &MemoryLoader::new(files))
}
