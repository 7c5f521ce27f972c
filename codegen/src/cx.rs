//! What every emitter can see: the plan, and the names of what stands in for it.

use amb_policy_lang::plan::{Origin, Plan, Sourced, display::printable};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::calls::{Calls, UpstreamNames};
use crate::names::{Scope, pascal};
use crate::parts::{Owner, Parts};

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

impl<'a> Cx<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let mut scope = Scope::file();
        let proxy = scope.claim(&pascal(&plan.service.name), "Proxy");
        let upstreams: Vec<_> = plan
            .upstreams
            .iter()
            .map(|upstream| UpstreamNames::claim(&mut scope, upstream))
            .collect();
        let calls = Calls::all(plan);
        let parts = Parts::claim(&mut scope, plan, &calls, &upstreams);
        Self { plan, proxy, upstreams, calls, parts }
    }

    /// A comment that says who decided: `// baseline acme`. `place` is where the value is in force.
    pub(crate) fn decided<T>(&self, value: &Sourced<T>, place: &str) -> TokenStream {
        comment(&self.source(&value.origin, place))
    }

    /// The same for a member of a policy.
    pub(crate) fn said<T>(&self, value: &Sourced<T>, owner: &Owner) -> TokenStream {
        self.decided(value, &self.place(owner))
    }

    /// The same for several values on one line; each source once.
    pub(crate) fn decided_by<'o>(
        &self,
        origins: impl IntoIterator<Item = &'o Origin>,
        place: &str,
    ) -> TokenStream {
        let mut texts: Vec<String> = Vec::new();
        for origin in origins {
            let text = self.source(origin, place);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        comment(&texts.join(", "))
    }

    /// `payment/charge`, for a type that is an upstream's or a route's.
    pub(crate) fn place(&self, owner: &Owner) -> String {
        let place = match owner {
            Owner::Upstream(at) => self.plan.upstreams.get(*at).map(|it| it.name.clone()),
            Owner::Calls(at) => self.calls.get(*at).map(Calls::place),
            Owner::Baseline | Owner::Defaults | Owner::Policy(_) => None,
        };
        place.unwrap_or_default()
    }

    fn source(&self, origin: &Origin, place: &str) -> String {
        printable(&self.plan.source_text(origin, place))
    }
}

/// `// text` before whatever follows.
pub(crate) fn comment(text: &str) -> TokenStream {
    let text = format!(" {text}");
    quote!(#[comment = #text])
}

/// The author's words.
pub(crate) fn docs(docs: &[String]) -> TokenStream {
    let lines = docs.iter().map(|line| format!(" {}", printable(line.trim())));
    let lines = lines.map(|line| line.trim_end().to_owned());
    quote!(#(#[doc = #lines])*)
}
