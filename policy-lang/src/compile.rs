//! From an entry's name to a plan or to findings: the stages of the crate in order.

use crate::check;
use crate::date::Date;
use crate::diagnostics::{Code, Diagnostic, are_enough, sort};
use crate::loader::{Source, SourceLoader};
use crate::lower::{Cx, lower};
use crate::plan::{Plan, SourceFile};
use crate::resolve::{Entry, FileNodes, Loaded, Program, applied, check_references, load};
use crate::span::Places;

/// What a compilation depends on besides the sources.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The day on which exemptions are judged; `None`: none of them has ended.
    pub today: Option<Date>,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Present if no diagnostic is an error and the entry is a deployment. A file that has only named
    /// policies or baselines is checked and has no plan.
    pub plan: Option<Plan>,
    /// In the order of the sources.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file read, the entry first; spans refer to them by number.
    pub sources: Vec<Source>,
}

/// Compiles a policy without a calendar: exemptions never end.
pub fn compile(entry: &str, loader: &dyn SourceLoader) -> Outcome {
    compile_with(entry, loader, Options::default())
}

/// Compiles a policy.
pub fn compile_with(entry: &str, loader: &dyn SourceLoader, options: Options) -> Outcome {
    let Draft { plan, diagnostics, sources, seen: _ } = draft(entry, loader, options, |_, _| ());
    let plan = plan.filter(|_| !diagnostics.iter().any(Diagnostic::is_error));
    Outcome { plan, diagnostics, sources }
}

/// What came out, errors or not.
pub(crate) struct Draft<T> {
    /// The plan may break rules. What is missing or unreadable has the language's default.
    pub(crate) plan: Option<Plan>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) sources: Vec<Source>,
    /// What was taken down from the names; `None`: the entry cannot be read.
    pub(crate) seen: Option<T>,
}

/// Runs every stage; `look` sees the names, which do not outlive the stages.
pub(crate) fn draft<T>(
    entry: &str,
    loader: &dyn SourceLoader,
    options: Options,
    look: impl FnOnce(&Program<'_>, &Loaded) -> T,
) -> Draft<T> {
    let (mut loaded, mut found) = load(entry, loader);
    let (mut plan, mut seen) = (None, None);
    let unclosed = found.iter().any(|it| it.code == Code::UnclosedBlock);
    let read = found.len();
    let surplus = check::exceeded(&loaded);
    if !loaded.files.is_empty() && surplus.is_none() && !are_enough(&found) {
        let (files, unfit) = FileNodes::all(&loaded);
        let is_all = !are_enough(&unfit);
        found.extend(unfit);
        let program = Program::new(&files, &loaded);
        // What follows from statements that were not looked at would only confuse.
        plan = if is_all { stages(&program, &loaded, options, &mut found) } else { None };
        seen = Some(look(&program, &loaded));
    }
    if unclosed {
        // What stands behind it stands in it, so nothing more is known of either.
        found.truncate(read);
    }
    found.extend(surplus);
    sort(&mut found);
    Draft { plan, diagnostics: found, sources: std::mem::take(&mut loaded.sources), seen }
}

/// Everything behind reading; `None`: the entry is no deployment.
fn stages(
    program: &Program<'_>,
    loaded: &Loaded,
    options: Options,
    found: &mut Vec<Diagnostic>,
) -> Option<Plan> {
    let entry = check::files(program, loaded, found);
    let applied = applied(program, loaded, found);
    check_references(program, &applied, entry, found);
    check::check_requires(program, options.today, found);
    if entry == Entry::Library {
        return None;
    }
    let places = Places::new(&loaded.sources);
    let mut cx =
        Cx { program, applied: &applied, places: &places, found: Vec::new(), inherited: 0 };
    let lowered = lower(&mut cx);
    found.extend(cx.found);
    let lowered = lowered?;
    check::policy(program, &applied, &lowered, options.today, found);
    let sources = loaded
        .sources
        .iter()
        .map(|source| SourceFile { name: source.name.clone(), text: source.text.clone() });
    let guardrails = check::guardrails_in_force(program, &applied, &places);
    Some(Plan { sources: sources.collect(), guardrails, ..lowered.plan })
}
