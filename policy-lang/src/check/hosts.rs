//! Who gets a call: every host name belongs to one upstream, every port to one listener.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::conform::Node;
use crate::diagnostics::{Diagnostic, policy as report};
use crate::lower::{Lowered, text};
use crate::plan::Upstream;
use crate::resolve::Program;
use crate::span::Span;

pub(super) fn check(program: &Program<'_>, lowered: &Lowered<'_>, found: &mut Vec<Diagnostic>) {
    names(lowered, found);
    listeners(program, lowered, found);
}

fn names(lowered: &Lowered<'_>, found: &mut Vec<Diagnostic>) {
    let mut taken: BTreeMap<String, Vec<(&Upstream, Span)>> = BTreeMap::new();
    for (upstream, node) in lowered.plan.upstreams.iter().zip(&lowered.nodes) {
        for (host, span) in upstream.hosts.iter().zip(spans(node, upstream.hosts.len())) {
            let name = host.value.to_string();
            let owners = taken.entry(name.clone()).or_default();
            match owners.iter().find(|(owner, _)| share(owner, upstream)) {
                Some((owner, _)) if owner.name == upstream.name => {}
                Some((owner, earlier)) => {
                    found.push(report::duplicate_host(span, &name, &owner.name, *earlier));
                }
                None => owners.push((upstream, span)),
            }
        }
    }
}

/// Would two upstreams that share a name claim the same traffic? The name alone tells requests apart;
/// for bytes the port counts as well.
fn share(a: &Upstream, b: &Upstream) -> bool {
    let opaque = a.protocol.value.is_opaque() || b.protocol.value.is_opaque();
    let theirs = b.address.value.ports();
    !opaque || a.address.value.ports().iter().any(|port| theirs.contains(port))
}

/// Where the hosts of an upstream are written, in the plan's order: the last ones are `hosts`.
fn spans(node: &Node<'_>, count: usize) -> Vec<Span> {
    let listed: Vec<Span> = node.all("hosts").flat_map(Node::args).map(|arg| arg.span).collect();
    let own = node.one("address").map(|address| address.statement.args_span());
    let own = own.filter(|_| listed.len() < count);
    own.into_iter().chain(listed).collect()
}

/// An address we listen on; without a span it is a default.
struct Listener {
    address: SocketAddr,
    span: Option<Span>,
}

fn listeners(program: &Program<'_>, lowered: &Lowered<'_>, found: &mut Vec<Diagnostic>) {
    let top = |key: &str| program.entry().iter().find(|node| node.key() == key);
    let plan = &lowered.plan;
    let own = Listener { address: plan.listen.value, span: top("listen").map(span) };
    let admin = top("observe").and_then(|observe| observe.one("admin")).map(span);
    let admin =
        plan.observe.admin.as_ref().map(|address| Listener { address: address.value, span: admin });
    let theirs = lowered.nodes.iter().filter_map(|node| {
        let listen = node.one("listen")?;
        let address = text(listen.values().first()?)?.parse().ok()?;
        Some(Listener { address, span: Some(span(listen)) })
    });
    let mut taken: Vec<Listener> = Vec::new();
    for listener in [own].into_iter().chain(admin).chain(theirs) {
        if let Some(earlier) = taken.iter().find(|earlier| clash(earlier.address, listener.address))
        {
            found.extend(told(earlier, &listener));
        }
        taken.push(listener);
    }
}

fn told(earlier: &Listener, later: &Listener) -> Option<Diagnostic> {
    let address = later.address.to_string();
    match (earlier.span, later.span) {
        (Some(first), Some(span)) => Some(report::duplicate_listen(span, &address, first)),
        (Some(span), None) | (None, Some(span)) => {
            Some(report::default_listen_taken(span, &address))
        }
        (None, None) => None,
    }
}

/// Port 0 is a free one each time.
fn clash(a: SocketAddr, b: SocketAddr) -> bool {
    let anywhere = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && (a.ip() == b.ip() || anywhere)
}

fn span(node: &Node<'_>) -> Span {
    node.statement.args_span()
}
