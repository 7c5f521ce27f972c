//! What `intercept` must say, and that it must not capture the proxy itself.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use crate::conform::Node;
use crate::diagnostics::{Diagnostic, are_enough, file as missing, policy as report};
use crate::lower::{Lowered, text};
use crate::plan::{Plan, PortRange, Protocol, Upstream};
use crate::resolve::Program;
use crate::span::Span;

pub(super) fn check(program: &Program<'_>, lowered: &Lowered<'_>, found: &mut Vec<Diagnostic>) {
    let top = |key: &str| program.entry().iter().find(|node| node.key() == key);
    let (Some(node), Some(intercept)) = (top("intercept"), &lowered.plan.intercept) else { return };
    complete(node, found);
    if !node.wrote("ports") {
        return;
    }
    let ports = node.one("ports").map_or(node.statement.head(), |it| it.statement.args_span());
    if intercept.redirected().is_empty() && node.one("ports").is_some() {
        found.push(report::intercepts_nothing(ports));
    }
    if !is_reached(lowered.plan.listen.value) {
        let address = lowered.plan.listen.value;
        let span = top("listen").map_or(node.statement.head(), |it| it.statement.args_span());
        found.push(report::unreachable_listen(span, &address.to_string()));
    }
    let redirected = intercept.redirected();
    ambiguous(&redirected, lowered, found);
    for (own, span) in own(&lowered.plan, lowered, top("listen"), top("observe")) {
        captures(&redirected, own, ports, span, found);
    }
}

/// The port of a redirected connection says what it carries; the proxy does not wait for its bytes.
fn ambiguous(redirected: &[PortRange], lowered: &Lowered<'_>, found: &mut Vec<Diagnostic>) {
    let all = || lowered.plan.upstreams.iter().zip(&lowered.nodes);
    let is_tls = |upstream: &Upstream| upstream.protocol.value == Protocol::TlsPassthrough;
    let is_redirected = |port: &u16| redirected.iter().any(|it| it.contains(*port));
    // The first upstream that gets HTTP at a port.
    let mut http: BTreeMap<u16, (&Upstream, &Node<'_>)> = BTreeMap::new();
    for (upstream, node) in all().filter(|(upstream, _)| !upstream.protocol.value.is_opaque()) {
        for port in upstream.address.value.ports() {
            http.entry(port).or_insert((upstream, node));
        }
    }
    for (tls, node) in all().filter(|(upstream, _)| is_tls(upstream)) {
        if are_enough(found) {
            return;
        }
        for port in tls.address.value.ports().into_iter().filter(is_redirected) {
            if let Some((http, other)) = http.get(&port) {
                found.push(report::ambiguous_port(lives(node), port, &http.name, lives(other)));
            }
        }
    }
}

/// Where the address is written.
fn lives(node: &Node<'_>) -> Span {
    let written = node.one("address").or_else(|| node.one("addresses"));
    written.map_or(node.statement.head(), |address| address.statement.args_span())
}

/// `ports` and `on-exit` must be written, since no default suits everybody.
fn complete(node: &Node<'_>, found: &mut Vec<Diagnostic>) {
    let required = [
        ("ports", "say which ports are redirected: `ports 80, 443`"),
        (
            "on-exit",
            "say what becomes of redirected calls when the proxy ends: `on-exit open` lets them \
             go directly, `on-exit closed` refuses them until it is back",
        ),
    ];
    for (key, help) in required.into_iter().filter(|(key, _)| !node.wrote(key)) {
        let head = node.statement.head();
        found.push(missing::missing_setting(head, "`intercept`", key, help));
    }
}

/// The kernel redirects to the loopback address of either family.
fn is_reached(listen: SocketAddr) -> bool {
    let ip = listen.ip();
    ip.is_unspecified() || ip == Ipv4Addr::LOCALHOST || (ip.is_ipv6() && ip.is_loopback())
}

/// Everything that we listen on, and where that is written, if it is.
fn own(
    plan: &Plan,
    lowered: &Lowered<'_>,
    listen: Option<&Node<'_>>,
    observe: Option<&Node<'_>>,
) -> Vec<(SocketAddr, Option<Span>)> {
    let span = |node: &Node<'_>| node.statement.args_span();
    let mut own = vec![(plan.listen.value, listen.map(span))];
    let admin = observe.and_then(|observe| observe.one("admin")).map(span);
    own.extend(plan.observe.admin.iter().map(|address| (address.value, admin)));
    own.extend(lowered.nodes.iter().filter_map(|node| {
        let listen = node.one("listen")?;
        Some((text(listen.values().first()?)?.parse().ok()?, Some(span(listen))))
    }));
    own
}

fn captures(
    redirected: &[PortRange],
    own: SocketAddr,
    ports: Span,
    listen: Option<Span>,
    found: &mut Vec<Diagnostic>,
) {
    if redirected.iter().any(|range| range.contains(own.port())) {
        found.push(report::intercepts_itself(ports, own.port(), listen));
    }
}
