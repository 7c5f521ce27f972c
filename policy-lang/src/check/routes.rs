//! Routes that no call reaches, because earlier routes take them all.

use std::collections::BTreeMap;

use crate::conform::Node;
use crate::cover::{self, Request};
use crate::diagnostics::{Diagnostic, ENOUGH, are_enough, file as names, policy as report};
use crate::lower::Lowered;
use crate::plan::{Action, Match, Route, Upstream};
use crate::span::Span;

pub(super) fn check(lowered: &Lowered<'_>, found: &mut Vec<Diagnostic>) {
    for (upstream, node) in lowered.plan.upstreams.iter().zip(&lowered.nodes) {
        hidden(&lines(upstream, node), upstream, found);
        duplicates(node, found);
        unused(upstream, node, found);
    }
}

/// A match line with its route and its place.
struct Line<'a> {
    number: usize,
    route: &'a Route,
    matched: &'a Match,
    span: Span,
    route_span: Span,
}

fn lines<'a>(upstream: &'a Upstream, node: &Node<'_>) -> Vec<Line<'a>> {
    let named = node
        .children
        .iter()
        .filter(|child| child.key() == "route")
        .filter_map(|child| Some((child, child.name()?.1)));
    let routes = upstream.routes.iter().zip(named).enumerate();
    let lines = routes.flat_map(|(number, (route, (node, name)))| {
        let spans = node.all("match").map(|line| line.statement.args_span()).collect::<Vec<_>>();
        let route_span = name.span;
        route.matches.iter().zip(spans).map(move |(matched, span)| Line {
            number,
            route,
            matched,
            span,
            route_span,
        })
    });
    lines.collect()
}

fn hidden(lines: &[Line<'_>], upstream: &Upstream, found: &mut Vec<Diagnostic>) {
    let mut earlier = cover::Lines::default();
    // Per route, the lines that nothing is left for.
    let mut dead: Vec<Vec<&Line<'_>>> = upstream.routes.iter().map(|_| Vec::new()).collect();
    for line in lines {
        if !earlier.leave(line.matched)
            && let Some(dead) = dead.get_mut(line.number)
        {
            dead.push(line);
        }
        earlier.add(line.matched);
    }
    for (route, dead) in upstream.routes.iter().zip(dead) {
        if are_enough(found) {
            return;
        }
        let whole = dead.len() == route.matches.len();
        for line in dead.iter().take(if whole { 1 } else { ENOUGH }) {
            found.extend(told(line, lines, whole));
        }
    }
}

fn told(line: &Line<'_>, lines: &[Line<'_>], whole: bool) -> Option<Diagnostic> {
    let request = Request::of(line.matched);
    let taking = lines.iter().find(|rival| request.taken_by(rival.matched, line.matched))?;
    let witness = request.describe(&[line.matched]);
    let hidden = report::Hidden {
        route: &line.route.name,
        by: &taking.route.name,
        witness: &witness,
        taken: taking.span,
    };
    Some(match whole {
        true => report::unreachable_route(line.route_span, &hidden),
        false => report::unreachable_match(line.span, &hidden),
    })
}

fn duplicates(node: &Node<'_>, found: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    let routes = node.children.iter().filter(|child| child.key() == "route").filter_map(Node::name);
    for (name, arg) in routes {
        match first.get(name) {
            Some(earlier) => found.push(names::duplicate_name(arg.span, "route", name, *earlier)),
            None => drop(first.insert(name, arg.span)),
        }
    }
}

/// Every call is answered by a route that calls nobody.
fn unused(upstream: &Upstream, node: &Node<'_>, found: &mut Vec<Diagnostic>) {
    let answered = upstream.routes.iter().all(|route| matches!(route.action, Action::Respond(_)));
    if upstream.routes.is_empty() || !answered {
        return;
    }
    let mut lines = cover::Lines::default();
    upstream.routes.iter().flat_map(|route| &route.matches).for_each(|line| lines.add(line));
    if !lines.leave(&cover::ANY) {
        let span = node.name().map(|(_, arg)| arg.span).unwrap_or_default();
        found.push(report::unused_upstream(span, &upstream.name));
    }
}
