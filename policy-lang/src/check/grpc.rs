//! What only calls of gRPC have: statuses of their own, methods that are paths, streams without
//! an end. On any other upstream they would have no effect, and so are refused.

use super::{Forwarded, written};
use crate::conform::Node;
use crate::diagnostics::{Diagnostic, policy as report};
use crate::lower::{Lowered, grpc_codes};
use crate::plan::{Cause, Method, NonIdempotent, Protocol, Total, Upstream};
use crate::resolve::{Group, Program};
use crate::span::Span;
use crate::syntax::ast::Value;

/// The settings of a call.
pub(super) fn check(call: &Forwarded<'_, '_>, found: &mut Vec<Diagnostic>) {
    match call.upstream.protocol.value {
        Protocol::Grpc => unsafe_codes(call, found),
        Protocol::Tcp | Protocol::TlsPassthrough => {}
        Protocol::Http1 | Protocol::Http2 | Protocol::Auto => {
            foreign_codes(call, found);
            endless(call, found);
        }
    }
}

/// Lines of routes and tests.
pub(super) fn check_lines(
    program: &Program<'_>,
    lowered: &Lowered<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let upstreams = &lowered.plan.upstreams;
    for (upstream, node) in upstreams.iter().zip(&lowered.nodes).filter(|it| is_foreign(it.0)) {
        let routes = node.children.iter().filter(|child| child.key() == "route");
        for line in routes.flat_map(|route| route.all("match")).filter(|line| says_grpc(line)) {
            found.push(report::not_grpc(line.statement.args_span(), &foreign(upstream)));
        }
    }
    let tests = program.entry().iter().filter(|node| node.key() == "test");
    for given in tests.flat_map(|test| test.all("given")) {
        let named = given.name().map(|(name, _)| name);
        let upstream = upstreams.iter().find(|upstream| Some(upstream.name.as_str()) == named);
        if let (Some(upstream), Some(span)) = (upstream, code_span(given))
            && is_foreign(upstream)
        {
            found.push(report::not_grpc(span, &foreign(upstream)));
        }
    }
}

fn is_foreign(upstream: &Upstream) -> bool {
    upstream.protocol.value != Protocol::Grpc
}

fn foreign(upstream: &Upstream) -> report::NotGrpc {
    report::NotGrpc {
        upstream: upstream.name.clone(),
        protocol: upstream.protocol.value.to_string(),
    }
}

fn says_grpc(line: &Node<'_>) -> bool {
    matches!(line.values().first(), Some(Value::Name(word)) if word == "grpc")
}

/// Where the first `grpc(…)` of a statement stands.
fn code_span(node: &Node<'_>) -> Option<Span> {
    node.args().find(|arg| grpc_codes(&arg.value).is_some()).map(|arg| arg.span)
}

/// `on grpc(…)` or `counts grpc(…)`, wherever it was inherited from.
fn foreign_codes(call: &Forwarded<'_, '_>, found: &mut Vec<Diagnostic>) {
    for (group, key) in [(Group::Retry, "on"), (Group::Breaker, "counts")] {
        let field = call.call.effective.get(group, key).filter(|field| field.node.sound);
        if let Some(span) = field.and_then(|field| code_span(field.node)) {
            found.push(report::not_grpc(span, &foreign(call.upstream)));
        }
    }
}

fn endless(call: &Forwarded<'_, '_>, found: &mut Vec<Diagnostic>) {
    if call.settings.timeout.total.value == Total::Off
        && let Some(span) = written(&call.call.effective, Group::Timeout, "total")
    {
        found.push(report::unbounded_call(span, &call.upstream.name));
    }
}

/// Codes that a server may give after it has carried a call out.
fn unsafe_codes(call: &Forwarded<'_, '_>, found: &mut Vec<Diagnostic>) {
    let Some(retry) = call.settings.retry.as_ref().filter(|retry| retry.attempts.value > 1) else {
        return;
    };
    let explained = retry.non_idempotent.value != NonIdempotent::Never
        || retry.methods.value.contains(&Method::Post);
    let code = retry.on.value.iter().find_map(|cause| match cause {
        Cause::Grpc(code) if !code.declines() => Some(*code),
        _ => None,
    });
    if let (false, Some(code), Some(span)) =
        (explained, code, written(&call.call.effective, Group::Retry, "on"))
    {
        found.push(report::unsafe_code(span, &code.to_string()));
    }
}
