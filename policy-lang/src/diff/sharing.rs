//! What calls share besides their settings: breakers, budgets, limits, and names.
//!
//! A breaker that was one and is two counts half; two that became one let the healthy calls of one hide
//! the failures of the other. So calls must share with the same others as before.

use std::collections::{BTreeMap, BTreeSet};

use super::classes::{Class, End};
use super::items::Line;
use super::{Change, Kind, why};
use crate::plan::{BreakerScope, Place, Plan};
use crate::summary::at;

/// What calls without a breaker have; no upstream's name.
const NOBODY: &str = "none";

/// Who is now who.
#[derive(Default)]
pub(super) struct Sharing {
    upstreams: Relation,
    routes: Relation,
    breakers: Relation,
    budgets: Relation,
    limits: Relation,
}

/// Pairs of an old and a new name.
#[derive(Default)]
struct Relation(BTreeSet<(String, String)>);

impl Relation {
    fn add(&mut self, old: Option<String>, new: Option<String>) {
        if let (Some(old), Some(new)) = (old, new) {
            self.0.insert((old, new));
        }
    }

    fn sides(&self) -> [BTreeMap<&str, Vec<&str>>; 2] {
        let mut sides = [BTreeMap::<_, Vec<_>>::new(), BTreeMap::new()];
        for (old, new) in &self.0 {
            let [before, after] = &mut sides;
            before.entry(old.as_str()).or_default().push(new.as_str());
            after.entry(new.as_str()).or_default().push(old.as_str());
        }
        sides
    }

    /// Those that were one and are several, and those that were several and are one.
    fn torn(&self) -> Vec<(String, String)> {
        let [before, after] = self.sides();
        let many = |(one, others): &(&&str, &Vec<&str>)| **one != NOBODY && others.len() > 1;
        let split =
            before.iter().filter(many).map(|(old, new)| ((*old).to_owned(), new.join(", ")));
        let joined =
            after.iter().filter(many).map(|(new, old)| (old.join(", "), (*new).to_owned()));
        split.chain(joined).collect()
    }

    /// One to one, under a name that there was not for one that there is no more.
    fn renamed(&self, old: &Plan, new: &Plan) -> Vec<(String, String)> {
        let [before, after] = self.sides();
        let alone = |side: &BTreeMap<&str, Vec<&str>>, name: &str| {
            side.get(name).is_some_and(|others| others.len() == 1)
        };
        let pairs = self.0.iter().filter(|(before_name, after_name)| {
            alone(&before, before_name) && alone(&after, after_name)
        });
        let pairs = pairs
            .filter(|(before, after)| place(new, before).is_none() && place(old, after).is_none());
        pairs.cloned().collect()
    }
}

impl Sharing {
    pub(super) fn of(classes: &[Class<'_>]) -> Self {
        let mut sharing = Self::default();
        for Class { old, new, .. } in classes {
            let upstream = |end: &End<'_>| end.upstream.map(|upstream| upstream.name.clone());
            let route = |end: &End<'_>| end.matched.map(|_| end.name());
            sharing.upstreams.add(upstream(old), upstream(new));
            sharing.routes.add(route(old), route(new));
            if old.is_forwarded() && new.is_forwarded() {
                // Calls without a breaker that join one are others as well.
                let before = breaker(old).unwrap_or_else(|| NOBODY.to_owned());
                sharing.breakers.add(Some(before), breaker(new));
                sharing.budgets.add(budget(old), budget(new));
                sharing.limits.add(limit(old), limit(new));
            }
        }
        sharing
    }

    /// Those whose calls an upstream of the new policy has.
    pub(super) fn before(&self, name: &str) -> impl Iterator<Item = &str> {
        self.upstreams.0.iter().filter(move |(_, new)| new == name).map(|(old, _)| old.as_str())
    }

    /// Upstreams and routes that have another name, and nothing else is changed by that.
    pub(super) fn renamed(&self, old: &Plan, new: &Plan) -> Vec<(String, String)> {
        let mut all = self.upstreams.renamed(old, new);
        all.extend(self.routes.renamed(old, new));
        all
    }

    pub(super) fn changes(&self, old: &Plan, new: &Plan) -> Vec<Change> {
        let torn = [
            ("breaker", &self.breakers),
            ("retry.budget", &self.budgets),
            ("limits.connections", &self.limits),
        ];
        let torn = torn.into_iter().flat_map(|(setting, relation)| {
            relation.torn().into_iter().map(move |names| (Kind::Weakened, setting, names))
        });
        let upstreams = self.upstreams.renamed(old, new).into_iter();
        let upstreams = upstreams.map(|names| (Kind::Renamed, "upstream", names));
        // A route whose upstream has another name has only that.
        let own_name = |name: &str| name.split_once('/').map(|(_, route)| route.to_owned());
        let routes = self.routes.renamed(old, new).into_iter();
        let routes = routes.filter(move |(old, new)| own_name(old) != own_name(new));
        let routes = routes.map(|names| (Kind::Renamed, "route", names));
        let all = torn.chain(upstreams).chain(routes);
        all.map(|(kind, setting, (before, after))| {
            let scope = if kind == Kind::Renamed { after.as_str() } else { "service" };
            let scope = scope.to_owned();
            let side = |plan: &Plan, names: String| {
                let place = names.split(", ").find_map(|name| place(plan, name));
                let place = place.map(|place| plan.origin_text(&at(place)));
                Some((names, place.unwrap_or_default()))
            };
            let line = Line::new(kind, setting, side(old, before), side(new, after));
            let why = (kind == Kind::Weakened).then_some(why::SHARED);
            let Line { setting, kind, old, new, old_place, new_place } = line;
            // Nobody is nowhere.
            let [old_place, new_place] =
                [old_place, new_place].map(|place| place.filter(|place| !place.is_empty()));
            Change { kind, scope, setting, old, new, old_place, new_place, example: None, why }
        })
        .collect()
    }
}

/// Where an upstream or a route of that name is.
fn place(plan: &Plan, name: &str) -> Option<Place> {
    let (upstream, route) = name.split_once('/').map_or((name, None), |(up, it)| (up, Some(it)));
    let upstream = plan.upstreams.iter().find(|it| it.name == upstream)?;
    match route {
        None => Some(upstream.place),
        Some(route) => upstream.routes.iter().find(|it| it.name == route).map(|it| it.place),
    }
}

fn breaker(end: &End<'_>) -> Option<String> {
    let breaker = end.settings()?.breaker.as_ref()?;
    match breaker.scope {
        BreakerScope::Upstream => end.upstream.map(|upstream| upstream.name.clone()),
        BreakerScope::Route => Some(end.name()),
    }
}

fn budget(end: &End<'_>) -> Option<String> {
    end.settings()?.retry.as_ref()?;
    end.upstream.map(|upstream| upstream.name.clone())
}

fn limit(end: &End<'_>) -> Option<String> {
    let upstream = end.upstream?;
    upstream.connections.as_ref().map(|_| upstream.name.clone())
}
