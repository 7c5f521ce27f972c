//! Which baseline applies: the one that `amb.toml` names, or else the one that `service` names.

use super::load::Loaded;
use super::names::{Definition, Kind, Program, named};
use crate::diagnostics::{Diagnostic, file as report, nearest};

/// The baseline in force.
pub(crate) type Applied<'n> = Option<Definition<'n>>;

/// Finds the baseline. Reports a name that is not defined, and one that contradicts `amb.toml`.
pub(crate) fn applied<'n>(
    program: &Program<'n>,
    loaded: &Loaded,
    found: &mut Vec<Diagnostic>,
) -> Applied<'n> {
    let governed = governed(program, loaded, found);
    let service = program.entry().iter().find(|node| node.key() == "service");
    let written = service.and_then(|service| service.one("baseline"));
    let Some((name, arg)) = written.and_then(|node| named(node)) else {
        return governed;
    };
    let chosen = program.find(0, Kind::Baseline, name);
    match (chosen, governed) {
        (None, _) => {
            let meant = nearest(name, program.known(0, Kind::Baseline));
            found.push(report::unknown_name(arg.span, "baseline", name).meant(arg.span, meant));
            governed
        }
        (Some(chosen), Some(governed)) if !std::ptr::eq(chosen.node, governed.node) => {
            let decided =
                loaded.governed.as_ref().map(|governed| governed.span).unwrap_or_default();
            found.push(report::baseline_mismatch(arg.span, name, decided, governed.name));
            Some(governed)
        }
        (chosen, _) => chosen,
    }
}

fn governed<'n>(
    program: &Program<'n>,
    loaded: &Loaded,
    found: &mut Vec<Diagnostic>,
) -> Applied<'n> {
    let governed = loaded.governed.as_ref()?;
    let theirs = program.definitions.get(governed.file)?;
    let mut baselines = theirs.iter().filter(|known| known.kind == Kind::Baseline);
    match (baselines.next(), baselines.next()) {
        (Some(only), None) => Some(*only),
        _ => {
            found.push(report::invalid_manifest(
                governed.span,
                "that file must hold exactly one baseline",
            ));
            None
        }
    }
}
