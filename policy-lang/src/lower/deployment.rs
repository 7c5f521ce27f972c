//! The service itself: its name, where it listens, what it shows, and what happens to unknown calls.

use std::net::SocketAddr;

use super::language::language;
use super::{Cx, intercept, values};
use crate::conform::Node;
use crate::plan::{
    AccessLog, Guardrails, Layer, Observe, Otherwise, Place, Plan, Protocol, Service, SourceFile,
    Sourced, Workers,
};
use crate::schema::Scope;
use crate::syntax::ast::Value;

/// Everything but the upstreams, the blocks, the tests and the sources. `None`: see [`language`].
pub(super) fn plan(cx: &Cx<'_, '_>) -> Option<Plan> {
    let entry = cx.program.entry();
    let top = |key: &str| entry.iter().find(|node| node.key() == key);
    Some(Plan {
        sources: Vec::<SourceFile>::new(),
        service: service(cx, top("service"))?,
        listen: cx
            .written(top("listen"), socket)
            .or_else(|| default(Scope::File, "listen", socket))?,
        intercept: intercept::intercept(cx, top("intercept")),
        observe: observe(cx, top("observe"))?,
        upstreams: Vec::new(),
        otherwise: cx
            .written(top("otherwise"), otherwise)
            .unwrap_or(Sourced::language(Otherwise::Reject)),
        blocks: Vec::new(),
        guardrails: Guardrails::default(),
        tests: Vec::new(),
    })
}

/// Of settings that do not differ with a protocol.
fn default<T>(
    scope: Scope,
    key: &'static str,
    read: impl Fn(&[&Value]) -> Option<T>,
) -> Option<Sourced<T>> {
    language(scope, key, Protocol::Http1, read)
}

fn service(cx: &Cx<'_, '_>, node: Option<&Node<'_>>) -> Option<Service> {
    let name = node.and_then(Node::name).map(|(name, _)| name.to_owned());
    let written = cx.written(node.and_then(|node| node.one("workers")), workers);
    // The one that is closest to the policy.
    let baseline = cx.applied.last().map(|known| {
        Sourced::written(known.name.to_owned(), Layer::Baseline, cx.place(known.node))
    });
    Some(Service {
        name: name.unwrap_or_default(),
        docs: node.map(|node| node.statement.docs.clone()).unwrap_or_default(),
        place: node.map_or(Place { file: 0, line: 1, column: 1 }, |node| cx.place(node)),
        workers: written.or_else(|| default(Scope::Service, "workers", workers))?,
        user: cx.written(node.and_then(|node| node.one("user")), |values| {
            values::count(values.first()?)
        }),
        baseline,
    })
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

/// The file's settings over those of the baselines, field by field.
struct Layered<'a, 'n, 'p> {
    cx: &'a Cx<'n, 'p>,
    own: Option<&'a Node<'n>>,
    /// The nearest one first.
    baselines: Vec<&'a Node<'n>>,
}

impl<'a, 'n> Layered<'a, 'n, '_> {
    fn inner(&self, key: &'static str) -> Layered<'a, 'n, '_> {
        let baselines = self.baselines.iter().filter_map(|node| node.one(key)).collect();
        Layered { cx: self.cx, own: self.own.and_then(|node| node.one(key)), baselines }
    }

    /// The statement that holds, whichever layer it is in.
    fn node(&self) -> Option<(&'a Node<'n>, Layer)> {
        self.own
            .map(|own| (own, Layer::File))
            .or(self.baselines.first().map(|theirs| (*theirs, Layer::Baseline)))
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

fn observe(cx: &Cx<'_, '_>, own: Option<&Node<'_>>) -> Option<Observe> {
    let nearest_first = cx.applied.iter().rev();
    let baselines = nearest_first.filter_map(|known| known.node.one("observe")).collect();
    let all = Layered { cx, own, baselines };
    let metrics = all.read("metrics", |_| Some(()));
    let admin = match (all.read("admin", socket), &metrics) {
        (None, Some(_)) => Some(default(Scope::Observe, "admin", socket)?),
        (written, _) => written,
    };
    let log = all.inner("access-log");
    let access_log = match log.node() {
        Some((node, _)) => Some(access_log(&log, node)?),
        None => None,
    };
    Some(Observe { metrics, access_log, admin })
}

fn access_log(log: &Layered<'_, '_, '_>, node: &Node<'_>) -> Option<AccessLog> {
    let share = |values: &[&Value]| values::percent(values.first()?);
    let names = |key| log.read(key, values::header_names).unwrap_or(Sourced::language(Vec::new()));
    Some(AccessLog {
        place: log.cx.place(node),
        sample: log.read("sample", share).or_else(|| default(Scope::AccessLog, "sample", share))?,
        when_status: log.read("when", |values| values::all_codes(values.get(2..)?)),
        headers: names("headers"),
        redact: names("redact"),
    })
}
