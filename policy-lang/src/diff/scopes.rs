//! The scopes of two plans side by side: the service, its upstreams, their routes.

use std::cmp::Ordering;

use super::settings::Pair;
use super::{Change, Kind, judge};
use crate::plan::{Action, Origin, Otherwise, Plan, Route, Upstream, display};
use crate::summary::{at, rows, rows::Row};

/// The service's own settings, and what happens to calls that belong to no upstream.
pub(super) fn service(old: &Plan, new: &Plan) -> Vec<Change> {
    let pair = Pair { scope: "service".to_owned(), old_plan: old, new_plan: new };
    pair.rows(&head(old), &head(new), |path| match path {
        "otherwise" if new.otherwise.value == Otherwise::Reject => Kind::Tightened,
        "otherwise" => Kind::Weakened,
        "listen" => judge::exposure(old.listen.value, new.listen.value),
        "admin" => exposed(old, new),
        "access-log.redact" | "access-log.headers" => logged(path, old, new),
        _ => Kind::Changed,
    })
}

/// Each upstream's changes, scope by scope.
pub(super) fn upstreams(old: &Plan, new: &Plan) -> Vec<Change> {
    let before = |name: &str| old.upstreams.iter().find(|upstream| upstream.name == name);
    let mut changes = vec![];
    for upstream in &new.upstreams {
        match before(&upstream.name) {
            Some(before) => changes.extend(kept(old, new, before, upstream)),
            None => changes.push(present(Kind::Added, new, upstream)),
        }
    }
    let gone = |upstream: &&Upstream| !new.upstreams.iter().any(|it| it.name == upstream.name);
    changes.extend(old.upstreams.iter().filter(gone).map(|it| present(Kind::Removed, old, it)));
    changes
}

fn head(plan: &Plan) -> Vec<Row> {
    let row = |group, value: String, origin: &Origin| Row {
        group,
        key: "",
        value,
        origin: origin.clone(),
    };
    let service = &plan.service;
    let mut rows = vec![row("name", service.name.clone(), &at(service.place))];
    rows.extend(service.baseline.iter().map(|it| row("baseline", it.value.clone(), &it.origin)));
    rows.push(row("listen", plan.listen.value.to_string(), &plan.listen.origin));
    rows.extend(rows::intercept(plan));
    rows.push(row("workers", service.workers.value.to_string(), &service.workers.origin));
    rows.push(row("otherwise", plan.otherwise.value.to_string(), &plan.otherwise.origin));
    rows.extend(rows::observe(&plan.observe));
    rows
}

fn exposed(old: &Plan, new: &Plan) -> Kind {
    match (&old.observe.admin, &new.observe.admin) {
        (Some(old), Some(new)) => judge::exposure(old.value, new.value),
        _ => Kind::Changed,
    }
}

fn logged(path: &str, old: &Plan, new: &Plan) -> Kind {
    let (Some(old), Some(new)) = (&old.observe.access_log, &new.observe.access_log) else {
        return Kind::Changed;
    };
    match path {
        "access-log.redact" => judge::more(&old.redact.value, &new.redact.value),
        _ => judge::fewer(&old.headers.value, &new.headers.value),
    }
}

fn kept(old_plan: &Plan, new_plan: &Plan, old: &Upstream, new: &Upstream) -> Vec<Change> {
    let pair = |scope: String| Pair { scope, old_plan, new_plan };
    let own = pair(new.name.clone());
    let mut changes = own.rows(&place(old), &place(new), |path| match (&old.listen, &new.listen) {
        (Some(old), Some(new)) if path == "listen" => judge::exposure(old.value, new.value),
        _ if path == "limits.connections" => fewer(old, new),
        _ => Kind::Changed,
    });
    changes.extend(own.settings(&old.settings, &new.settings));
    changes.extend(reordered(&own, old, new));
    for route in &new.routes {
        let pair = pair(format!("{}/{}", new.name, route.name));
        match old.routes.iter().find(|before| before.name == route.name) {
            Some(before) => changes.extend(kept_route(&pair, before, route)),
            None => changes.push(route_present(Kind::Added, &pair, route)),
        }
    }
    let gone = old.routes.iter().filter(|route| !new.routes.iter().any(|it| it.name == route.name));
    changes.extend(gone.map(|route| {
        let pair = pair(format!("{}/{}", new.name, route.name));
        route_present(Kind::Removed, &pair, route)
    }));
    changes
}

/// Where an upstream is, by which names, and in which order its routes are tried.
fn place(upstream: &Upstream) -> Vec<Row> {
    let row = |group, value: String, origin: &Origin| Row {
        group,
        key: "",
        value,
        origin: origin.clone(),
    };
    let (address, block) = (&upstream.address, at(upstream.place));
    let hosts: Vec<_> = upstream.hosts.iter().map(|host| host.value.to_string()).collect();
    let mut rows = vec![
        row("address", address.value.to_string(), &address.origin),
        row("hosts", hosts.join(", "), &block),
        row("protocol", upstream.protocol.value.to_string(), &upstream.protocol.origin),
    ];
    let listen = upstream.listen.iter();
    rows.extend(listen.map(|own| row("listen", own.value.to_string(), &own.origin)));
    rows.extend(rows::limits(upstream));
    rows
}

/// A smaller limit bounds more.
fn fewer(old: &Upstream, new: &Upstream) -> Kind {
    let most = |upstream: &Upstream| upstream.connections.as_ref().map_or(u32::MAX, |it| it.value);
    match most(new).cmp(&most(old)) {
        Ordering::Less => Kind::Tightened,
        Ordering::Equal => Kind::Changed,
        Ordering::Greater => Kind::Weakened,
    }
}

/// The first route that matches wins, so their order is part of what they mean.
fn reordered(pair: &Pair<'_>, old: &Upstream, new: &Upstream) -> Option<Change> {
    let shared = |routes: &[Route], others: &[Route]| -> Vec<String> {
        let names = routes.iter().map(|route| route.name.clone());
        names.filter(|name| others.iter().any(|other| other.name == *name)).collect()
    };
    let (before, after) = (shared(&old.routes, &new.routes), shared(&new.routes, &old.routes));
    (before != after).then(|| Change {
        kind: Kind::Changed,
        scope: pair.scope.clone(),
        setting: "route.order".to_owned(),
        old: Some(before.join(", ")),
        new: Some(after.join(", ")),
        origin: pair.new_plan.origin_text(&at(new.place)),
        why: None,
    })
}

fn kept_route(pair: &Pair<'_>, old: &Route, new: &Route) -> Vec<Change> {
    let mut changes = pair.rows(&behaviour(old), &behaviour(new), |_| Kind::Changed);
    changes.extend(pair.settings(&old.settings, &new.settings));
    changes
}

fn behaviour(route: &Route) -> Vec<Row> {
    let lines: Vec<_> = route.matches.iter().map(ToString::to_string).collect();
    let origin = at(route.matches.first().map_or(route.place, |line| line.place));
    let mut rows = vec![Row { group: "match", key: "", value: lines.join(" or "), origin }];
    let (group, value, origin) = match &route.action {
        Action::Forward { rewrite: None } => return rows,
        Action::Forward { rewrite: Some(it) } => ("rewrite", it.value.to_string(), &it.origin),
        Action::Respond(reply) => ("respond", reply.value.to_string(), &reply.origin),
    };
    rows.push(Row { group, key: "", value, origin: origin.clone() });
    rows
}

fn present(kind: Kind, plan: &Plan, upstream: &Upstream) -> Change {
    let value = display::printable(&upstream.address.value.to_string());
    let origin = plan.origin_text(&at(upstream.place));
    only(kind, &upstream.name, "upstream", (value, origin))
}

fn route_present(kind: Kind, pair: &Pair<'_>, route: &Route) -> Change {
    let plan = if kind == Kind::Added { pair.new_plan } else { pair.old_plan };
    let lines: Vec<_> = route.matches.iter().map(ToString::to_string).collect();
    let origin = plan.origin_text(&at(route.place));
    only(kind, &pair.scope, "route", (lines.join(" or "), origin))
}

fn only(kind: Kind, scope: &str, setting: &str, (value, origin): (String, String)) -> Change {
    let (old, new) = if kind == Kind::Added { (None, Some(value)) } else { (Some(value), None) };
    let (scope, setting) = (scope.to_owned(), setting.to_owned());
    Change { kind, scope, setting, old, new, origin, why: None }
}
