//! The same change in many calls, said once.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::Found;
use super::classes::{Class, End};
use super::items::Line;
use super::{Change, why};

/// How many routes a line names.
const NAMED: usize = 3;

/// One change for each line, upstream by upstream, or for all calls at once.
pub(super) fn folded(found: Vec<Found<'_, '_>>, classes: &[Class<'_>]) -> Vec<Change> {
    let known = Known::of(classes);
    let mut order: Vec<Line> = Vec::new();
    let mut groups: BTreeMap<Line, Vec<Found<'_, '_>>> = BTreeMap::new();
    for found in found {
        let group = groups.entry(found.line.clone()).or_insert_with(|| {
            order.push(found.line.clone());
            Vec::new()
        });
        group.push(found);
    }
    let changes = order.into_iter().filter_map(|line| {
        let group = groups.remove(&line)?;
        let scopes: BTreeSet<String> = group.iter().map(|found| found.class.new.name()).collect();
        let kept = group.iter().all(|found| found.class.old.name() == found.class.new.name());
        let all = known.new.len() > 1 && known.new.values().all(|names| names.is_subset(&scopes));
        Some(match kept && all {
            true => vec![change(&line, "*".to_owned(), None)],
            false => by_upstream(&line, group, &known),
        })
    });
    changes.flatten().collect()
}

/// The calls that each upstream forwards.
struct Known {
    old: BTreeMap<String, BTreeSet<String>>,
    new: BTreeMap<String, BTreeSet<String>>,
}

impl Known {
    fn of(classes: &[Class<'_>]) -> Self {
        let mut known = Self { old: BTreeMap::new(), new: BTreeMap::new() };
        for class in classes {
            for (side, end) in [(&mut known.old, &class.old), (&mut known.new, &class.new)] {
                if let Some(upstream) = upstream(end).filter(|_| end.is_forwarded()) {
                    side.entry(upstream).or_default().insert(end.name());
                }
            }
        }
        known
    }
}

/// An old and a new upstream; none for `otherwise`.
type Names = (Option<String>, Option<String>);

fn upstream(end: &End<'_>) -> Option<String> {
    end.upstream.map(|upstream| upstream.name.clone())
}

fn by_upstream(line: &Line, group: Vec<Found<'_, '_>>, known: &Known) -> Vec<Change> {
    let mut pairs: Vec<(Names, Vec<Found<'_, '_>>)> = Vec::new();
    for found in group {
        let key = (upstream(&found.class.old), upstream(&found.class.new));
        match pairs.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(found),
            None => pairs.push((key, vec![found])),
        }
    }
    let one = |((from, to), group): (Names, Vec<Found<'_, '_>>)| {
        let moved = from.is_some() && to.is_some();
        let whole = group.iter().any(|found| found.whole);
        let all = |known: &BTreeMap<String, BTreeSet<String>>, upstream: Option<String>| {
            let names = upstream.as_ref().and_then(|name| known.get(name)).cloned();
            upstream.zip(names).map(|(name, names)| (name, names, whole))
        };
        let old = scope(group.iter().map(|it| it.class.old.name()), all(&known.old, from));
        let new = scope(group.iter().map(|it| it.class.new.name()), all(&known.new, to));
        if old == new {
            return change(line, new, None);
        }
        let example = group.iter().find_map(|found| found.class.example());
        let example = example.filter(|_| moved && !old.ends_with('*') && !new.ends_with('*'));
        change(line, format!("{old} -> {new}"), example)
    };
    pairs.into_iter().map(one).collect()
}

/// `payment/*` for all calls of an upstream, or the first few: `payment, payment/charge and 4 more`.
fn scope(
    names: impl Iterator<Item = String>,
    upstream: Option<(String, BTreeSet<String>, bool)>,
) -> String {
    let mut shown: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for name in names {
        if seen.insert(name.clone()) {
            shown.push(name);
        }
    }
    match upstream {
        Some((upstream, all, whole)) if all.len() > 1 && (whole || all.is_subset(&seen)) => {
            format!("{upstream}/*")
        }
        _ if shown.len() > NAMED => {
            let more = shown.len() - NAMED;
            shown.truncate(NAMED);
            format!("{} and {more} more", shown.join(", "))
        }
        _ => shown.join(", "),
    }
}

fn change(line: &Line, scope: String, example: Option<String>) -> Change {
    let Line { setting, kind, old, new, old_place, new_place } = line.clone();
    let why = why::words(&setting, kind, new.as_deref());
    Change { kind, scope, setting, old, new, old_place, new_place, example, why }
}

/// A change that is about an upstream's own port; `why` if it is not what its values say.
pub(super) fn of_upstream(line: &Line, scope: String, why: Option<&'static str>) -> Change {
    let said = change(line, scope, None);
    Change { why: why.or(said.why), ..said }
}

/// A change that is about the service as a whole.
pub(super) fn of_service(line: &Line) -> Change {
    change(line, "service".to_owned(), None)
}
