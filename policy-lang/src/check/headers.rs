//! Header fields that belong to a connection, not to a message (RFC 9110 §7.6.1), cannot
//! be edited; neither can what frames the message or names its host.

use crate::conform::Node;
use crate::diagnostics::{Diagnostic, policy as report};
use crate::lower::text;
use crate::resolve::Program;
use crate::syntax::ast::{Arg, Value};

const FORBIDDEN: [&str; 12] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "host",
    "http2-settings",
    "grpc-status",
    "grpc-timeout",
];

/// What says where a message ends and to whom it goes.
const FRAMING: [&str; 5] = ["content-length", "transfer-encoding", "trailer", "host", "upgrade"];

/// Can no edit change it?
pub(super) fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.contains(&name)
}

/// Is it for the proxy itself, and so not passed on?
pub(super) fn ends_here(name: &str) -> bool {
    name == "proxy-authorization"
}

pub(super) fn check(program: &Program<'_>, found: &mut Vec<Diagnostic>) {
    for node in program.files.iter().flat_map(|file| &file.nodes) {
        walk(node, found);
    }
}

fn walk(node: &Node<'_>, found: &mut Vec<Diagnostic>) {
    for child in &node.children {
        match (node.key(), child.key()) {
            ("headers", "remove") => names(child, usize::MAX, found),
            ("headers", _) | ("respond" | "fallback", "header") | (_, "correlation-id") => {
                names(child, 1, found)
            }
            ("route", "match") => matched(child, found),
            ("request" | "given", "header") => scripted(child.args().next(), found),
            (_, "given") => in_steps(child, found),
            _ => {}
        }
        walk(child, found);
    }
}

/// A line of a route that waits for what no request has, as conditions see it.
fn matched(line: &Node<'_>, found: &mut Vec<Diagnostic>) {
    for arg in line.args() {
        let named = match &arg.value {
            Value::Call { inputs, .. } => inputs.first().and_then(|input| text(&input.value)),
            Value::Methods(methods) if methods.iter().any(|method| method == "CONNECT") => {
                found.push(report::matched_connect(arg.span));
                None
            }
            _ => None,
        };
        let name = named.map(str::to_ascii_lowercase);
        if let Some(name) = name.filter(|name| is_forbidden(name) || ends_here(name)) {
            found.push(report::matched_header(arg.span, &name));
        }
    }
}

/// Of what a test sends or an upstream answers: the proxy's own framing is not a test's to write.
fn scripted(name: Option<&Arg>, found: &mut Vec<Diagnostic>) {
    let Some(arg) = name else { return };
    let name = text(&arg.value).map(str::to_ascii_lowercase);
    if let Some(name) = name.filter(|name| FRAMING.contains(&name.as_str())) {
        found.push(report::scripted_framing(arg.span, &name));
    }
}

/// `given NAME replies 503 { header … }, 200`.
fn in_steps(given: &Node<'_>, found: &mut Vec<Diagnostic>) {
    for arg in given.args() {
        let Value::Block(block) = &arg.value else { continue };
        for header in block.statements().filter(|statement| statement.key == "header") {
            scripted(header.args.first(), found);
        }
    }
}

/// Looks at the first `count` arguments.
fn names(node: &Node<'_>, count: usize, found: &mut Vec<Diagnostic>) {
    for arg in node.args().take(count) {
        let name = text(&arg.value).map(str::to_ascii_lowercase);
        if let Some(name) = name.filter(|name| is_forbidden(name)) {
            found.push(report::forbidden_header(arg.span, &name));
        }
    }
}
