//! Lays the layers of a call over each other, field by field; the inner layer wins.
//!
//! Language default → `defaults` of the baseline → `defaults` of the file → upstream →
//! used policies → route. What a block writes itself beats what it `use`s. Header edits
//! append, and the baseline's run last, so that no service can undo a `remove`.

use std::collections::BTreeMap;

use super::names::{Definition, Kind, Program, named};
use crate::conform::Node;
use crate::limits::{EXTENDS, INHERITED};
use crate::plan::{Layer, Overlay};
use crate::schema::Scope;
use crate::syntax::ast::Value;

/// The settings that are layered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Timeout,
    Retry,
    Breaker,
    Fallback,
    CorrelationId,
    Trace,
}

impl Group {
    /// The block that its settings stand in, if it has one.
    pub(crate) const fn scope(self) -> Option<Scope> {
        match self {
            Self::Timeout => Some(Scope::Timeout),
            Self::Retry => Some(Scope::Retry),
            Self::Breaker => Some(Scope::Breaker),
            Self::Fallback | Self::CorrelationId | Self::Trace => None,
        }
    }
}

/// One effective value: the statement that sets it, and the layer of that statement.
#[derive(Clone, Debug)]
pub(crate) struct Field<'n> {
    pub(crate) node: &'n Node<'n>,
    pub(crate) layer: Layer,
}

/// What is in force for one upstream or route.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effective<'n> {
    /// By group and key; the key is empty for the group itself.
    fields: BTreeMap<(Group, &'static str), Field<'n>>,
    /// Who wrote in a group since it was last switched off, from the outside in.
    overlays: BTreeMap<Group, Vec<Overlay>>,
    request: Vec<Field<'n>>,
    response: Vec<Field<'n>>,
    /// The baseline's edits, which run last.
    last_request: Vec<Field<'n>>,
    last_response: Vec<Field<'n>>,
    /// The innermost block with a breaker is a route's.
    pub(crate) breaker_in_route: bool,
    /// Bytes of the statements that were laid over each other, those of outer blocks among them. Past
    /// what all calls may inherit no more are: the policy is refused then.
    pub(crate) weight: usize,
}

impl<'n> Effective<'n> {
    pub(crate) fn get(&self, group: Group, key: &'static str) -> Option<&Field<'n>> {
        self.fields.get(&(group, key))
    }

    /// The fields of a group with their keys.
    pub(crate) fn fields(&self, group: Group) -> impl Iterator<Item = (&'static str, &Field<'n>)> {
        self.fields
            .range((group, "")..)
            .take_while(move |((known, _), _)| *known == group)
            .map(|((_, key), field)| (*key, field))
    }

    /// The statement that switched a group on; `None` if it is off or never written.
    pub(crate) fn on(&self, group: Group) -> Option<&Field<'n>> {
        self.get(group, "").filter(|field| !off(field.node))
    }

    /// The statement that switched a group off, if that was the last word.
    pub(crate) fn switched_off(&self, group: Group) -> Option<&Field<'n>> {
        self.get(group, "").filter(|field| off(field.node))
    }

    /// Who had a say in a group, from the outside in.
    pub(crate) fn overlays(&self, group: Group) -> Vec<Overlay> {
        self.overlays.get(&group).cloned().unwrap_or_default()
    }

    /// Header edits in the order in which they run.
    pub(crate) fn request_edits(&self) -> impl Iterator<Item = &Field<'n>> {
        self.request.iter().chain(&self.last_request)
    }

    pub(crate) fn response_edits(&self) -> impl Iterator<Item = &Field<'n>> {
        self.response.iter().chain(&self.last_response)
    }

    /// Lays the settings of a block over what is there.
    pub(crate) fn apply(
        &mut self,
        program: &Program<'n>,
        file: usize,
        nodes: &'n [Node<'n>],
        layer: &Layer,
    ) {
        for used in nodes.iter().filter(|node| node.key() == "use") {
            let policy = named(used).and_then(|(name, _)| program.find(file, Kind::Policy, name));
            if let Some(policy) = policy {
                self.bundle(program, policy, layer, &mut Vec::new());
            }
        }
        for node in nodes {
            self.setting(program, file, node, layer, layer);
        }
    }

    /// The same of a baseline. Its edits run before those of baselines further out.
    pub(crate) fn apply_baseline(
        &mut self,
        program: &Program<'n>,
        file: usize,
        nodes: &'n [Node<'n>],
    ) {
        let (request, response) = (self.last_request.len(), self.last_response.len());
        self.apply(program, file, nodes, &Layer::Baseline);
        self.last_request.rotate_left(request);
        self.last_response.rotate_left(response);
    }

    /// `policy NAME`, after the policy that it extends.
    fn bundle(
        &mut self,
        program: &Program<'n>,
        policy: Definition<'n>,
        user: &Layer,
        seen: &mut Vec<(usize, &'n str)>,
    ) {
        // Two files may each have one of that name.
        if seen.len() > EXTENDS || seen.contains(&(policy.file, policy.name)) {
            return;
        }
        seen.push((policy.file, policy.name));
        if let Some(base) = base(program, policy) {
            self.bundle(program, base, user, seen);
        }
        let layer = program.layer(policy);
        for node in &policy.node.children {
            self.setting(program, policy.file, node, &layer, user);
        }
    }

    /// One setting written in `layer`, in force for the block `user`.
    fn setting(
        &mut self,
        program: &Program<'n>,
        file: usize,
        node: &'n Node<'n>,
        layer: &Layer,
        user: &Layer,
    ) {
        let group = match node.key() {
            "timeout" => Group::Timeout,
            "retry" => Group::Retry,
            "breaker" => Group::Breaker,
            "fallback" => Group::Fallback,
            "correlation-id" => Group::CorrelationId,
            "trace" => Group::Trace,
            "headers" => return self.headers(program, file, node, layer, user),
            _ => return,
        };
        self.weight += weight(node);
        if self.weight > INHERITED {
            return;
        }
        if group == Group::Breaker {
            self.breaker_in_route = *user == Layer::Route;
        }
        if off(node) {
            self.fields.retain(|(known, _), _| *known != group);
            self.overlays.remove(&group);
        }
        if let Some(definition) = defined(program, file, node) {
            let named = program.layer(definition);
            self.inherited(
                program,
                definition,
                &named,
                &mut Vec::new(),
                &mut |all, child, layer| {
                    all.put(group, child.key(), child, layer, user);
                },
            );
        }
        self.put(group, "", node, layer, user);
        if group == Group::Timeout && named(node).is_none() && !node.statement.args.is_empty() {
            self.put(group, "total", node, layer, user);
        }
        for child in &node.children {
            self.put(group, child.key(), child, layer, user);
        }
    }

    fn put(
        &mut self,
        group: Group,
        key: &'static str,
        node: &'n Node<'n>,
        layer: &Layer,
        user: &Layer,
    ) {
        self.fields.insert((group, key), Field { node, layer: layer.clone() });
        let overlay = Overlay { layer: layer.clone(), block: user.clone() };
        let overlays = self.overlays.entry(group).or_default();
        if overlays.last() != Some(&overlay) {
            overlays.push(overlay);
        }
    }

    /// The children of a definition, those of what it extends first.
    fn inherited(
        &mut self,
        program: &Program<'n>,
        definition: Definition<'n>,
        layer: &Layer,
        seen: &mut Vec<(usize, &'n str)>,
        take: &mut dyn FnMut(&mut Self, &'n Node<'n>, &Layer),
    ) {
        if seen.len() > EXTENDS || seen.contains(&(definition.file, definition.name)) {
            return;
        }
        seen.push((definition.file, definition.name));
        if let Some(base) = base(program, definition) {
            self.inherited(program, base, &program.layer(base), seen, take);
        }
        for child in &definition.node.children {
            self.weight += weight(child);
            if self.weight > INHERITED {
                return;
            }
            take(self, child, layer);
        }
    }

    fn headers(
        &mut self,
        program: &Program<'n>,
        file: usize,
        node: &'n Node<'n>,
        layer: &Layer,
        user: &Layer,
    ) {
        self.weight += weight(node);
        if self.weight > INHERITED {
            return;
        }
        let response = Kind::of(node) == Some(Kind::ResponseHeaders);
        let last = *user == Layer::Baseline;
        let mut add = |all: &mut Self, child: &'n Node<'n>, layer: &Layer| {
            let list = match (response, last) {
                (false, false) => &mut all.request,
                (false, true) => &mut all.last_request,
                (true, false) => &mut all.response,
                (true, true) => &mut all.last_response,
            };
            list.push(Field { node: child, layer: layer.clone() });
        };
        if let Some(definition) = defined(program, file, node) {
            let named = program.layer(definition);
            self.inherited(program, definition, &named, &mut Vec::new(), &mut add);
        }
        for child in &node.children {
            add(self, child, layer);
        }
    }
}

/// `retry off`.
pub(crate) fn off(node: &Node<'_>) -> bool {
    matches!(node.values().as_slice(), [Value::Name(word)] if word == "off")
}

/// What `retry NAME` refers to.
pub(crate) fn defined<'n>(
    program: &Program<'n>,
    file: usize,
    node: &Node<'n>,
) -> Option<Definition<'n>> {
    let (name, _) = named(node)?;
    program.find(file, Kind::of(node)?, name)
}

/// What a definition `extends`.
pub(crate) fn base<'n>(
    program: &Program<'n>,
    definition: Definition<'n>,
) -> Option<Definition<'n>> {
    let (name, _) = extended(definition.node)?;
    program.find(definition.file, definition.kind, name)
}

/// The name behind `extends`.
pub(crate) fn extended<'a>(node: &Node<'a>) -> Option<(&'a str, &'a crate::syntax::ast::Arg)> {
    let mut args =
        node.args().skip_while(|arg| !matches!(&arg.value, Value::Name(word) if word == "extends"));
    args.next()?;
    let arg = args.next()?;
    match &arg.value {
        Value::Name(name) => Some((name, arg)),
        _ => None,
    }
}

/// What a statement takes in every call that inherits it, in bytes: its text, its documentation, and
/// what any statement takes.
fn weight(node: &Node<'_>) -> usize {
    let span = node.statement.span();
    let docs: usize = node.statement.docs.iter().map(String::len).sum();
    span.end.saturating_sub(span.start) as usize + docs + 16
}
