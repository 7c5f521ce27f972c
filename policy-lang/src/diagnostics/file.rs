//! Findings about files as a whole: imports, names, what must be there.

use super::{Code, Diagnostic};
use crate::loader::LoadError;
use crate::plan::display::size;
use crate::span::Span;

pub(crate) fn cannot_read(span: Span, path: &str, problem: &LoadError) -> Diagnostic {
    Diagnostic::new(Code::CannotRead, span, format!("cannot read `{path}`"))
        .here(problem.to_string())
}

pub(crate) fn import_cycle(span: Span, chain: &[&str]) -> Diagnostic {
    let steps: Vec<_> = chain.iter().chain(chain.first()).map(|name| format!("`{name}`")).collect();
    Diagnostic::new(Code::ImportCycle, span, "this import closes a circle")
        .note(steps.join(" imports "))
}

pub(crate) fn import_too_deep(span: Span, most: usize) -> Diagnostic {
    let message = format!("this import is more than {most} files away from the deployment's own");
    Diagnostic::new(Code::ImportTooDeep, span, message)
        .help("import what is needed from the files that define it")
}

/// More of something than a policy may hold.
pub(crate) fn too_many(span: Span, place: &str, most: usize, what: &str) -> Diagnostic {
    Diagnostic::new(Code::TooMany, span, format!("{place} has at most {most} {what}"))
        .here("one too many")
}

pub(crate) fn extends_too_far(span: Span, kind: &str, name: &str, most: usize) -> Diagnostic {
    let message = format!("{kind} `{name}` builds on more than {most} others");
    Diagnostic::new(Code::TooMany, span, message)
}

/// What calls inherit, summed up.
pub(crate) fn inherits_too_much(span: Span, most: usize) -> Diagnostic {
    let message = format!("what calls inherit amounts to more than {}", size(most as u64));
    Diagnostic::new(Code::TooMany, span, message)
        .here("counted up to here: what is written once counts for every call that it holds for")
        .help("write long lists and texts where few calls inherit them")
}

/// What the requests of tests repeat, summed up.
pub(crate) fn tests_too_much(span: Span) -> Diagnostic {
    Diagnostic::new(Code::TooMany, span, "the tests of this policy make too many requests")
        .here("counted up to here")
        .help("lower `times`, or make requests shorter")
}

pub(crate) fn extends_cycle(span: Span, kind: &str, chain: &[&str]) -> Diagnostic {
    let steps: Vec<_> = chain.iter().chain(chain.first()).map(|name| format!("`{name}`")).collect();
    let name = chain.first().copied().unwrap_or_default();
    Diagnostic::new(Code::ExtendsCycle, span, format!("{kind} `{name}` builds on itself"))
        .note(steps.join(" extends "))
}

pub(crate) fn missing_edition(span: Span, wrong_place: bool) -> Diagnostic {
    let message = match wrong_place {
        true => "`edition` must be the first statement",
        false => "this file does not say its edition",
    };
    Diagnostic::new(Code::MissingEdition, span, message).help("start the file with `edition 2026`")
}

pub(crate) fn unknown_edition(span: Span, edition: &str) -> Diagnostic {
    Diagnostic::new(
        Code::UnknownEdition,
        span,
        format!("edition `{edition}` is unknown to this compiler"),
    )
    .fix("write `2026`", span, "2026")
}

pub(crate) fn not_in_import(span: Span, key: &str) -> Diagnostic {
    Diagnostic::new(Code::NotInImport, span, format!("an imported file cannot hold `{key}`"))
        .note("it may hold baselines, named policies and upstreams")
}

pub(crate) fn missing_setting(span: Span, place: &str, key: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::MissingSetting, span, format!("{place} has no `{key}`"))
        .help(help.to_owned())
        .about(Some(key))
}

pub(crate) fn unknown_name(span: Span, kind: &str, name: &str) -> Diagnostic {
    Diagnostic::new(Code::UnknownName, span, format!("there is no {kind} `{name}`"))
}

pub(crate) fn duplicate_name(span: Span, kind: &str, name: &str, first: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, span, format!("there are two of {kind} `{name}`"))
        .here("again")
        .also(first, "first defined here")
}

/// A name that comes from two files.
pub(crate) fn clashing_names(span: Span, kind: &str, name: &str, first: Span) -> Diagnostic {
    let found =
        Diagnostic::new(Code::DuplicateName, span, format!("{kind} `{name}` would be two things"));
    let found = found.here("again").also(first, "it comes from here already");
    match kind {
        "import" => found.help("give each file another name behind `as`"),
        _ => found.help("rename one, or import its file under a name: `import \"…\" as shared`"),
    }
}

pub(crate) fn invalid_manifest(span: Span, problem: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidManifest, span, "`amb.toml` does not say which baseline applies")
        .here(problem.to_string())
}

pub(crate) fn baseline_mismatch(
    span: Span,
    name: &str,
    decided: Span,
    governed: &str,
) -> Diagnostic {
    Diagnostic::new(Code::BaselineMismatch, span, format!("baseline `{name}` does not apply here"))
        .here(format!("this repository is under `{governed}`"))
        .also(decided, "decided here")
        .fix(format!("write `{governed}`"), span, governed)
}

pub(crate) fn unused_policy(span: Span, kind: &str, name: &str) -> Diagnostic {
    let found = Diagnostic::new(Code::UnusedPolicy, span, format!("{kind} `{name}` is never used"));
    match kind {
        "baseline" => found.help(format!("name it in `service`: `baseline {name}`")),
        "policy" => found.help(format!("apply it with `use {name}`, or take it away")),
        _ => found.help(format!("apply it with `{kind} {name}`, or take it away")),
    }
}
