//! Which breakers there are: those that routes name, each once, in the order of the routes.

use super::upstream::{is_same, unknown};
use super::{RouteSpec, Spec};

/// The number of a breaker among all that [`Spec::ROUTES`] name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BreakerId(pub usize);

impl BreakerId {
    /// Of a policy that has no state of its own: nothing is refused.
    pub const NONE: Self = Self(usize::MAX);

    /// The state of that name, for constants.
    pub const fn of<S: Spec>(name: &str) -> Self {
        let (mut id, mut at) = (0, 0);
        while at < S::ROUTES.len() {
            if let (before, [route, ..]) = S::ROUTES.split_at(at)
                && let Some(known) = first_named(before, route)
            {
                if is_same(known, name) {
                    return Self(id);
                }
                id += 1;
            }
            at += 1;
        }
        unknown()
    }
}

/// The names that answers and metrics use, indexed by [`BreakerId`].
pub(crate) fn breakers(routes: &'static [RouteSpec]) -> impl Iterator<Item = &'static str> {
    let named = |(at, route)| first_named(routes.get(..at).unwrap_or_default(), route);
    routes.iter().enumerate().filter_map(named)
}

/// The breaker of a route, unless one before it has the same.
const fn first_named(before: &[RouteSpec], route: &RouteSpec) -> Option<&'static str> {
    let Some(name) = route.breaker else { return None };
    let mut left = before;
    while let [rest @ .., last] = left {
        // Only routes of one upstream share a breaker.
        if !is_same(last.upstream, route.upstream) {
            break;
        }
        if let Some(other) = last.breaker
            && is_same(other, name)
        {
            return None;
        }
        left = rest;
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn route(upstream: &'static str, breaker: Option<&'static str>) -> RouteSpec {
        RouteSpec { upstream, route: "", breaker }
    }

    #[test]
    fn a_breaker_that_routes_share_is_one() {
        const ROUTES: &[RouteSpec] = &[
            route("a", Some("a")),
            route("a", Some("a/own")),
            route("a", None),
            route("a", Some("a")),
            route("b", None),
            route("c", Some("c")),
            route("", None),
        ];
        assert_eq!(breakers(ROUTES).collect::<Vec<_>>(), ["a", "a/own", "c"]);
    }
}
