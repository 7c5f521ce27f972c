//! Where in the policy's files routes stand.
//!
//! Lines move with every edit, so they are no part of what is checked in: they are written where the
//! build writes, and `proxy.rs` includes them.

use amb_policy_lang::plan::{Place, Plan, display::printable};
use quote::quote;

use crate::calls::Calls;

/// `Spec::SITES`: an expression, in the order of `Spec::ROUTES`.
pub(crate) fn sites_rs(plan: &Plan) -> String {
    let site = |place: Place| {
        let file = plan.sources.get(place.file).map_or("?", |source| source.name.as_str());
        format!("{}:{}", printable(file), place.line)
    };
    let routes = Calls::all(plan)
        .into_iter()
        .map(|calls| site(calls.route.map_or(calls.upstream.place, |route| route.place)));
    let otherwise = plan.otherwise.place().map(site).unwrap_or_default();
    let sites = routes.chain([otherwise]);
    format!("{}\n", quote!(&[#(#sites),*]))
}

#[cfg(test)]
mod tests {
    use amb_policy_lang::{MemoryLoader, compile};

    use super::*;

    #[test]
    fn every_route_has_a_line() {
        let policy = "edition 2026\nservice order\nupstream web {\n  address \"web.svc:80\"\n  \
                      timeout 1s\n  route home { match any }\n}\notherwise pass\n";
        let loader = MemoryLoader::new([("order.amb", policy)]);
        let plan = compile("order.amb", &loader).plan.unwrap();
        let sites: proc_macro2::TokenStream = sites_rs(&plan).parse().unwrap();
        let expected = quote!(&["order.amb:6", "order.amb:3", "order.amb:8"]);
        assert_eq!(sites.to_string(), expected.to_string());
    }
}
