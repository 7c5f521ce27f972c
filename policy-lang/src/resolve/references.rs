//! Names that mean nothing, mean two things, build on themselves, or are never used.

use std::collections::{BTreeMap, BTreeSet};

use super::effective::{base, extended};
use super::names::{Definition, Entry, Kind, Program, named};
use crate::conform::Node;
use crate::diagnostics::{Diagnostic, are_enough, file as report, nearest_of};
use crate::limits::EXTENDS;
use crate::span::Span;
use crate::syntax::ast::Arg;

/// A definition, by the file and the place of its statement.
type Used = BTreeSet<Span>;

/// A library defines names for other files, so none of its names is unused.
pub(crate) fn check_references(
    program: &Program<'_>,
    applied: &[Definition<'_>],
    entry: Entry,
    found: &mut Vec<Diagnostic>,
) {
    let mut used: Used = applied.iter().map(|known| known.node.statement.key_span).collect();
    for (number, file) in program.files.iter().enumerate() {
        for node in &file.nodes {
            if are_enough(found) {
                return;
            }
            definition(program, number, node, &mut used, found);
            inside(program, number, node, &mut used, found);
        }
    }
    duplicates(program, found);
    for known in program.definitions.iter().flatten() {
        chain(program, *known, found);
    }
    if entry == Entry::Deployment {
        unused(program, &used, found);
    }
}

/// The `extends` of a definition.
fn definition(
    program: &Program<'_>,
    file: usize,
    node: &Node<'_>,
    used: &mut Used,
    found: &mut Vec<Diagnostic>,
) {
    if let (Some(kind), Some((name, arg))) = (Kind::of(node), extended(node)) {
        refer(program, file, node, (kind, name, arg), used, found);
    }
}

/// The references below a top statement.
fn inside(
    program: &Program<'_>,
    file: usize,
    node: &Node<'_>,
    used: &mut Used,
    found: &mut Vec<Diagnostic>,
) {
    for child in node.children.iter().filter(|child| child.sound) {
        if are_enough(found) {
            return;
        }
        // `service { baseline NAME }` is the baseline's own business.
        let kind = Kind::of(child).filter(|kind| *kind != Kind::Baseline);
        if let (Some(kind), Some((name, arg))) = (kind, named(child)) {
            refer(program, file, child, (kind, name, arg), used, found);
        }
        inside(program, file, child, used, found);
    }
}

fn refer(
    program: &Program<'_>,
    file: usize,
    node: &Node<'_>,
    (kind, name, arg): (Kind, &str, &Arg),
    used: &mut Used,
    found: &mut Vec<Diagnostic>,
) {
    match program.find(file, kind, name) {
        Some(known) => drop(used.insert(known.node.statement.key_span)),
        None => {
            // Nobody means a definition to build on itself, by way of others neither.
            let other = |known: &str| {
                program
                    .find(file, kind, known)
                    .is_some_and(|known| !builds_on(program, known, node))
            };
            let meant = nearest_of(name, program.known(file, kind), other);
            found.push(report::unknown_name(arg.span, kind.title(), name).meant(arg.span, meant));
        }
    }
}

/// Is `known` the definition at `node`, or does it extend that one, directly or through others?
fn builds_on(program: &Program<'_>, known: Definition<'_>, node: &Node<'_>) -> bool {
    let chain = std::iter::successors(Some(known), |known| base(program, *known));
    chain.take(EXTENDS + 1).any(|known| std::ptr::eq(known.node, node))
}

/// Two definitions of one kind and name that a file has or sees.
fn duplicates(program: &Program<'_>, found: &mut Vec<Diagnostic>) {
    for definitions in &program.definitions {
        let mut first: BTreeMap<(Kind, &str), Span> = BTreeMap::new();
        // Upstreams share one name space over all files; they are looked at below.
        for known in definitions.iter().filter(|known| known.kind != Kind::Upstream) {
            clash(&mut first, *known, found);
        }
    }
    found.extend(
        program
            .clashes
            .iter()
            .map(|clash| report::clashing_names(clash.again, clash.kind, &clash.name, clash.first)),
    );
    let mut first = BTreeMap::new();
    program.upstreams().for_each(|known| clash(&mut first, known, found));
}

fn clash<'n>(
    first: &mut BTreeMap<(Kind, &'n str), Span>,
    known: Definition<'n>,
    found: &mut Vec<Diagnostic>,
) {
    let span = named(known.node).map(|(_, arg)| arg.span).unwrap_or_default();
    match first.get(&(known.kind, known.name)) {
        Some(earlier) => {
            found.push(report::duplicate_name(span, known.kind.title(), known.name, *earlier))
        }
        None => drop(first.insert((known.kind, known.name), span)),
    }
}

/// What a definition builds on, step by step: neither itself nor too many others.
fn chain(program: &Program<'_>, known: Definition<'_>, found: &mut Vec<Diagnostic>) {
    if are_enough(found) {
        return;
    }
    let span = extended(known.node).map(|(_, arg)| arg.span).unwrap_or_default();
    let mut names = vec![known.name];
    let bases = std::iter::successors(base(program, known), |known| base(program, *known));
    for next in bases.take(EXTENDS + 1) {
        if std::ptr::eq(next.node, known.node) {
            found.push(report::extends_cycle(span, known.kind.title(), &names));
            return;
        }
        names.push(next.name);
    }
    if names.len() > EXTENDS + 1 && !circles(program, known) {
        found.push(report::extends_too_far(span, known.kind.title(), known.name, EXTENDS));
    }
}

/// Do its bases go round in a short circle? It is reported there.
fn circles(program: &Program<'_>, known: Definition<'_>) -> bool {
    let bases = std::iter::successors(base(program, known), |known| base(program, *known));
    let bases: Vec<_> = bases.take(EXTENDS + 1).collect();
    let Some((last, before)) = bases.split_last() else { return false };
    before.iter().any(|step| std::ptr::eq(step.node, last.node))
}

/// Only of the deployment's own file: an imported file may define names for other deployments.
fn unused(program: &Program<'_>, used: &Used, found: &mut Vec<Diagnostic>) {
    let own = || program.definitions.first().into_iter().flatten();
    // Of two with one name one is used; the other is reported as a double.
    let is_used = |known: &&Definition<'_>| used.contains(&known.node.statement.key_span);
    let used: BTreeSet<_> = own().filter(is_used).map(|known| (known.kind, known.name)).collect();
    for known in own().filter(|known| known.kind != Kind::Upstream) {
        if !used.contains(&(known.kind, known.name)) {
            let span = named(known.node).map(|(_, arg)| arg.span).unwrap_or_default();
            found.push(report::unused_policy(span, known.kind.title(), known.name));
        }
    }
}
