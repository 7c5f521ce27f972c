//! Layers as types: each place in the policy that says something, on top of the place below it.

use std::collections::BTreeMap;

use amb_policy_lang::plan::{self as policy, Block, Protocol, Settings, Whose};
use proc_macro2::Ident;

use super::owner::{Claim, Home, Owner};
use crate::calls::Calls;
use crate::names::ident;

/// Members of a policy that can be laid over others.
pub(crate) trait Layered: Clone + Default {
    /// Those that this place wrote.
    fn by(&self, owner: &Owner) -> Self;

    /// These, and those of the base where these say nothing.
    fn over(&self, base: &Self) -> Self;

    /// What one place wrote, seen from two of its users: one may hide what the other shows.
    fn joined(&self, other: &Self) -> Self {
        self.over(other)
    }

    /// Do both say the same, whoever wrote it?
    fn is_same(&self, other: &Self) -> bool;

    fn is_empty(&self) -> bool;
}

/// The last base: what holds where nobody says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Root {
    Language,
    Grpc,
}

impl Root {
    /// gRPC's, unless others build on the same layers.
    pub(super) fn of(path: &[Owner], calls: &Calls<'_>) -> Self {
        let is_grpc = calls.upstream.protocol.value == Protocol::Grpc;
        if is_grpc && !path.iter().any(Owner::is_shared) { Self::Grpc } else { Self::Language }
    }

    fn name(self) -> Ident {
        match self {
            Self::Language => ident("Language"),
            Self::Grpc => ident("GrpcLanguage"),
        }
    }
}

/// What the policy says about some calls.
pub(super) struct Stated<'a, M> {
    pub(super) root: Root,
    /// Who had a say, from the outside in.
    pub(super) path: Vec<Owner>,
    /// All that is not the language's default.
    pub(super) members: M,
    pub(super) docs: Option<(Owner, &'a [String])>,
    /// Is the innermost type needed, even if it changes nothing?
    pub(super) has_state: bool,
    /// Which of the members are an owner's.
    pub(super) wrote: fn(&M, &Owner) -> M,
    /// Do layers amount to what is stated?
    pub(super) amounts_to: fn(&M, &M) -> bool,
}

impl<'a, M: Layered> Stated<'a, M> {
    pub(super) fn new(path: Vec<Owner>, members: M) -> Self {
        let (wrote, amounts_to) = (M::by, M::is_same);
        Self {
            root: Root::Language,
            path,
            members,
            docs: None,
            has_state: false,
            wrote,
            amounts_to,
        }
    }

    /// The author's words above the innermost block.
    pub(super) fn with_docs(self, owner: Option<Owner>, docs: &'a [String]) -> Self {
        let docs = owner.filter(|_| !docs.is_empty()).map(|owner| (owner, docs));
        Self { docs, ..self }
    }
}

/// A type.
pub(crate) struct Layer<M> {
    pub(crate) name: Ident,
    pub(crate) base: Ident,
    pub(crate) owner: Owner,
    pub(crate) home: Home,
    /// What it says.
    pub(crate) own: M,
    /// What its base says, and the bases of that.
    pub(crate) beneath: M,
    /// The author's words.
    pub(crate) docs: Vec<String>,
    /// Indices of the calls that use it, ascending.
    pub(crate) users: Vec<usize>,
}

/// The types of one kind of policy.
pub(crate) struct Tree<M> {
    layers: Vec<Layer<M>>,
    /// By index of the calls.
    names: Vec<Option<Ident>>,
}

type Path = (Root, Vec<Owner>);

/// A layer before it is known whether it says anything.
#[derive(Default)]
struct Draft<M> {
    own: M,
    docs: Vec<String>,
    is_needed: bool,
    users: Vec<usize>,
}

impl<M: Layered> Tree<M> {
    /// Types of what calls use, where no layer hides what another says.
    pub(super) fn of_calls<'a>(
        claim: &mut Claim<'_, '_, 'a>,
        kind: &str,
        state: impl Fn(usize, &Calls<'a>) -> Option<Stated<'a, M>>,
    ) -> Self {
        Self::grow(claim, kind, state, |_| M::default())
    }

    /// `read` takes from settings what somebody wrote. So a layer says all that it says, even what those
    /// who build on it hide.
    pub(super) fn grow<'a>(
        claim: &mut Claim<'_, '_, 'a>,
        kind: &str,
        state: impl Fn(usize, &Calls<'a>) -> Option<Stated<'a, M>>,
        read: impl Fn(&'a Settings) -> M,
    ) -> Self {
        let stated = claim.calls.iter().enumerate().map(|(at, calls)| state(at, calls));
        let mut stated: Vec<_> = stated.collect();
        let shared = said(&claim.plan.blocks, read);
        write_out(&mut stated, &shared);
        let mut drafts = drafts(&stated, &shared);
        for (at, stated) in stated.iter().enumerate() {
            let Some(stated) = stated else { continue };
            let path = (stated.root, stated.path.clone());
            drafts.entry(path).or_default().users.push(at);
        }
        let names: BTreeMap<_, _> = drafts
            .iter()
            .filter(|(_, draft)| draft.is_needed())
            .filter_map(|(path, _)| Some((path.clone(), claim.name(&path.1, kind)?)))
            .collect();
        let used = |stated: &Stated<'_, M>| name(&names, stated.root, &stated.path);
        let by_calls = stated.iter().map(|stated| stated.as_ref().map(used)).collect();
        let layers = drafts.iter().filter_map(|(path, draft)| {
            let (root, owners) = path;
            let (owner, below) = owners.split_last()?;
            Some(Layer {
                name: names.get(path)?.clone(),
                base: name(&names, *root, below),
                owner: owner.clone(),
                home: claim.home(owners),
                own: draft.own.clone(),
                beneath: beneath(&drafts, *root, below),
                docs: draft.docs.clone(),
                users: draft.users.clone(),
            })
        });
        Self { layers: layers.collect(), names: by_calls }
    }

    /// Those that stand under that banner, bases first.
    pub(crate) fn of(&self, home: Home) -> impl Iterator<Item = &Layer<M>> {
        self.layers.iter().filter(move |layer| layer.home == home)
    }

    /// The type that those calls use.
    pub(crate) fn name(&self, calls: usize) -> Option<&Ident> {
        self.names.get(calls)?.as_ref()
    }
}

impl<M: Layered> Draft<M> {
    fn is_needed(&self) -> bool {
        self.is_needed || !self.own.is_empty() || !self.docs.is_empty()
    }
}

/// What layers say that several upstreams can build on.
fn said<'a, M: Layered>(
    blocks: &'a [Block],
    read: impl Fn(&'a Settings) -> M,
) -> BTreeMap<Owner, M> {
    let of = |block: &'a Block| {
        let owner = match &block.whose {
            Whose::Layer(policy::Layer::Baseline) => Owner::Baseline,
            Whose::Layer(policy::Layer::Defaults) => Owner::Defaults,
            Whose::Layer(policy::Layer::Policy(name)) => Owner::Policy(name.clone()),
            _ => return None,
        };
        let members = read(&block.settings).by(&owner);
        Some((owner, members))
    };
    blocks.iter().filter_map(of).collect()
}

/// What each place said.
fn drafts<M: Layered>(
    stated: &[Option<Stated<'_, M>>],
    shared: &BTreeMap<Owner, M>,
) -> BTreeMap<Path, Draft<M>> {
    let mut drafts: BTreeMap<Path, Draft<M>> = BTreeMap::new();
    for stated in stated.iter().flatten() {
        for (at, owner) in stated.path.iter().enumerate() {
            let path: Vec<_> = stated.path.iter().take(at + 1).cloned().collect();
            let is_last = path.len() == stated.path.len();
            let draft = drafts.entry((stated.root, path)).or_default();
            draft.own = draft.own.joined(&(stated.wrote)(&stated.members, owner));
            if let Some(said) = shared.get(owner) {
                draft.own = draft.own.joined(said);
            }
            draft.is_needed |= is_last && stated.has_state;
            if let Some((_, docs)) = stated.docs.as_ref().filter(|(whose, _)| whose == owner) {
                draft.docs = docs.to_vec();
            }
        }
    }
    drafts
}

/// Where layers do not amount to what is stated, such a policy is one layer as a whole.
fn write_out<M: Layered>(stated: &mut [Option<Stated<'_, M>>], shared: &BTreeMap<Owner, M>) {
    let drafts = drafts(stated, shared);
    for (at, stated) in stated.iter_mut().enumerate() {
        let Some(stated) = stated else { continue };
        let layers = beneath(&drafts, stated.root, &stated.path);
        if !(stated.amounts_to)(&layers, &stated.members) {
            stated.path = vec![Owner::Calls(at)];
            stated.wrote = |members, _| members.clone();
        }
    }
}

/// What the layers of a path amount to.
fn beneath<M: Layered>(drafts: &BTreeMap<Path, Draft<M>>, root: Root, path: &[Owner]) -> M {
    let prefixes = (1..=path.len()).filter_map(|length| path.get(..length));
    prefixes.fold(M::default(), |base, prefix| match drafts.get(&(root, prefix.to_vec())) {
        Some(draft) => draft.own.over(&base),
        None => base,
    })
}

/// The innermost type on a path that says anything.
fn name(names: &BTreeMap<Path, Ident>, root: Root, path: &[Owner]) -> Ident {
    let mut prefixes = (1..=path.len()).rev().filter_map(|length| path.get(..length));
    let named = prefixes.find_map(|prefix| names.get(&(root, prefix.to_vec())));
    named.cloned().unwrap_or_else(|| root.name())
}
