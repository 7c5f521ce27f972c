//! Upstreams whose bytes the proxy carries without looking at them. No setting about requests may be
//! written for them; those that they inherit from `defaults` are for the other upstreams.

use crate::conform::Node;
use crate::diagnostics::{Diagnostic, policy as report};
use crate::lower::Lowered;
use crate::plan::{Layer, Upstream};
use crate::resolve::{Effective, Group, Program};
use crate::span::Span;

pub(super) fn check(program: &Program<'_>, lowered: &Lowered<'_>, found: &mut Vec<Diagnostic>) {
    for (upstream, known) in lowered.plan.upstreams.iter().zip(program.upstreams()) {
        if !upstream.protocol.value.is_opaque() {
            found.extend(limits(upstream, known.node));
            continue;
        }
        let mut own = Effective::default();
        own.apply(program, known.file, &known.node.children, &Layer::Upstream);
        let protocol = upstream.protocol.value.to_string();
        let span = known.node.one("protocol").map(|node| node.statement.args_span());
        let of = report::OfBytes {
            upstream: &upstream.name,
            protocol: &protocol,
            span: span.unwrap_or_default(),
        };
        let mut all = http_only(&own);
        let routes = known.node.children.iter().filter(|child| child.key() == "route");
        all.extend(routes.map(|route| ("route", route.statement.head())));
        all.dedup_by_key(|(_, span)| *span);
        found.extend(all.into_iter().map(|(key, span)| report::http_only(span, key, &of)));
    }
}

/// Settings about requests, and where they are written.
fn http_only(own: &Effective<'_>) -> Vec<(&'static str, Span)> {
    let groups = [
        (Group::Retry, "retry"),
        (Group::Fallback, "fallback"),
        (Group::CorrelationId, "correlation-id"),
        (Group::Trace, "trace"),
    ];
    let on = groups.into_iter().filter_map(|(group, key)| Some((key, own.on(group)?)));
    let times = [("total", "timeout total"), ("per-try", "timeout per-try")];
    let times =
        times.into_iter().filter_map(|(key, name)| Some((name, own.get(Group::Timeout, key)?)));
    let edits = own.request_edits().chain(own.response_edits()).map(|edit| ("headers", edit));
    on.chain(times).chain(edits).map(|(key, field)| (key, field.node.statement.head())).collect()
}

fn limits(upstream: &Upstream, node: &Node<'_>) -> Option<Diagnostic> {
    let limits = node.children.iter().find(|child| child.key() == "limits")?;
    Some(report::limits_of_http(limits.statement.key_span, &upstream.name))
}
