//! Edits of heads, in the order in which they run.

use amb_policy_lang::plan::{HeaderEdit, HeaderOp, HeaderValue, Layer, Origin, Sourced};

use super::owner::Owner;
use super::tree::{Layered, Stated};
use crate::calls::Calls;

/// An edit, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Edit<'a> {
    owner: Owner,
    pub(crate) edit: &'a Sourced<HeaderEdit>,
}

type Edits<'a> = Vec<Edit<'a>>;

/// What a place adds to the edits of others.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeaderMembers<'a> {
    pub(crate) request: Edits<'a>,
    /// From the baseline on.
    pub(crate) request_last: Edits<'a>,
    pub(crate) response: Edits<'a>,
    pub(crate) response_last: Edits<'a>,
}

impl<'a> HeaderMembers<'a> {
    fn each(&self, change: impl Fn(&Edits<'a>) -> Edits<'a>) -> Self {
        Self {
            request: change(&self.request),
            request_last: change(&self.request_last),
            response: change(&self.response),
            response_last: change(&self.response_last),
        }
    }

    fn pairwise(&self, other: &Self, join: impl Fn(&Edits<'a>, &Edits<'a>) -> Edits<'a>) -> Self {
        Self {
            request: join(&self.request, &other.request),
            request_last: join(&self.request_last, &other.request_last),
            response: join(&self.response, &other.response),
            response_last: join(&self.response_last, &other.response_last),
        }
    }

    fn lists(&self) -> [&Edits<'a>; 4] {
        [&self.request_last, &self.response_last, &self.request, &self.response]
    }
}

impl Layered for HeaderMembers<'_> {
    fn by(&self, owner: &Owner) -> Self {
        self.each(|edits| edits.iter().filter(|edit| edit.owner == *owner).cloned().collect())
    }

    fn over(&self, base: &Self) -> Self {
        self.pairwise(base, |own, base| base.iter().chain(own).cloned().collect())
    }

    fn joined(&self, other: &Self) -> Self {
        self.pairwise(other, |own, other| if own.is_empty() { other } else { own }.clone())
    }

    fn is_same(&self, other: &Self) -> bool {
        let same = |own: &Edits<'_>, other: &Edits<'_>| {
            let values = |edits: &Edits<'_>| {
                edits.iter().map(|edit| edit.edit.value.clone()).collect::<Vec<_>>()
            };
            values(own) == values(other)
        };
        self.lists().into_iter().zip(other.lists()).all(|(own, other)| same(own, other))
    }

    fn is_empty(&self) -> bool {
        self.lists().into_iter().all(Vec::is_empty)
    }
}

impl<'a> Stated<'a, HeaderMembers<'a>> {
    pub(super) fn headers(at: usize, calls: &Calls<'a>) -> Option<Self> {
        let (request, request_last) = split(&calls.settings.request_headers);
        let (response, response_last) = split(&calls.settings.response_headers);
        // An edit that speaks of `upstream.name` is another one for each upstream.
        let is_tied = |edit: &&Sourced<HeaderEdit>| {
            names_upstream(&edit.value) && owner(edit, false, at, calls).is_shared()
        };
        let all = [request, request_last, response, response_last].into_iter().flatten();
        let is_tied = all.into_iter().any(|edit| is_tied(&edit));
        let owned = |edits: &'a [Sourced<HeaderEdit>]| -> Edits<'a> {
            let edit = |edit| Edit { owner: owner(edit, is_tied, at, calls), edit };
            edits.iter().map(edit).collect()
        };
        let members = HeaderMembers {
            request: owned(request),
            request_last: owned(request_last),
            response: owned(response),
            response_last: owned(response_last),
        };
        (!members.is_empty()).then(|| Self::new(path(&members), members))
    }
}

/// What runs last begins with the baseline's own edits.
fn split(edits: &[Sourced<HeaderEdit>]) -> (&[Sourced<HeaderEdit>], &[Sourced<HeaderEdit>]) {
    let is_baseline = |edit: &Sourced<HeaderEdit>| {
        matches!(edit.origin, Origin::Written { layer: Layer::Baseline, .. })
    };
    edits.split_at(edits.iter().position(is_baseline).unwrap_or(edits.len()))
}

fn owner(edit: &Sourced<HeaderEdit>, is_tied: bool, at: usize, calls: &Calls<'_>) -> Owner {
    let owner = match &edit.origin {
        Origin::Written { layer, .. } => Owner::of(layer, at, calls),
        Origin::Language => Owner::Upstream(calls.home),
    };
    if is_tied && owner.is_shared() { Owner::Upstream(calls.home) } else { owner }
}

/// Who had a say, from the outside in: a named policy after those that come before it in a list.
fn path(members: &HeaderMembers<'_>) -> Vec<Owner> {
    let mut ranked: Vec<(u8, &Owner)> = Vec::new();
    for edits in members.lists() {
        let mut rank = 0;
        for Edit { owner, .. } in edits {
            rank = rank.max(match owner {
                Owner::Baseline | Owner::Policy(_) => 0,
                Owner::Defaults => 1,
                Owner::Upstream(_) => 2,
                Owner::Calls(_) => 3,
            });
            match ranked.iter_mut().find(|(_, other)| *other == owner) {
                Some((known, _)) => *known = rank.max(*known),
                None => ranked.push((rank, owner)),
            }
        }
    }
    ranked.sort_by_key(|(rank, owner)| (*rank, matches!(owner, Owner::Policy(_))));
    ranked.into_iter().map(|(_, owner)| owner.clone()).collect()
}

/// Does the edit's value differ from upstream to upstream?
fn names_upstream(edit: &HeaderEdit) -> bool {
    match &edit.op {
        HeaderOp::Set(value) | HeaderOp::Add(value) | HeaderOp::Default(value) => {
            *value == HeaderValue::UpstreamName
        }
        HeaderOp::Remove => false,
    }
}
