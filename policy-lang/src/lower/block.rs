//! The blocks of the policy one by one, for whatever shows or writes each where it stands.

use super::{Cx, call};
use crate::conform::Node;
use crate::plan::{Block, Layer, Mark, Origin, Protocol, Upstream, Whose};
use crate::resolve::{Definition, Effective, Kind, base, defined, off};

/// The language's first, then from the outside in. `None`: see `language`.
pub(super) fn blocks(cx: &Cx<'_, '_>, upstreams: &[Upstream]) -> Option<Vec<Block>> {
    let mut blocks = vec![language(cx, Whose::Language, Protocol::Http1)?];
    if upstreams.iter().any(|upstream| upstream.protocol.value == Protocol::Grpc) {
        blocks.push(language(cx, Whose::Grpc, Protocol::Grpc)?);
    }
    blocks.extend(baseline(cx)?);
    let own = cx.program.entry().iter().filter(|node| node.key() == "defaults");
    for defaults in own {
        let whose = Whose::Layer(Layer::Defaults);
        blocks.push(block(cx, whose, &Layer::Defaults, (0, &defaults.children))?);
    }
    for known in used(cx) {
        blocks.push(definition(cx, known)?);
    }
    for (at, known) in cx.program.upstreams().enumerate() {
        let nodes = (known.file, known.node.children.as_slice());
        blocks.push(block(cx, Whose::Upstream(at), &Layer::Upstream, nodes)?);
        let routes = upstreams.get(at).map(|upstream| upstream.routes.as_slice());
        // Both stand in the order of the file.
        let mut written = known.node.children.iter().filter(|child| child.key() == "route");
        for (number, route) in routes.unwrap_or_default().iter().enumerate() {
            let node = written.find(|node| cx.place(node) == route.place);
            let nodes = (known.file, node.map_or(&[][..], |node| node.children.as_slice()));
            blocks.push(block(cx, Whose::Route(at, number), &Layer::Route, nodes)?);
        }
    }
    Some(blocks)
}

fn language(cx: &Cx<'_, '_>, whose: Whose, protocol: Protocol) -> Option<Block> {
    Some(Block { whose, marks: Vec::new(), settings: call::of_language(cx, protocol)? })
}

/// `Some(None)`: no baseline applies.
fn baseline(cx: &Cx<'_, '_>) -> Option<Option<Block>> {
    let (mut effective, mut marks) = (Effective::default(), Vec::new());
    for known in cx.applied {
        for defaults in known.node.all("defaults") {
            effective.apply_baseline(cx.program, known.file, &defaults.children);
            marks.extend(self::marks(cx, &Layer::Baseline, (known.file, &defaults.children)));
        }
    }
    if cx.applied.is_empty() {
        return Some(None);
    }
    let settings = call::settings(cx, &effective, Protocol::Http1)?;
    Some(Some(Block { whose: Whose::Layer(Layer::Baseline), marks, settings }))
}

/// What nodes of a file say in a layer.
fn block<'n>(
    cx: &Cx<'n, '_>,
    whose: Whose,
    layer: &Layer,
    (file, nodes): (usize, &'n [Node<'n>]),
) -> Option<Block> {
    let mut effective = Effective::default();
    effective.apply(cx.program, file, nodes, layer);
    let settings = call::settings(cx, &effective, Protocol::Http1)?;
    Some(Block { whose, marks: marks(cx, layer, (file, nodes)), settings })
}

fn definition(cx: &Cx<'_, '_>, known: Definition<'_>) -> Option<Block> {
    let layer = cx.program.layer(known);
    let nodes = match known.kind {
        Kind::Policy => known.node.children.as_slice(),
        _ => std::slice::from_ref(known.node),
    };
    let whose = Whose::Layer(layer.clone());
    let mut block = block(cx, whose, &layer, (known.file, nodes))?;
    if known.kind != Kind::Policy {
        block.marks.clear();
    }
    let extends = base(cx.program, known)
        .map(|base| mark(cx, &layer, known.node, "extends", called(cx, base)));
    block.marks.extend(extends);
    Some(block)
}

/// A definition by its name alone.
fn called(cx: &Cx<'_, '_>, known: Definition<'_>) -> String {
    let title = cx.program.layer(known).to_string();
    title.rsplit(' ').next().unwrap_or_default().to_owned()
}

/// The named policies in use, file by file.
fn used<'n>(cx: &Cx<'n, '_>) -> Vec<Definition<'n>> {
    let mut open: Vec<Definition<'n>> = Vec::new();
    for known in cx.applied {
        let defaults = known.node.all("defaults");
        open.extend(defaults.flat_map(|it| references(cx, known.file, &it.children)));
    }
    for defaults in cx.program.entry().iter().filter(|node| node.key() == "defaults") {
        open.extend(references(cx, 0, &defaults.children));
    }
    for known in cx.program.upstreams() {
        open.extend(references(cx, known.file, &known.node.children));
        let routes = known.node.children.iter().filter(|child| child.key() == "route");
        open.extend(routes.flat_map(|route| references(cx, known.file, &route.children)));
    }
    let mut used: Vec<Definition<'n>> = Vec::new();
    while let Some(known) = open.pop() {
        if used.iter().any(|other| std::ptr::eq(other.node, known.node)) {
            continue;
        }
        used.push(known);
        open.extend(base(cx.program, known));
        open.extend(references(cx, known.file, &known.node.children));
    }
    let all = cx.program.definitions.iter().flatten().copied();
    all.filter(|known| used.iter().any(|other| std::ptr::eq(other.node, known.node))).collect()
}

/// The named policies that nodes of a file refer to.
fn references<'n>(cx: &Cx<'n, '_>, file: usize, nodes: &[Node<'n>]) -> Vec<Definition<'n>> {
    let refers = |node: &&Node<'n>| group(node).is_some() || node.key() == "use";
    nodes.iter().filter(refers).filter_map(|node| defined(cx.program, file, node)).collect()
}

fn marks(cx: &Cx<'_, '_>, layer: &Layer, (file, nodes): (usize, &[Node<'_>])) -> Vec<Mark> {
    let of = |node: &Node<'_>| {
        let group = if node.key() == "use" { "use" } else { group(node)? };
        let is_block = matches!(node.key(), "retry" | "breaker");
        let value = match defined(cx.program, file, node) {
            Some(known) => called(cx, known),
            None if off(node) => "off".to_owned(),
            None if is_block && node.children.is_empty() => "on".to_owned(),
            None => return None,
        };
        Some(mark(cx, layer, node, group, value))
    };
    nodes.iter().filter(|node| node.sound).filter_map(of).collect()
}

fn mark(
    cx: &Cx<'_, '_>,
    layer: &Layer,
    node: &Node<'_>,
    group: &'static str,
    value: String,
) -> Mark {
    let origin = Origin::Written { layer: layer.clone(), place: cx.place(node) };
    Mark { group, value, origin }
}

/// The group of settings that a statement is about.
fn group(node: &Node<'_>) -> Option<&'static str> {
    match node.key() {
        "headers" if Kind::of(node) == Some(Kind::ResponseHeaders) => Some("headers response"),
        "headers" => Some("headers request"),
        key @ ("timeout" | "retry" | "breaker" | "fallback" | "correlation-id" | "trace") => {
            Some(key)
        }
        _ => None,
    }
}
