//! Header fields that belong to a connection, not to a message (RFC 9110 §7.6.1), cannot
//! be edited; neither can what frames the message or names its host.

use crate::conform::Node;
use crate::diagnostics::{Diagnostic, policy as report};
use crate::lower::text;
use crate::resolve::Program;

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
            _ => {}
        }
        walk(child, found);
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
