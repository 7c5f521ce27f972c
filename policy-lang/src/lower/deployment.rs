//! The service itself: its name, where it listens, what it shows, and what happens to unknown calls.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{Cx, intercept, values};
use crate::conform::Node;
use crate::plan::{
    AccessLog, Guardrails, Layer, Observe, Otherwise, Percent, Place, Plan, Service, SourceFile,
    Sourced, Workers,
};
use crate::syntax::ast::Value;

/// Port of the proxy, unless `listen` says another.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 15001);
/// Port of the admin endpoint, if it serves metrics.
const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9901);

/// Everything but the upstreams, the tests and the sources.
pub(super) fn plan(cx: &Cx<'_, '_>) -> Plan {
    let entry = cx.program.entry();
    let top = |key: &str| entry.iter().find(|node| node.key() == key);
    Plan {
        sources: Vec::<SourceFile>::new(),
        service: service(cx, top("service")),
        listen: cx.written(top("listen"), socket).unwrap_or(Sourced::language(LISTEN)),
        intercept: intercept::intercept(cx, top("intercept")),
        observe: observe(cx, top("observe")),
        upstreams: Vec::new(),
        otherwise: cx
            .written(top("otherwise"), otherwise)
            .unwrap_or(Sourced::language(Otherwise::Reject)),
        guardrails: Guardrails::default(),
        tests: Vec::new(),
    }
}

fn service(cx: &Cx<'_, '_>, node: Option<&Node<'_>>) -> Service {
    let name = node.and_then(Node::name).map(|(name, _)| name.to_owned());
    let workers = cx.written(node.and_then(|node| node.one("workers")), workers);
    let baseline = cx.applied.map(|known| {
        Sourced::written(known.name.to_owned(), Layer::Baseline, cx.place(known.node))
    });
    Service {
        name: name.unwrap_or_default(),
        docs: node.map(|node| node.statement.docs.clone()).unwrap_or_default(),
        place: node.map_or(Place { file: 0, line: 1, column: 1 }, |node| cx.place(node)),
        workers: workers.unwrap_or(Sourced::language(Workers::Auto)),
        user: cx.written(node.and_then(|node| node.one("user")), |values| {
            values::count(values.first()?)
        }),
        baseline,
    }
}

fn workers(values: &[&Value]) -> Option<Workers> {
    match values {
        [Value::Name(_)] => Some(Workers::Auto),
        [value] => values::count(value).map(Workers::Exactly),
        _ => None,
    }
}

fn otherwise(values: &[&Value]) -> Option<Otherwise> {
    match values::word(values.first()?)? {
        "pass" => Some(Otherwise::Pass),
        _ => Some(Otherwise::Reject),
    }
}

pub(super) fn socket(values: &[&Value]) -> Option<SocketAddr> {
    values::text(values.first()?)?.parse().ok()
}

/// The file's settings over the baseline's, field by field.
struct Layered<'a, 'n, 'p> {
    cx: &'a Cx<'n, 'p>,
    own: Option<&'a Node<'n>>,
    baseline: Option<&'a Node<'n>>,
}

impl<'a, 'n> Layered<'a, 'n, '_> {
    fn inner(&self, key: &'static str) -> Layered<'a, 'n, '_> {
        let inner = |node: Option<&'a Node<'n>>| node.and_then(|node| node.one(key));
        Layered { cx: self.cx, own: inner(self.own), baseline: inner(self.baseline) }
    }

    /// The statement that holds, whichever layer it is in.
    fn node(&self) -> Option<(&'a Node<'n>, Layer)> {
        self.own
            .map(|own| (own, Layer::File))
            .or(self.baseline.map(|theirs| (theirs, Layer::Baseline)))
    }

    fn read<T>(
        &self,
        key: &'static str,
        read: impl Fn(&[&Value]) -> Option<T>,
    ) -> Option<Sourced<T>> {
        let (node, layer) = self.inner(key).node()?;
        Some(Sourced::written(read(&node.values())?, layer, self.cx.place(node)))
    }
}

fn observe(cx: &Cx<'_, '_>, own: Option<&Node<'_>>) -> Observe {
    let baseline = cx.applied.and_then(|known| known.node.one("observe"));
    let all = Layered { cx, own, baseline };
    let metrics = all.read("metrics", |_| Some(()));
    let admin = all.read("admin", socket);
    Observe {
        admin: admin.or_else(|| metrics.as_ref().map(|_| Sourced::language(ADMIN))),
        metrics,
        access_log: access_log(&all.inner("access-log")),
    }
}

fn access_log(log: &Layered<'_, '_, '_>) -> Option<AccessLog> {
    let (node, _) = log.node()?;
    let sample = log.read("sample", |values| values::percent(values.first()?));
    let names = |key| log.read(key, values::header_names).unwrap_or(Sourced::language(Vec::new()));
    Some(AccessLog {
        place: log.cx.place(node),
        sample: sample.unwrap_or(Sourced::language(Percent(1_000_000))),
        when_status: log.read("when", |values| values::all_codes(values.get(2..)?)),
        headers: names("headers"),
        redact: names("redact"),
    })
}
