//! Who says something, and what that is called.

use amb_policy_lang::plan::{Layer, Origin, Overlay, Plan};
use proc_macro2::Ident;

use crate::calls::Calls;
use crate::names::{Scope, pascal};

/// A place in the policy that can have a say. In the order in which types are written down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// `defaults` of the baseline.
    Baseline,
    /// `defaults` of the file.
    Defaults,
    /// A named policy, with its kind.
    Policy(String),
    /// Index into `Plan::upstreams`.
    Upstream(usize),
    /// Index of the calls.
    Calls(usize),
}

/// Where a type stands: under which banner, and there with which route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Shared,
    /// Index of the upstream.
    Upstream(usize),
    /// With its route: index of the calls.
    Route(usize),
}

impl Owner {
    /// Who wrote in a layer, seen from the calls with that index.
    pub(crate) fn of(layer: &Layer, at: usize, calls: &Calls<'_>) -> Self {
        match layer {
            Layer::Baseline => Self::Baseline,
            Layer::Defaults | Layer::File => Self::Defaults,
            Layer::Policy(name) => Self::Policy(name.clone()),
            Layer::Upstream => Self::Upstream(calls.home),
            Layer::Route => Self::Calls(at),
        }
    }

    /// From the outside in, each once: where a layer comes twice, the later one hides the earlier.
    pub(super) fn path(overlays: &[Overlay], at: usize, calls: &Calls<'_>) -> Vec<Self> {
        let mut path = Vec::new();
        overlays.iter().for_each(|overlay| Self::lay(&mut path, overlay, at, calls));
        path
    }

    /// The same, with the upstream among them even if it says nothing.
    pub(super) fn path_with_upstream(
        overlays: &[Overlay],
        at: usize,
        calls: &Calls<'_>,
    ) -> Vec<Self> {
        let in_route = overlays.iter().position(|overlay| overlay.block == Layer::Route);
        let (outer, inner) = overlays.split_at(in_route.unwrap_or(overlays.len()));
        let mut path = Self::path(outer, at, calls);
        if !path.contains(&Self::Upstream(calls.home)) {
            path.push(Self::Upstream(calls.home));
        }
        inner.iter().for_each(|overlay| Self::lay(&mut path, overlay, at, calls));
        path
    }

    fn lay(path: &mut Vec<Self>, overlay: &Overlay, at: usize, calls: &Calls<'_>) {
        let owner = Self::of(&overlay.layer, at, calls);
        path.retain(|earlier| *earlier != owner);
        path.push(owner);
    }

    /// Can several upstreams build on it?
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self, Self::Baseline | Self::Defaults | Self::Policy(_))
    }

    /// Is it whose value that is? What the language says of gRPC is said of the upstream that speaks it.
    pub(super) fn wrote(&self, origin: &Origin) -> bool {
        match (self, origin) {
            (Self::Upstream(_), Origin::Language) => true,
            (_, Origin::Language) => false,
            (owner, Origin::Written { layer, .. }) => match (owner, layer) {
                (Self::Baseline, Layer::Baseline)
                | (Self::Defaults, Layer::Defaults | Layer::File)
                | (Self::Upstream(_), Layer::Upstream)
                | (Self::Calls(_), Layer::Route) => true,
                (Self::Policy(name), Layer::Policy(other)) => name == other,
                _ => false,
            },
        }
    }
}

/// `headers request acme.web` as `AcmeWeb`.
fn without_kind(title: &str) -> String {
    pascal(title.rsplit(' ').next().unwrap_or(title))
}

/// Gives names to what calls use.
pub(crate) struct Claim<'s, 'c, 'a> {
    pub(super) scope: &'s mut Scope,
    pub(super) plan: &'a Plan,
    pub(super) calls: &'c [Calls<'a>],
}

impl Claim<'_, '_, '_> {
    /// `AcmeRetry`, `PaymentChargeRetry`.
    pub(super) fn name(&mut self, path: &[Owner], kind: &str) -> Option<Ident> {
        let owner = path.last()?;
        let calls = |at: &usize| self.calls.get(*at);
        let upstream = |at: &usize| self.plan.upstreams.get(*at);
        let whose = match owner {
            Owner::Baseline => {
                let name = self.plan.service.baseline.as_ref();
                name.map_or_else(|| "Baseline".to_owned(), |name| pascal(&name.value))
            }
            Owner::Defaults => "Defaults".to_owned(),
            Owner::Policy(name) => match self.home(path) {
                Home::Upstream(at) => {
                    upstream(&at).map(|it| pascal(&it.name)).unwrap_or_default()
                        + &without_kind(name)
                }
                Home::Shared | Home::Route(_) => without_kind(name),
            },
            Owner::Upstream(at) => {
                let name = upstream(at).map(|it| pascal(&it.name)).unwrap_or_default();
                if self.is_layer(&name) { name + "Upstream" } else { name }
            }
            Owner::Calls(at) => calls(at).map(|it| pascal(&it.place())).unwrap_or_default(),
        };
        Some(self.scope.claim(&format!("{whose}{kind}"), ""))
    }

    /// Would types of that name read like those of a layer?
    fn is_layer(&self, name: &str) -> bool {
        let baseline = self.plan.service.baseline.as_ref().map(|it| pascal(&it.value));
        ["Baseline", "Defaults", "Language"].contains(&name) || baseline.as_deref() == Some(name)
    }

    pub(super) fn home(&self, path: &[Owner]) -> Home {
        let homes = path.iter().rev().find_map(|owner| match owner {
            Owner::Upstream(home) => Some(Home::Upstream(*home)),
            Owner::Calls(at) => self.calls.get(*at).map(|calls| match calls.route {
                Some(_) => Home::Route(*at),
                None => Home::Upstream(calls.home),
            }),
            _ => None,
        });
        homes.unwrap_or(Home::Shared)
    }
}
