//! `route NAME { … }`: which calls, and what is done with them.

use super::{Cx, reply, values};
use crate::conform::Node;
use crate::diagnostics::{file as missing, policy as report, setting};
use crate::plan::{
    Action, HeaderTerm, Layer, Match, Method, PathPattern, Rewrite, Route, Segment, Settings,
    Sourced,
};
use crate::syntax::ast::Value;

pub(super) fn route(cx: &mut Cx<'_, '_>, node: &Node<'_>, settings: Settings) -> Option<Route> {
    let (name, arg) = node.name()?;
    if !node.wrote("match") {
        let help = "say which calls it takes: `match GET /path`, or `match any`";
        cx.found.push(missing::missing_setting(
            arg.span,
            &format!("route `{name}`"),
            "match",
            help,
        ));
    }
    let matches: Vec<Match> = node.all("match").map(|line| matched(cx, line)).collect();
    let action = action(cx, node, &matches);
    Some(Route {
        name: name.to_owned(),
        docs: node.statement.docs.clone(),
        place: cx.place(node),
        matches,
        action,
        settings,
    })
}

fn matched(cx: &Cx<'_, '_>, node: &Node<'_>) -> Match {
    let values = node.values();
    let methods: Vec<&Value> =
        values.iter().copied().filter(|value| matches!(value, Value::Methods(_))).collect();
    let mut headers: Vec<HeaderTerm> = Vec::new();
    for term in values.windows(3) {
        if let [call @ Value::Call { .. }, _, Value::Text(value)] = term
            && let Some(name) = values::header_call(call)
        {
            headers.push(HeaderTerm { name, value: value.clone() });
        }
    }
    let place = cx.place(node);
    if let [word, method, ..] = values.as_slice()
        && values::word(word) == Some("grpc")
    {
        // gRPC over HTTP/2: a call is a POST to `/Service/Method`.
        let path = values::text(method).and_then(values::grpc_pattern);
        return Match { place, methods: vec![Method::Post], path, headers, grpc: true };
    }
    Match {
        place,
        methods: values::methods(&methods).unwrap_or_default(),
        path: values.iter().find_map(|value| values::pattern(value)),
        headers,
        grpc: false,
    }
}

fn action(cx: &mut Cx<'_, '_>, node: &Node<'_>, matches: &[Match]) -> Action {
    let rewrite = rewrite(cx, node, matches);
    let Some(respond) = node.children.iter().find(|child| child.key() == "respond") else {
        return Action::Forward { rewrite };
    };
    if let Some(rewriting) = node.children.iter().find(|child| child.key() == "rewrite") {
        let (first, second) = (respond.statement.key_span, rewriting.statement.key_span);
        cx.found.push(setting::conflicting(second, "rewrite", first, "respond"));
    }
    match reply::reply(respond) {
        Some(reply) => Action::Respond(Sourced::written(reply, Layer::Route, cx.place(respond))),
        None => Action::Forward { rewrite },
    }
}

fn rewrite(cx: &mut Cx<'_, '_>, node: &Node<'_>, matches: &[Match]) -> Option<Sourced<Rewrite>> {
    let mut rewrite = Rewrite { path: None, host: None };
    let mut first: Option<&Node<'_>> = None;
    for line in node.all("rewrite") {
        let values = line.values();
        match values.as_slice() {
            [_, path @ Value::Path(_)] if rewrite.path.is_none() => {
                rewrite.path = values::pattern(path);
                captures(cx, line, rewrite.path.as_ref(), matches);
            }
            [_, Value::Text(host)] if rewrite.host.is_none() => {
                rewrite.host = Some(host.to_ascii_lowercase())
            }
            _ => {
                let earlier = first.unwrap_or(line).statement.key_span;
                cx.found.push(setting::duplicate_setting(
                    line.statement.key_span,
                    "rewrite",
                    earlier,
                ));
            }
        }
        first = first.or(Some(line));
    }
    first.map(|line| Sourced::written(rewrite, Layer::Route, cx.place(line)))
}

/// A template can only use what every match line captures.
fn captures(
    cx: &mut Cx<'_, '_>,
    line: &Node<'_>,
    template: Option<&PathPattern>,
    matches: &[Match],
) {
    let Some(template) = template else { return };
    let span = line.statement.args_span();
    let known = |name: &str| {
        matches.iter().all(|line| {
            line.path
                .as_ref()
                .is_some_and(|path| path.segments.contains(&Segment::Capture(name.to_owned())))
        })
    };
    for segment in &template.segments {
        if let Segment::Capture(name) = segment
            && !known(name)
        {
            cx.found.push(report::unknown_capture(span, name));
        }
    }
    if template.rest && !matches.iter().all(|line| line.path.as_ref().is_some_and(|path| path.rest))
    {
        cx.found.push(report::unknown_capture(span, "**"));
    }
}
