//! Demands and exemptions: what a policy had to meet, it still has to.

use super::fold::of_service;
use super::items::{Line, Side};
use super::sharing::Sharing;
use super::{Change, Kind};
use crate::plan::{Exemption, Freed, Layer, Origin, Plan, Require, Sourced, Upstream};

/// Demands first, then exemptions from them.
pub(super) fn changes(old: &Plan, new: &Plan, sharing: &Sharing) -> Vec<Change> {
    let mut lines = requires(old, new);
    lines.extend(exemptions(old, new, sharing));
    lines.iter().map(of_service).collect()
}

/// A demand is kept if some demand of the new policy asks for at least as much.
fn requires(old: &Plan, new: &Plan) -> Vec<Line> {
    let (was, is) = (&old.guardrails.requires, &new.guardrails.requires);
    // What is exempt from a demand is not from the same demand of another baseline.
    let implies = |(one, of): (&Sourced<Require>, &Plan),
                   (other, its): (&Sourced<Require>, &Plan)| {
        let alike = || !is_own(other) && source(of, &one.origin) == source(its, &other.origin);
        implies(&one.value, &other.value) && (!is_exempt(one, of) || alike())
    };
    let lost = was.iter().filter(|then| !is.iter().any(|now| implies((now, new), (then, old))));
    let mut lost: Vec<_> = lost.collect();
    let mut lines = Vec::new();
    for require in is.iter().filter(|now| !was.iter().any(|then| implies((then, old), (now, new))))
    {
        let about = |old: &&Sourced<Require>| old.value.is_about(&require.value);
        let before = lost.iter().position(about).map(|at| lost.remove(at));
        let kind = if before.is_some() { Kind::Weakened } else { Kind::Tightened };
        // A stricter one in the place of one that it implies.
        let before = before.or_else(|| {
            was.iter().find(|then| about(then) && implies((require, new), (then, old)))
        });
        lines.push(Line::new(
            kind,
            "require",
            before.and_then(|it| side(old, it)),
            side(new, require),
        ));
    }
    let gone = lost.into_iter().map(|it| Line::new(Kind::Weakened, "require", side(old, it), None));
    lines.extend(gone);
    lines
}

fn side<T: ToString>(plan: &Plan, value: &Sourced<T>) -> Side {
    Some((value.value.to_string(), plan.origin_text(&value.origin)))
}

/// A demand of the deployment's own, from which nothing is exempt.
fn is_own(require: &Sourced<Require>) -> bool {
    matches!(require.origin, Origin::Written { layer: Layer::File, .. })
}

fn is_exempt(require: &Sourced<Require>, plan: &Plan) -> bool {
    let mut exemptions = plan.guardrails.exemptions.iter();
    let source = |origin: &Origin| source(plan, origin);
    !is_own(require)
        && exemptions.any(|it| {
            it.value.path == require.value.path && source(&it.origin) == source(&require.origin)
        })
}

/// The file in which it is written.
fn source<'p>(plan: &'p Plan, origin: &Origin) -> Option<&'p str> {
    plan.sources.get(origin.place()?.file).map(|file| file.name.as_str())
}

/// Does whoever meets the one meet the other?
fn implies(one: &Require, other: &Require) -> bool {
    if one.path != other.path {
        return false;
    }
    if (&one.operator, &one.value) == (&other.operator, &other.value) {
        return true;
    }
    let operators = (one.operator.as_str(), other.operator.as_str());
    if let (Some(bound), Some(limit)) = (one.bound, other.bound) {
        return match operators {
            ("<", "<" | "<=") | ("<=" | "==", "<=") => bound <= limit,
            ("<=" | "==", "<") => bound < limit,
            (">", ">" | ">=") | (">=" | "==", ">=") => bound >= limit,
            (">=" | "==", ">") => bound > limit,
            _ => false,
        };
    }
    let within = |some: &[String], all: &[String]| some.iter().all(|word| all.contains(word));
    match operators {
        ("in" | "==", "in") => !one.words.is_empty() && within(&one.words, &other.words),
        ("has", "has") => !other.words.is_empty() && within(&other.words, &one.words),
        _ => false,
    }
}

/// An exemption is new if it frees an upstream that was not free for so long.
fn exemptions(old: &Plan, new: &Plan, sharing: &Sharing) -> Vec<Line> {
    let (was, is) = (&old.guardrails.exemptions, &new.guardrails.exemptions);
    // Does a plan free it from the demands of that file?
    let frees = |plan: &Plan, file: Option<&str>, path: &str, freed: &Freed, until: &str| {
        plan.guardrails.exemptions.iter().any(|known| {
            let it = &known.value;
            let frees = it.path == path && it.freed.contains(freed) && it.until.as_str() >= until;
            frees && source(plan, &known.origin) == file
        })
    };
    let is_there = |freed: &&Freed| {
        let is = |it: &Upstream| {
            it.name == freed.upstream && it.address.value.places().contains(&freed.place)
        };
        new.upstreams.iter().any(is)
    };
    let news = |it: &&Sourced<Exemption>| {
        let Exemption { path, freed, until } = &it.value;
        let file = source(new, &it.origin);
        freed.iter().filter(is_there).any(|freed| {
            let before: Vec<&str> = sharing.before(&freed.upstream).collect();
            let before = if before.is_empty() { vec![freed.upstream.as_str()] } else { before };
            let was_free = |name: &&str| {
                let freed = Freed { upstream: (*name).to_owned(), place: freed.place.clone() };
                frees(old, file, path, &freed, until)
            };
            !before.iter().all(was_free)
        })
    };
    let gone = |it: &&Sourced<Exemption>| {
        let Exemption { path, freed, until } = &it.value;
        let file = source(old, &it.origin);
        !freed.iter().all(|freed| frees(new, file, path, freed, until))
    };
    let added = is.iter().filter(news);
    let added: Vec<_> =
        added.map(|it| Line::new(Kind::Weakened, "exempt", None, side(new, it))).collect();
    let ended = was.iter().filter(gone);
    let ended = ended.map(|it| Line::new(Kind::Tightened, "exempt", side(old, it), None));
    added.into_iter().chain(ended).collect()
}
