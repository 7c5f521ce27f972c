//! The calls that a proxy tells apart, and the names that stand for them.

use amb_policy_lang::plan::{Action, Plan, Route, Settings, Upstream, display::upstream_place};
use proc_macro2::Ident;

use crate::names::{Scope, ident, pascal, snake};

/// The type of an upstream, and the function that finds its route.
pub(crate) struct UpstreamNames {
    pub(crate) unit: Ident,
    pub(crate) router: Ident,
}

impl UpstreamNames {
    pub(crate) fn claim(scope: &mut Scope, upstream: &Upstream) -> Self {
        Self {
            unit: scope.claim(&pascal(&upstream.name), "Upstream"),
            router: scope.claim(&snake(&upstream.name), "_upstream"),
        }
    }
}

/// The calls of one route, or those of an upstream that no route matches.
pub(crate) struct Calls<'a> {
    /// Index into `Plan::upstreams`.
    pub(crate) home: usize,
    pub(crate) upstream: &'a Upstream,
    pub(crate) route: Option<&'a Route>,
    pub(crate) settings: &'a Settings,
    pub(crate) variant: Ident,
}

impl<'a> Calls<'a> {
    /// Every upstream's routes in file order, then its other calls.
    pub(crate) fn all(plan: &'a Plan) -> Vec<Self> {
        let mut variants = Scope::variants();
        let otherwise = variants.claim("Otherwise", "");
        debug_assert_eq!(otherwise, ident("Otherwise"));
        let mut calls = Vec::new();
        for (home, upstream) in plan.upstreams.iter().enumerate() {
            let name = pascal(&upstream.name);
            for route in &upstream.routes {
                let variant = variants.claim(&format!("{name}{}", pascal(&route.name)), "Route");
                let (route, settings) = (Some(route), &route.settings);
                calls.push(Self { home, upstream, route, settings, variant });
            }
            let variant = variants.claim(&name, "Upstream");
            calls.push(Self { home, upstream, route: None, settings: &upstream.settings, variant });
        }
        calls
    }

    /// The route's name, or the upstream's where no route matched.
    pub(crate) fn name(&self) -> &'a str {
        self.route.map_or(&self.upstream.name, |route| &route.name)
    }

    /// Their place in the policy: `payment/charge`, or `payment`.
    pub(crate) fn place(&self) -> String {
        match self.route {
            Some(route) => format!("{}/{}", self.upstream.name, route.name),
            None => self.upstream.name.clone(),
        }
    }

    /// That place as comments name it.
    pub(crate) fn source(&self) -> String {
        self.route.map_or_else(|| upstream_place(&self.upstream.name), |_| self.place())
    }

    /// Are they connections of bytes that nobody looks at?
    pub(crate) fn is_opaque(&self) -> bool {
        self.upstream.protocol.value.is_opaque()
    }

    /// Do they reach for the network, as requests?
    pub(crate) fn forwards(&self) -> bool {
        !self.is_opaque() && !matches!(self.action(), Some(Action::Respond(_)))
    }

    pub(crate) fn action(&self) -> Option<&'a Action> {
        self.route.map(|route| &route.action)
    }
}
