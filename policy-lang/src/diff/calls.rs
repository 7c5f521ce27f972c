//! What happens to the calls of a class, before and after.

use std::collections::BTreeSet;

use super::Kind;
use super::classes::{Class, End, Known};
use super::edits::{self, Direction};
use super::identity;
use super::items::{self, Item, Line, Pair, Says, Side};
use super::values::{self, Grade};
use crate::plan::{
    Action, Match, Method, Origin, Otherwise, Plan, Settings, Sourced, Timeout, Total, Upstream,
    derived, display,
};
use crate::schema::{Scope, order};
use crate::summary::at;

/// A change of one class.
pub(super) struct Found<'c, 'p> {
    pub(super) class: &'c Class<'p>,
    /// It is about all calls of the upstream.
    pub(super) whole: bool,
    pub(super) line: Line,
}

/// All changes, class by class.
pub(super) fn changes<'c, 'p>(classes: &'c [Class<'p>]) -> Vec<Found<'c, 'p>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for class in classes {
        let found_of = |whole| move |line| Found { class, whole, line };
        if let (Some(old), Some(new)) = (class.old.upstream, class.new.upstream)
            && class.old.is_forwarded()
            && class.new.is_forwarded()
            && seen.insert((old.name.as_str(), new.name.as_str()))
        {
            found.extend(upstream(class, old, new).into_iter().map(found_of(true)));
        }
        match class.known {
            Known::Same => {}
            Known::Example(_) => {
                found.extend(call(&class.old, &class.new).into_iter().map(found_of(false)));
            }
            Known::Nothing => found.push(found_of(true)(too_many(&class.old, &class.new))),
        }
    }
    found
}

/// Routes that nobody can tell apart in a reasonable time.
fn too_many(old: &End<'_>, new: &End<'_>) -> Line {
    let side = |end: &End<'_>| {
        let upstream = end.upstream?;
        let routes = format!("{} that overlap", upstream.routes.len());
        Some((routes, end.plan.origin_text(&at(upstream.place))))
    };
    Line::new(Kind::Weakened, "routes", side(old), side(new))
}

/// Where an upstream is, and what is spoken with it. These hold for all of its calls.
fn upstream(class: &Class<'_>, old: &Upstream, new: &Upstream) -> Vec<Line> {
    let pair = Pair { old: class.old.plan, new: class.new.plan };
    let mut lines = pair.compare(&place(old), &place(new));
    for line in &mut lines {
        let opaque = (old.protocol.value.is_opaque(), new.protocol.value.is_opaque());
        // Nobody looks at bytes any more.
        if line.setting == "protocol" && opaque == (false, true) {
            line.kind = Kind::Weakened;
        }
    }
    lines
}

fn place(upstream: &Upstream) -> Vec<Item<'_>> {
    let address = match &upstream.address.value {
        crate::plan::Address::Fixed(addresses) => {
            let mut sorted: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            sorted.sort_unstable();
            sorted.join(" ")
        }
        dns @ crate::plan::Address::Dns { .. } => dns.to_string(),
    };
    let scope = Scope::Upstream;
    let protocol = &upstream.protocol;
    let spoken = Grade::Text(protocol.value.to_string());
    let mut items = vec![
        Item::of("address", (scope, "address"), &upstream.address, Grade::Text(address)),
        Item::of("protocol", (scope, "protocol"), protocol, spoken),
    ];
    // Without a limit there may be any number.
    let most = upstream.connections.as_ref();
    let grade = Grade::Number(most.map_or(u128::MAX, |it| u128::from(it.value)));
    items.push(Item {
        path: "limits.connections".to_owned(),
        scope: Scope::Limits,
        key: "connections",
        text: most.map(|it| it.value.to_string()),
        says: Says::Grades(vec![("", grade)]),
        origin: most.map_or(&upstream.address.origin, |it| &it.origin),
    });
    items
}

/// What is done with a call, from the strictest on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Does {
    Refuse,
    Answer,
    Forward,
    Pass,
}

fn does(end: &End<'_>) -> Does {
    match (end.upstream, end.action()) {
        (None, _) if end.plan.otherwise.value == Otherwise::Reject => Does::Refuse,
        (None, _) => Does::Pass,
        (_, Some(Action::Respond(_))) => Does::Answer,
        _ => Does::Forward,
    }
}

fn call(old: &End<'_>, new: &End<'_>) -> Vec<Line> {
    match (does(old), does(new)) {
        (Does::Refuse, Does::Refuse) | (Does::Pass, Does::Pass) => Vec::new(),
        (Does::Answer, Does::Answer) => answered(old, new),
        (Does::Forward, Does::Forward) => forwarded(old, new),
        // Nobody bounded it before, and it went where it wanted to.
        (Does::Pass, Does::Forward) => {
            let (old_plan, nothing) = (old.plan, nothing(old.plan));
            let pair = Pair { old: old_plan, new: new.plan };
            let mut lines = vec![moved(Kind::Redirected, old, new)];
            lines.extend(
                new.settings().into_iter().flat_map(|new| governed(&pair, &nothing, new, &[])),
            );
            lines.extend(edited(old, new));
            identity::judge(&mut lines, old, new);
            lines.retain(|line| !line.kind.is_safe());
            lines
        }
        (before, after) if after < before => vec![moved(Kind::Tightened, old, new)],
        _ => vec![moved(Kind::Weakened, old, new)],
    }
}

fn moved(kind: Kind, old: &End<'_>, new: &End<'_>) -> Line {
    // Calls that come or go with a whole upstream come or go at its place.
    let whole = old.upstream.is_none() || new.upstream.is_none();
    let setting = if whole && old.upstream == new.upstream { "otherwise" } else { "call" };
    Line::new(kind, setting, outcome(old, whole), outcome(new, whole))
}

fn outcome(end: &End<'_>, whole: bool) -> Side {
    let otherwise = &end.plan.otherwise;
    let Some(upstream) = end.upstream else {
        return Some((otherwise.value.to_string(), end.plan.origin_text(&otherwise.origin)));
    };
    let text = match end.action() {
        Some(Action::Respond(reply)) => format!("respond {}", reply.value),
        _ => "forward".to_owned(),
    };
    let place = match end.matched {
        Some((_, line)) if !whole => line.place,
        _ => upstream.place,
    };
    Some((text, end.plan.origin_text(&at(place))))
}

/// A call that `otherwise pass` lets through.
fn nothing(plan: &Plan) -> Settings {
    Settings {
        timeout: Timeout {
            overlays: Vec::new(),
            total: Sourced { value: Total::Off, origin: plan.otherwise.origin.clone() },
            per_try: None,
            connect: Sourced::language(Timeout::CONNECT),
            idle: Sourced::language(Timeout::IDLE),
        },
        retry: None,
        breaker: None,
        request_headers: Vec::new(),
        response_headers: Vec::new(),
        correlation_id: None,
        trace: None,
        fallback: None,
        off: Vec::new(),
    }
}

fn answered(old: &End<'_>, new: &End<'_>) -> Vec<Line> {
    let (Some(Action::Respond(before)), Some(Action::Respond(after))) =
        (old.action(), new.action())
    else {
        return Vec::new();
    };
    let pair = Pair { old: old.plan, new: new.plan };
    let item = |reply: &crate::plan::Reply| Grade::Text(reply.to_string());
    let key = (Scope::Route, "respond");
    let mut lines = pair.compare(
        &[Item::of("respond", key, before, item(&before.value))],
        &[Item::of("respond", key, after, item(&after.value))],
    );
    lines.extend(edits::changes(old, new, Direction::Response));
    lines
}

fn forwarded(old: &End<'_>, new: &End<'_>) -> Vec<Line> {
    let (Some(before), Some(after)) = (old.settings(), new.settings()) else {
        return Vec::new();
    };
    let pair = Pair { old: old.plan, new: new.plan };
    let mut lines: Vec<Line> = rewritten(old, new).into_iter().collect();
    lines.extend(governed(&pair, before, after, &matched(old, new)));
    identity::judge(&mut lines, old, new);
    lines.extend(edited(old, new));
    lines
}

fn edited(old: &End<'_>, new: &End<'_>) -> Vec<Line> {
    let mut lines = edits::changes(old, new, Direction::Request);
    lines.extend(edits::changes(old, new, Direction::Response));
    lines
}

fn rewritten(old: &End<'_>, new: &End<'_>) -> Option<Line> {
    let side = |end: &End<'_>| {
        let rewrite = end.rewrite()?;
        Some((rewrite.value.to_string(), end.plan.origin_text(&rewrite.origin)))
    };
    let kind = values::presence(order(Scope::Route, "rewrite", ""), &[], true);
    (old.rewritten() != new.rewritten()).then(|| Line::new(kind, "rewrite", side(old), side(new)))
}

/// The settings, and the figures that follow from them where no setting says that there is more.
fn governed(pair: &Pair<'_>, old: &Settings, new: &Settings, matched: &[Match]) -> Vec<Line> {
    let both = |block: &str| match block {
        "retry" => old.retry.is_some() && new.retry.is_some(),
        _ => old.breaker.is_some() && new.breaker.is_some(),
    };
    let mut lines = pair.compare(&items::settings(old, both), &items::settings(new, both));
    let told = |line: &Line| {
        line.kind == Kind::Weakened
            && ["timeout", "retry"].iter().any(|it| line.setting.starts_with(it))
    };
    if !lines.iter().any(told) {
        lines.extend(figures(pair, old, new, matched));
    }
    lines
}

/// What calls of both ends are; none if they can be any.
fn matched(old: &End<'_>, new: &End<'_>) -> Vec<Match> {
    let lines = || [old, new].into_iter().filter_map(|end| end.matched.map(|(_, line)| line));
    let Some(narrow) = lines().find(|line| !line.methods.is_empty()) else {
        return lines().take(1).cloned().collect();
    };
    let all = |method: &Method| {
        lines().all(|line| line.methods.is_empty() || line.methods.contains(method))
    };
    let methods = narrow.methods.iter().filter(|method| all(method)).cloned().collect();
    vec![Match { methods, ..narrow.clone() }]
}

/// A shorter `per-try` leaves time for more tries; a longer back-off keeps callers waiting; without
/// `retry` what is safe may be sent once more.
fn figures(pair: &Pair<'_>, old: &Settings, new: &Settings, matched: &[Match]) -> Vec<Line> {
    let sent = (derived::amplification(old, matched), derived::amplification(new, matched));
    let waits = (derived::slowest_answer(old), derived::slowest_answer(new));
    let tries = (derived::slow_tries(old), derived::slow_tries(new));
    let total = |settings: &Settings| -> Origin { settings.timeout.total.origin.clone() };
    let line = |setting: &str, before: String, after: String| {
        let old = (before, pair.old.origin_text(&total(old)));
        let new = (after, pair.new.origin_text(&total(new)));
        Line::new(Kind::Weakened, setting, Some(old), Some(new))
    };
    let latency = (waits.1 > waits.0)
        .then(|| line("slowest answer", display::duration(waits.0), display::duration(waits.1)));
    let slow =
        (tries.1 > tries.0).then(|| line("slow tries", tries.0.to_string(), tries.1.to_string()));
    let more = (sent.1 > sent.0)
        .then(|| line("amplification", format!("{}x", sent.0), format!("{}x", sent.1)));
    latency.into_iter().chain(slow).chain(more).collect()
}
