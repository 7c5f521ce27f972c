//! `upstream NAME { … }`: where a service lives, by which names it is dialled, its calls.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::language::language;
use super::{Call, Cx, call, deployment, route, values};
use crate::conform::Node;
use crate::diagnostics::{file as missing, policy as report, setting};
use crate::plan::{Address, Balance, HostPattern, Layer, Protocol, Sourced, Upstream};
use crate::resolve::{Definition, Effective, Group};
use crate::schema::Scope;
use crate::span::Span;
use crate::syntax::ast::Value;

type All<'n> = (Vec<Upstream>, Vec<Call<'n>>, Vec<&'n Node<'n>>);

/// `None`: see [`language`].
pub(super) fn upstreams<'n>(cx: &mut Cx<'n, '_>) -> Option<All<'n>> {
    let outer = outer(cx);
    let (mut upstreams, mut calls, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
    for known in cx.program.upstreams() {
        let own = upstream(cx, upstreams.len(), known, &outer, &mut calls)?;
        upstreams.push(own);
        nodes.push(known.node);
    }
    keep_distinct(&mut upstreams, &nodes);
    Some((upstreams, calls, nodes))
}

/// What every upstream starts from: the defaults of the baselines, then the file's.
fn outer<'n>(cx: &Cx<'n, '_>) -> Effective<'n> {
    let mut outer = Effective::default();
    let program = cx.program;
    for baseline in cx.applied {
        for defaults in baseline.node.all("defaults") {
            outer.apply_baseline(program, baseline.file, &defaults.children);
        }
    }
    for defaults in program.entry().iter().filter(|node| node.key() == "defaults") {
        outer.apply(program, 0, &defaults.children, &Layer::Defaults);
    }
    outer
}

fn upstream<'n>(
    cx: &mut Cx<'n, '_>,
    index: usize,
    known: Definition<'n>,
    outer: &Effective<'n>,
    calls: &mut Vec<Call<'n>>,
) -> Option<Upstream> {
    let node = known.node;
    let span = node.name().map_or(node.statement.key_span, |(_, arg)| arg.span);
    let mut effective = outer.clone();
    effective.apply(cx.program, known.file, &node.children, &Layer::Upstream);
    cx.bear(&effective, span)?;
    let protocol = protocol(cx, node)?;
    let opaque = protocol.value.is_opaque();
    let swallowed = node.swallowed("timeout");
    let bounded = !opaque
        && !swallowed
        && bounded(cx, &effective, &format!("upstream `{}`", known.name), span);
    let settings = match opaque {
        true => call::of_bytes(cx, &effective)?,
        false => call::settings(cx, &effective, protocol.value)?,
    };
    calls.push(Call { upstream: index, route: None, effective: effective.clone(), span });
    let mut routes = Vec::new();
    for inner in node.children.iter().filter(|child| child.key() == "route" && !opaque) {
        let mut layered = effective.clone();
        layered.apply(cx.program, known.file, &inner.children, &Layer::Route);
        let span = inner.name().map_or(inner.statement.key_span, |(_, arg)| arg.span);
        cx.bear(&layered, span)?;
        let settings = call::settings(cx, &layered, protocol.value)?;
        if let Some(route) = route::route(cx, inner, settings) {
            if bounded && !inner.swallowed("timeout") {
                self::bounded(cx, &layered, &format!("route `{}`", route.name), span);
            }
            calls.push(Call {
                upstream: index,
                route: Some(routes.len()),
                effective: layered,
                span,
            });
            routes.push(route);
        }
    }
    let address = address(cx, node, span, known.name);
    Some(Upstream {
        name: known.name.to_owned(),
        docs: node.statement.docs.clone(),
        place: cx.place(node),
        hosts: hosts(cx, node, &address, span, protocol.value),
        address,
        listen: of_upstream(cx.written(node.one("listen"), deployment::socket)),
        protocol,
        connections: of_upstream(connections(cx, node)),
        balance: balance(cx, node)?,
        settings,
        routes,
    })
}

/// `limits { connections N }`.
fn connections(cx: &Cx<'_, '_>, node: &Node<'_>) -> Option<Sourced<u32>> {
    cx.written(node.one("limits")?.one("connections"), |values| values::count(values.first()?))
}

/// A call must end: `total` has no default.
fn bounded(cx: &mut Cx<'_, '_>, effective: &Effective<'_>, place: &str, span: Span) -> bool {
    let written = effective.get(Group::Timeout, "total").is_some();
    if !written {
        cx.found.push(report::missing_total(span, place));
    }
    written
}

fn of_upstream<T>(written: Option<Sourced<T>>) -> Option<Sourced<T>> {
    let written = written?;
    let place = written.place()?;
    Some(Sourced::written(written.value, Layer::Upstream, place))
}

/// What a line of the upstream says, or else what the language says.
fn or_language<T>(
    cx: &Cx<'_, '_>,
    line: Option<&Node<'_>>,
    key: &'static str,
    read: impl Fn(&[&Value]) -> Option<T>,
) -> Option<Sourced<T>> {
    let written = line.and_then(|line| {
        Some(Sourced::written(read(&line.values())?, Layer::Upstream, cx.place(line)))
    });
    // No setting of these differs with the protocol.
    written.or_else(|| language(Scope::Upstream, key, Protocol::Http1, read))
}

fn balance(cx: &Cx<'_, '_>, node: &Node<'_>) -> Option<Sourced<Balance>> {
    or_language(cx, node.one("balance"), "balance", |_| Some(Balance::RoundRobin))
}

/// The protocol of the upstream, even if the proxy does not carry it out yet: the checks of its other
/// settings depend on it.
fn protocol(cx: &Cx<'_, '_>, node: &Node<'_>) -> Option<Sourced<Protocol>> {
    let line = node.children.iter().find(|child| child.key() == "protocol");
    or_language(cx, line, "protocol", |values| match values::word(values.first()?)? {
        "http1" => Some(Protocol::Http1),
        "http2" => Some(Protocol::Http2),
        "grpc" => Some(Protocol::Grpc),
        "auto" => Some(Protocol::Auto),
        "tcp" => Some(Protocol::Tcp),
        "tls-passthrough" => Some(Protocol::TlsPassthrough),
        _ => None,
    })
}

fn address(cx: &mut Cx<'_, '_>, node: &Node<'_>, span: Span, name: &str) -> Sourced<Address> {
    let find = |key: &str| node.children.iter().find(|child| child.key() == key);
    let (one, several) = (find("address"), find("addresses"));
    if let (Some(one), Some(several)) = (one, several) {
        let (first, second) = (one.statement.key_span, several.statement.key_span);
        cx.found.push(setting::conflicting(second, "addresses", first, "address"));
    }
    if !node.wrote("address") && !node.wrote("addresses") {
        let help = "say where it lives: `address \"host:port\"`";
        cx.found.push(missing::missing_setting(
            span,
            &format!("upstream `{name}`"),
            "address",
            help,
        ));
    }
    let written = cx.written(one, |values| dialled(values::text(values.first()?)?));
    let written = written.or_else(|| cx.written(several, fixed_addresses));
    of_upstream(written).unwrap_or(Sourced::language(Address::Fixed(Vec::new())))
}

/// The address that is written `host:port`.
pub(crate) fn dialled(written: &str) -> Option<Address> {
    if let Ok(socket) = written.parse::<SocketAddr>() {
        return Some(Address::Fixed(vec![socket]));
    }
    let (host, port) = written.rsplit_once(':')?;
    Some(Address::Dns { host: host.to_ascii_lowercase(), port: port.parse().ok()? })
}

fn fixed_addresses(values: &[&Value]) -> Option<Address> {
    let sockets: Option<Vec<SocketAddr>> =
        values.iter().map(|value| values::text(value)?.parse().ok()).collect();
    sockets.map(Address::Fixed)
}

/// The address's own host first, then `hosts`. Bytes are told by their address anyway, so an IP address is
/// a name of theirs only where no other is written; see [`keep_distinct`] for requests.
fn hosts(
    cx: &mut Cx<'_, '_>,
    node: &Node<'_>,
    address: &Sourced<Address>,
    span: Span,
    protocol: Protocol,
) -> Vec<Sourced<HostPattern>> {
    let mut hosts: Vec<Sourced<HostPattern>> = Vec::new();
    let named = is_named(node);
    let own = match &address.value {
        Address::Dns { host, .. } => Some(host.clone()),
        Address::Fixed(sockets) if node.wrote("address") && !(named && protocol.is_opaque()) => {
            sockets.first().map(|socket| socket.ip().to_canonical().to_string())
        }
        Address::Fixed(_) => None,
    };
    hosts.extend(
        own.map(|host| Sourced { value: HostPattern::Exact(host), origin: address.origin.clone() }),
    );
    for list in node.all("hosts") {
        let place = cx.place(list);
        let written = list.values().into_iter().filter_map(values::text).map(host_pattern);
        hosts.extend(written.map(|host| Sourced::written(host, Layer::Upstream, place)));
    }
    // Bytes can be told by the address that they are sent to.
    let by_name = !protocol.is_opaque();
    if by_name && hosts.is_empty() && !named && node.one("addresses").is_some() {
        let help = "say by which name it is dialled: `hosts \"name\"`, or give it a `listen` port";
        cx.found.push(missing::missing_setting(
            span,
            "an upstream with `addresses`",
            "hosts",
            help,
        ));
    }
    hosts
}

fn is_named(node: &Node<'_>) -> bool {
    node.wrote("hosts") || node.wrote("listen")
}

/// Takes the IP address away as a name where it tells nothing and there is another way to dial the upstream:
/// others have that address as well, or it is loopback, which is also where callers reach the proxy.
fn keep_distinct(upstreams: &mut [Upstream], nodes: &[&Node<'_>]) {
    let mut owners: BTreeMap<HostPattern, usize> = BTreeMap::new();
    for upstream in upstreams.iter().filter(|upstream| !upstream.protocol.value.is_opaque()) {
        let names: BTreeSet<_> = upstream.hosts.iter().map(|host| &host.value).collect();
        for name in names {
            *owners.entry(name.clone()).or_default() += 1;
        }
    }
    for (upstream, node) in upstreams.iter_mut().zip(nodes) {
        let Address::Fixed(sockets) = &upstream.address.value else { continue };
        let Some(ip) = sockets.first().map(|socket| socket.ip().to_canonical()) else { continue };
        let own = HostPattern::Exact(ip.to_string());
        let first = upstream.hosts.first().is_some_and(|host| host.value == own);
        // Written once more in `hosts`, it stays.
        let written = upstream.hosts.iter().skip(1).any(|host| host.value == own);
        let told = node.one("address").is_some() && is_named(node);
        let told = told && !upstream.protocol.value.is_opaque();
        let shared = owners.get(&own).is_some_and(|owners| *owners > 1);
        if first && told && (written || shared || ip.is_loopback()) {
            upstream.hosts.remove(0);
        }
    }
}

fn host_pattern(written: &str) -> HostPattern {
    let lower = written.to_ascii_lowercase();
    match lower.strip_prefix('*') {
        Some(suffix) => HostPattern::Suffix(suffix.to_owned()),
        None => HostPattern::Exact(lower.trim_start_matches('[').trim_end_matches(']').to_owned()),
    }
}
