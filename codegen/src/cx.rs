//! What every emitter can see: the plan, and the names of what stands in for it.

use amb_policy_lang::plan::{
    Action, Origin, Place, Plan, Route, Settings, Sourced, Upstream, display::printable,
};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::names::{Scope, ident, pascal, snake};
use crate::parts::Parts;

/// The plan with its names.
pub(crate) struct Cx<'a> {
    pub(crate) plan: &'a Plan,
    /// The type that implements `Proxy`.
    pub(crate) proxy: Ident,
    /// By index of the upstream.
    pub(crate) upstreams: Vec<UpstreamNames>,
    /// In the order of `Proxy::ROUTES`, without `otherwise`.
    pub(crate) calls: Vec<Calls<'a>>,
    pub(crate) parts: Parts<'a>,
}

/// The type of an upstream, and the function that finds its route.
pub(crate) struct UpstreamNames {
    pub(crate) unit: Ident,
    pub(crate) router: Ident,
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

impl<'a> Cx<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let mut scope = Scope::file();
        let proxy = scope.claim(&pascal(&plan.service.name), "Proxy");
        let upstreams: Vec<_> = plan
            .upstreams
            .iter()
            .map(|upstream| UpstreamNames::claim(&mut scope, upstream))
            .collect();
        let calls = calls(plan);
        let parts = Parts::claim(&mut scope, &calls, &upstreams);
        Self { plan, proxy, upstreams, calls, parts }
    }

    /// A comment that says who decided: `// order.amb:24`.
    pub(crate) fn decided<T>(&self, value: &Sourced<T>) -> TokenStream {
        self.decided_by([&value.origin])
    }

    /// The same for several values on one line; each origin once.
    pub(crate) fn decided_by<'o>(
        &self,
        origins: impl IntoIterator<Item = &'o Origin>,
    ) -> TokenStream {
        let mut texts: Vec<String> = Vec::new();
        for origin in origins {
            let text = self.origin(origin);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        comment(&texts.join(", "))
    }

    /// A comment with the place of a statement.
    pub(crate) fn written(&self, place: Place) -> TokenStream {
        comment(&self.site(place))
    }

    /// `order.amb:24`.
    pub(crate) fn site(&self, place: Place) -> String {
        let file = self.plan.sources.get(place.file).map_or("?", |source| source.name.as_str());
        format!("{}:{}", printable(file), place.line)
    }

    /// The author's words, or what it is, then the place: `/// Money moves here. (order.amb:15)`.
    pub(crate) fn docs(&self, what: &str, docs: &[String], place: Place) -> TokenStream {
        let site = format!("({})", self.site(place));
        let mut lines: Vec<String> = docs.iter().map(|line| printable(line.trim())).collect();
        match lines.last_mut() {
            Some(last) if !last.is_empty() => *last = format!("{last} {site}"),
            Some(_) => lines.push(site),
            None => lines.push(format!("{what} {site}")),
        }
        let lines = lines.iter().map(|line| format!(" {line}"));
        quote!(#(#[doc = #lines])*)
    }

    fn origin(&self, origin: &Origin) -> String {
        match origin {
            Origin::Language => "language default".to_owned(),
            Origin::Written { .. } => printable(&self.plan.origin_text(origin)),
        }
    }
}

/// `// text` before whatever follows.
pub(crate) fn comment(text: &str) -> TokenStream {
    let text = format!(" {text}");
    quote!(#[comment = #text])
}

impl UpstreamNames {
    fn claim(scope: &mut Scope, upstream: &Upstream) -> Self {
        Self {
            unit: scope.claim(&pascal(&upstream.name), "Upstream"),
            router: scope.claim(&snake(&upstream.name), "_upstream"),
        }
    }
}

impl<'a> Calls<'a> {
    /// The route's name, or the upstream's where no route matched.
    pub(crate) fn name(&self) -> &'a str {
        self.route.map_or(&self.upstream.name, |route| &route.name)
    }

    pub(crate) fn place(&self) -> Place {
        self.route.map_or(self.upstream.place, |route| route.place)
    }

    /// Are they connections of bytes that nobody looks at?
    pub(crate) fn is_opaque(&self) -> bool {
        self.upstream.protocol.value.is_opaque()
    }

    pub(crate) fn action(&self) -> Option<&'a Action> {
        self.route.map(|route| &route.action)
    }
}

/// Every upstream's routes in file order, then its other calls.
fn calls(plan: &Plan) -> Vec<Calls<'_>> {
    let mut variants = Scope::variants();
    let otherwise = variants.claim("Otherwise", "");
    debug_assert_eq!(otherwise, ident("Otherwise"));
    let mut calls = Vec::new();
    for (home, upstream) in plan.upstreams.iter().enumerate() {
        let name = pascal(&upstream.name);
        for route in &upstream.routes {
            let variant = variants.claim(&format!("{name}{}", pascal(&route.name)), "Route");
            calls.push(Calls {
                home,
                upstream,
                route: Some(route),
                settings: &route.settings,
                variant,
            });
        }
        let variant = variants.claim(&name, "Upstream");
        calls.push(Calls { home, upstream, route: None, settings: &upstream.settings, variant });
    }
    calls
}
