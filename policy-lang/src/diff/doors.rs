//! Upstreams' own ports: which came, which went, and which moved.

use std::net::SocketAddr;

use super::items::{Line, Side};
use super::sharing::Sharing;
use super::{Change, Kind, fold, why};
use crate::plan::{Plan, Sourced, Upstream};

/// An upstream with a port of its own, and its number.
type Door<'p> = (usize, &'p Upstream, &'p Sourced<SocketAddr>);

fn doors(plan: &Plan) -> impl Iterator<Item = Door<'_>> {
    let all = plan.upstreams.iter().enumerate();
    all.filter_map(|(index, upstream)| Some((index, upstream, upstream.listen.as_ref()?)))
}

/// Whose door it is in a plan.
fn at<'p>(plan: &'p Plan, door: &Door<'_>) -> Option<Door<'p>> {
    doors(plan).find(|(.., listen)| listen.value == door.2.value)
}

/// The upstreams behind the same door, and those of one name whose door has moved.
pub(super) fn pairs(old: &Plan, new: &Plan) -> Vec<(usize, usize)> {
    let before = |door: &Door<'_>| {
        let moved = |it: &Door<'_>| it.1.name == door.1.name && at(new, it).is_none();
        at(old, door).or_else(|| doors(old).find(moved))
    };
    doors(new).filter_map(|door| Some((before(&door)?.0, door.0))).collect()
}

/// One line for each door that is not where it was.
pub(super) fn changes(old: &Plan, new: &Plan, sharing: &Sharing) -> Vec<Change> {
    let mut gone: Vec<Door<'_>> = doors(old).filter(|door| at(new, door).is_none()).collect();
    let mut changes = Vec::new();
    for door in doors(new).filter(|door| at(old, door).is_none()) {
        // Calls at its door are compared, for the two are a pair.
        let is_before = |it: &Door<'_>| {
            it.1.name == door.1.name || sharing.before(&door.1.name).any(|name| name == it.1.name)
        };
        let before = gone.iter().position(is_before).map(|at| gone.remove(at));
        let kind = before.map_or(Kind::Weakened, |it| exposure(it.2.value, door.2.value));
        let line = Line::new(kind, "listen", before.and_then(|it| side(old, it)), side(new, door));
        let why = before.is_none().then_some(why::OPENED);
        changes.push(fold::of_upstream(&line, scope(before, door), why));
    }
    let closed = gone.into_iter().map(|door| {
        let line = Line::new(Kind::Tightened, "listen", side(old, door), None);
        fold::of_upstream(&line, scope(None, door), Some(why::CLOSED))
    });
    changes.extend(closed);
    changes
}

fn side(plan: &Plan, (.., listen): Door<'_>) -> Side {
    Some((listen.value.to_string(), plan.origin_text(&listen.origin)))
}

fn scope(before: Option<Door<'_>>, door: Door<'_>) -> String {
    let all = |(_, upstream, _): Door<'_>| match upstream.routes.is_empty() {
        true => upstream.name.clone(),
        false => format!("{}/*", upstream.name),
    };
    match before.map(all).filter(|before| *before != all(door)) {
        Some(before) => format!("{before} -> {}", all(door)),
        None => all(door),
    }
}

/// Who can reach a listener that has moved: if others can, that is more than before. Only an address
/// that was one of all is less.
pub(super) fn exposure(old: SocketAddr, new: SocketAddr) -> Kind {
    let one_of =
        old.ip().is_unspecified() && old.is_ipv4() == new.is_ipv4() && old.port() == new.port();
    match (old.ip().is_loopback(), new.ip().is_loopback()) {
        (true, false) => Kind::Weakened,
        (false, true) if one_of => Kind::Tightened,
        _ => Kind::Redirected,
    }
}
