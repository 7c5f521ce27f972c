//! Which baselines apply: all that `amb.toml` names, in the policy's folder or above, or else the one
//! that `service` names.

use super::load::{Governed, Loaded};
use super::names::{Definition, Kind, Program, named};
use crate::diagnostics::{Diagnostic, file as report, nearest};

/// The baselines in force, the outermost first.
pub(crate) type Applied<'p, 'n> = &'p [Definition<'n>];

/// Finds the baselines. Reports a name that is not defined, and one that contradicts `amb.toml`.
pub(crate) fn applied<'n>(
    program: &Program<'n>,
    loaded: &Loaded,
    found: &mut Vec<Diagnostic>,
) -> Vec<Definition<'n>> {
    let mut governed: Vec<Definition<'n>> = Vec::new();
    for manifest in &loaded.governed {
        let theirs = of_manifest(program, manifest, found);
        governed.extend(theirs.filter(|it| !is_among(it, &governed)));
    }
    let service = program.entry().iter().find(|node| node.key() == "service");
    let written = service.and_then(|service| service.one("baseline"));
    let Some((name, arg)) = written.and_then(|node| named(node)) else {
        return governed;
    };
    let Some(chosen) = program.find(0, Kind::Baseline, name) else {
        let meant = nearest(name, program.known(0, Kind::Baseline));
        found.push(report::unknown_name(arg.span, "baseline", name).meant(arg.span, meant));
        return governed;
    };
    match (governed.last(), loaded.governed.last()) {
        (Some(nearest), Some(manifest)) => {
            if !is_among(&chosen, &governed) {
                let (decided, theirs) = (manifest.span, nearest.name);
                found.push(report::baseline_mismatch(arg.span, name, decided, theirs));
            }
            governed
        }
        _ => vec![chosen],
    }
}

fn is_among(known: &Definition<'_>, all: &[Definition<'_>]) -> bool {
    all.iter().any(|other| std::ptr::eq(other.node, known.node))
}

fn of_manifest<'n>(
    program: &Program<'n>,
    manifest: &Governed,
    found: &mut Vec<Diagnostic>,
) -> Option<Definition<'n>> {
    let theirs = program.definitions.get(manifest.file)?;
    let mut baselines = theirs.iter().filter(|known| known.kind == Kind::Baseline);
    match (baselines.next(), baselines.next()) {
        (Some(only), None) => Some(*only),
        _ => {
            found.push(report::invalid_manifest(
                manifest.span,
                "that file must hold exactly one baseline",
            ));
            None
        }
    }
}
