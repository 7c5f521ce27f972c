//! What holds for the deployment as a whole.

use super::doors::exposure;
use super::fold::of_service;
use super::items::{Item, Line, Pair, Says};
use super::values::{self, Grade};
use super::{Change, Kind};
use crate::plan::{AccessLog, Except, Intercept, Observe, OnExit, Origin, Plan, Workers, display};
use crate::schema::Scope;
use crate::summary::at;

pub(super) fn changes(old: &Plan, new: &Plan) -> Vec<Change> {
    let pair = Pair { old, new };
    let mut lines: Vec<Line> = named(old, new).into_iter().collect();
    let logs = [old, new].iter().all(|plan| plan.observe.access_log.is_some());
    lines.extend(pair.compare(&items(old, logs), &items(new, logs)));
    for line in &mut lines {
        let moved = match line.setting.as_str() {
            "listen" => Some((old.listen.value, new.listen.value)),
            "admin" => old
                .observe
                .admin
                .as_ref()
                .zip(new.observe.admin.as_ref())
                .map(|(old, new)| (old.value, new.value)),
            _ => None,
        };
        if let Some((old, new)) = moved {
            line.kind = exposure(old, new);
        }
        // A page that others can read is more than none.
        let shown = new.observe.admin.as_ref().is_some_and(|it| !it.value.ip().is_loopback());
        if line.setting == "admin" && line.old.is_none() && shown {
            line.kind = Kind::Weakened;
        }
    }
    lines.extend(redirection(&pair));
    lines.iter().map(of_service).collect()
}

fn named(old: &Plan, new: &Plan) -> Option<Line> {
    let side = |plan: &Plan| {
        let service = &plan.service;
        Some((service.name.clone(), plan.origin_text(&at(service.place))))
    };
    let differs = old.service.name != new.service.name;
    differs.then(|| Line::new(Kind::Renamed, "service", side(old), side(new)))
}

/// A log that only one side has stands as one.
fn items(plan: &Plan, logs: bool) -> Vec<Item<'_>> {
    let text = |value: &dyn ToString| Grade::Text(value.to_string());
    let service = &plan.service;
    let workers = match service.workers.value {
        Workers::Auto => u128::MAX,
        Workers::Exactly(count) => u128::from(count),
    };
    let mut items = vec![
        Item::of("listen", (Scope::File, "listen"), &plan.listen, text(&plan.listen.value)),
        Item::of("workers", (Scope::Service, "workers"), &service.workers, Grade::Number(workers)),
    ];
    let user = service.user.iter();
    items.extend(user.map(|it| Item::of("user", (Scope::Service, "user"), it, text(&it.value))));
    items.extend(observe(&plan.observe));
    items.extend(plan.observe.access_log.iter().flat_map(|log| match logs {
        true => access_log(log),
        false => vec![whole(log)],
    }));
    items
}

fn observe(observe: &Observe) -> Vec<Item<'_>> {
    let metrics = observe.metrics.iter().map(|on| Item {
        path: "metrics".to_owned(),
        scope: Scope::Observe,
        key: "metrics",
        text: Some("on".to_owned()),
        says: Says::Grades(vec![("", Grade::Word("on"))]),
        origin: &on.origin,
    });
    let admin = observe.admin.iter().map(|it| {
        Item::of("admin", (Scope::Observe, "admin"), it, Grade::Text(it.value.to_string()))
    });
    metrics.chain(admin).collect()
}

fn whole(log: &AccessLog) -> Item<'_> {
    let sample = Grade::Text(log.sample.value.to_string());
    Item::of("access-log", (Scope::Observe, "access-log"), &log.sample, sample)
}

/// A log shows calls, and keeps them: neither more nor less of it is stricter. Only which values stand
/// in it has an order.
fn access_log(log: &AccessLog) -> Vec<Item<'_>> {
    let sample = Grade::Text(log.sample.value.to_string());
    let mut items =
        vec![Item::of("access-log.sample", (Scope::AccessLog, "sample"), &log.sample, sample)];
    let names = [("headers", &log.headers), ("redact", &log.redact)];
    items.extend(names.into_iter().map(|(key, names)| {
        let quoted: Vec<_> = names.value.iter().map(|name| display::quoted(name)).collect();
        Item {
            path: format!("access-log.{key}"),
            scope: Scope::AccessLog,
            key,
            text: Some(quoted.join(", ")),
            says: Says::Grades(vec![("", values::set(&names.value))]),
            origin: &names.origin,
        }
    }));
    items.extend(log.when_status.iter().map(|codes| Item {
        path: "access-log.when".to_owned(),
        scope: Scope::AccessLog,
        key: "when",
        text: Some(format!("status in {}", display::list(&codes.value))),
        says: Says::Grades(vec![("", values::set(&codes.value))]),
        origin: &codes.origin,
    }));
    items
}

/// What the kernel redirects is under the policy, and the rest is not.
fn redirection(pair: &Pair<'_>) -> Vec<Line> {
    let (old, new) = match (&pair.old.intercept, &pair.new.intercept) {
        (None, None) => return Vec::new(),
        (Some(old), Some(new)) => (old, new),
        (old, new) => {
            let kind = if new.is_some() { Kind::Tightened } else { Kind::Weakened };
            let side = |plan: &Plan, it: &Option<Intercept>| {
                let it = it.as_ref()?;
                Some((
                    format!("ports {}", display::list(&it.ports.value)),
                    plan.origin_text(&it.ports.origin),
                ))
            };
            return vec![Line::new(kind, "intercept", side(pair.old, old), side(pair.new, new))];
        }
    };
    let mut lines = pair.compare(&[on_exit(old)], &[on_exit(new)]);
    let (less, more) = (Within::of(new, old), Within::of(old, new));
    let parts: [Part; 3] = [
        ("intercept.ports", ports, more.ports, less.ports),
        ("intercept.except cidrs", cidrs, less.cidrs, more.cidrs),
        ("intercept.except uids", uids, less.uids, more.uids),
    ];
    lines.extend(parts.into_iter().filter(|(.., strict, loose)| !(*strict && *loose)).map(
        |(setting, said, strict, _)| {
            let kind = if strict { Kind::Tightened } else { Kind::Weakened };
            let side = |plan: &Plan, it| {
                let (text, origin) = said(it);
                (!text.is_empty()).then(|| (text, plan.origin_text(origin)))
            };
            Line::new(kind, setting, side(pair.old, old), side(pair.new, new))
        },
    ));
    lines
}

fn on_exit(of: &Intercept) -> Item<'_> {
    let word = match of.on_exit.value {
        OnExit::Open => "open",
        OnExit::Closed => "closed",
    };
    let key = (Scope::Intercept, "on-exit");
    Item::of("intercept.on-exit", key, &of.on_exit, Grade::Word(word))
}

/// What of an `intercept` changed: its name, its text, and whether the new or the old one is within the other.
type Part = (&'static str, fn(&Intercept) -> (String, &Origin), bool, bool);

fn ports(of: &Intercept) -> (String, &Origin) {
    (display::list(&of.redirected()), &of.ports.origin)
}

fn cidrs(of: &Intercept) -> (String, &Origin) {
    (display::list(&of.left_alone()), except(of, |it| matches!(it, Except::Cidrs(_))))
}

fn uids(of: &Intercept) -> (String, &Origin) {
    (display::list(&of.left_alone_uids()), except(of, |it| matches!(it, Except::Uids(_))))
}

/// The first exception of a kind; the language's own without one.
fn except(of: &Intercept, is: impl Fn(&Except) -> bool) -> &Origin {
    of.except.iter().find(|it| is(&it.value)).map_or(&Origin::Language, |it| &it.origin)
}

/// What of an `intercept` is inside another one.
struct Within {
    ports: bool,
    cidrs: bool,
    uids: bool,
}

impl Within {
    fn of(some: &Intercept, all: &Intercept) -> Self {
        let (ports, cidrs, uids) = (all.redirected(), all.left_alone(), all.left_alone_uids());
        Self {
            // Ranges that are left have gaps between them.
            ports: some.redirected().iter().all(|range| {
                ports.iter().any(|other| other.first <= range.first && range.last <= other.last)
            }),
            cidrs: some
                .left_alone()
                .iter()
                .all(|cidr| cidrs.iter().any(|other| other.contains(*cidr))),
            uids: some.left_alone_uids().iter().all(|uid| uids.contains(uid)),
        }
    }
}
