//! The same change in a whole upstream, or in all of them, said once.

use super::{Change, Kind};
use crate::plan::Plan;

/// Folds changes that hold for every call of the plan, or of an upstream, into one.
pub(super) fn everywhere(changes: Vec<Change>, plan: &Plan) -> Vec<Change> {
    let all: Vec<String> = plan.upstreams.iter().flat_map(|it| scopes(plan, &it.name)).collect();
    let mut changes = changes;
    if plan.upstreams.len() > 1 {
        changes = folded(changes, &all, "*");
    }
    for upstream in &plan.upstreams {
        let scopes = scopes(plan, &upstream.name);
        if scopes.len() > 1 {
            changes = folded(changes, &scopes, &format!("{}/*", upstream.name));
        }
    }
    changes
}

/// The upstream's own scope and those of its routes.
fn scopes(plan: &Plan, name: &str) -> Vec<String> {
    let upstream = plan.upstreams.iter().find(|upstream| upstream.name == name);
    let routes = upstream.into_iter().flat_map(|upstream| &upstream.routes);
    let routes = routes.map(|route| format!("{name}/{}", route.name));
    [name.to_owned()].into_iter().chain(routes).collect()
}

/// The first of a full set stands for all of it.
fn folded(changes: Vec<Change>, scopes: &[String], name: &str) -> Vec<Change> {
    let is_full = |change: &Change| {
        let has = |scope: &String| changes.iter().any(|it| it.scope == *scope && alike(it, change));
        foldable(change) && scopes.contains(&change.scope) && scopes.iter().all(has)
    };
    let mut kept: Vec<Change> = vec![];
    for change in &changes {
        if !is_full(change) {
            kept.push(change.clone());
        } else if !kept.iter().any(|it| it.scope == name && alike(it, change)) {
            kept.push(Change { scope: name.to_owned(), ..change.clone() });
        }
    }
    kept
}

/// Upstreams and routes that come or go are never folded: each is a change of its own.
fn foldable(change: &Change) -> bool {
    !matches!(
        (change.kind, change.setting.as_str()),
        (Kind::Added | Kind::Removed, "upstream" | "route")
    )
}

fn alike(one: &Change, other: &Change) -> bool {
    (one.kind, &one.setting, &one.old, &one.new, &one.origin)
        == (other.kind, &other.setting, &other.old, &other.new, &other.origin)
}
