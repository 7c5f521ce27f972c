//! The two functions that every call goes through: which route, which pipeline.

use std::cmp::Reverse;

use amb_policy_lang::plan::{HostPattern, Otherwise, Sourced, Upstream};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::hosts::{exact_hosts, host_suffixes};
use super::{intercept, router};
use crate::cx::Cx;
use crate::literal;

/// `fn route`: by own port, then by the name dialled, exact names before wildcards.
pub(crate) fn route(cx: &Cx<'_>) -> TokenStream {
    let own = own_ports(cx);
    let (exact, wildcards) = (exact(cx), wildcards(cx));
    let decided = cx.decided(&cx.plan.otherwise, "otherwise");
    let nameless = exact.is_empty() && wildcards.is_empty();
    // By own port, or by the port of a name.
    let inbound = match own.is_empty() && (nameless || cx.plan.intercept.is_none()) {
        true => format_ident!("_inbound"),
        false => format_ident!("inbound"),
    };
    // Without upstreams there is nothing to ask the head for.
    let head = match own.is_empty() && nameless {
        true => format_ident!("_head"),
        false => format_ident!("head"),
    };
    let by_name = match nameless {
        true => quote!(Route::Otherwise),
        false => quote! {
            match head.host() {
                #(#exact)*
                #(#wildcards)*
                #decided
                _ => Route::Otherwise,
            }
        },
    };
    quote! {
        fn route(#head: &RequestHead<'_>, #inbound: Inbound) -> Route {
            #(#own)*
            #by_name
        }
    }
}

fn own_ports(cx: &Cx<'_>) -> Vec<TokenStream> {
    let upstreams = cx.plan.upstreams.iter().zip(&cx.upstreams).enumerate();
    let own = upstreams.filter(|(_, (upstream, _))| speaks_http(upstream));
    let own = own.filter_map(|(at, (upstream, names))| {
        let decided = cx.decided(upstream.listen.as_ref()?, &upstream.name);
        let (unit, found) = (&names.unit, router::found(cx, at));
        Some(quote! {
            #decided
            if inbound == Inbound::Own(#unit::ID) {
                return #found;
            }
        })
    });
    own.collect()
}

/// Upstreams that get requests; the others get bytes.
fn speaks_http(upstream: &Upstream) -> bool {
    !upstream.protocol.value.is_opaque()
}

/// One arm an upstream: `b"a" | b"b" => payment(head)`.
fn exact(cx: &Cx<'_>) -> Vec<TokenStream> {
    let upstreams = cx.plan.upstreams.iter().enumerate();
    let named = upstreams.filter(|(_, upstream)| speaks_http(upstream));
    let arms = named.filter_map(|(at, upstream)| {
        let hosts: Vec<_> = exact_hosts(upstream).collect();
        let names = hosts.iter().map(|(name, _)| literal::bytes(name));
        let decided = cx.decided_by(hosts.iter().map(|(_, host)| &host.origin), &upstream.name);
        let found = router::found(cx, at);
        let guard = intercept::dialled(cx, upstream).map(|dialled| quote!(if #dialled));
        (!hosts.is_empty()).then(|| quote! { #decided #(#names)|* #guard => #found, })
    });
    arms.collect()
}

/// The longer wildcard is the more particular one: it comes first.
fn wildcards(cx: &Cx<'_>) -> Vec<TokenStream> {
    let mut wildcards: Vec<(usize, &str, &Sourced<HostPattern>)> = Vec::new();
    let upstreams = cx.plan.upstreams.iter().enumerate();
    for (at, upstream) in upstreams.filter(|(_, upstream)| speaks_http(upstream)) {
        wildcards.extend(host_suffixes(upstream).map(|(suffix, host)| (at, suffix, host)));
    }
    wildcards.sort_by_key(|(_, suffix, _)| Reverse(suffix.len()));
    let arm = |(at, suffix, host): (usize, &str, &Sourced<HostPattern>)| {
        let upstream = cx.plan.upstreams.get(at);
        let place = upstream.map_or("", |upstream| &upstream.name);
        let (decided, suffix, found) =
            (cx.decided(host, place), literal::bytes(suffix), router::found(cx, at));
        let dialled = upstream.and_then(|upstream| intercept::dialled(cx, upstream));
        let guard = dialled.map(|dialled| quote!(&& #dialled));
        quote! { #decided host if host.ends_with(#suffix) #guard => #found, }
    };
    wildcards.into_iter().map(arm).collect()
}

/// `fn call`: an arm a route.
pub(crate) fn call(cx: &Cx<'_>) -> TokenStream {
    let arms = cx.calls.iter().zip(&cx.parts.pipelines).filter_map(|(calls, pipeline)| {
        let (variant, name) = (&calls.variant, &pipeline.as_ref()?.name);
        Some(quote! { Route::#variant => #name::call(call).await, })
    });
    let otherwise = otherwise(cx);
    quote! {
        async fn call<N: Net>(route: Route, call: &mut Call<'_, N>) -> Outcome<N> {
            match route {
                #(#arms)*
                #otherwise
            }
        }
    }
}

/// The pipeline of calls that belong to no upstream.
fn otherwise(cx: &Cx<'_>) -> TokenStream {
    let decided = cx.decided(&cx.plan.otherwise, "otherwise");
    // Upstreams that get bytes have routes that no call takes.
    let opaque = cx.plan.upstreams.iter().any(|upstream| upstream.protocol.value.is_opaque());
    let last = if opaque { quote!(_) } else { quote!(Route::Otherwise) };
    match cx.plan.otherwise.value {
        Otherwise::Pass => quote!(#decided #last => Pass::call(call).await,),
        Otherwise::Reject => quote!(#decided #last => Reject::call(call).await,),
    }
}
