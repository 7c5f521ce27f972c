//! Connections as a whole: what each of them carries, and where tunnels go.

use std::cmp::Reverse;

use amb_policy_lang::plan::{HostPattern, Otherwise, Protocol, Sourced, Upstream};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::hosts::{exact_hosts, host_suffixes};
use crate::calls::UpstreamNames;
use crate::cx::Cx;
use crate::literal;

/// `fn accept`; none if every connection is one of requests.
pub(crate) fn accept(cx: &Cx<'_>) -> Option<TokenStream> {
    let own: Vec<_> = opaque(cx).filter_map(|opaque| own_port(cx, &opaque)).collect();
    let redirected = cx.plan.intercept.is_some().then(|| redirected(cx));
    if own.is_empty() && redirected.is_none() {
        return None;
    }
    let looks_up = redirected.is_some() && opaque(cx).next().is_some();
    let directory = format_ident!("{}", if looks_up { "directory" } else { "_directory" });
    let rest = match &redirected {
        Some(by_port) => quote! {
            Inbound::Shared | Inbound::Own(_) => Incoming::Http,
            #by_port
        },
        None => quote!(_ => Incoming::Http,),
    };
    Some(quote! {
        fn accept(inbound: Inbound, #directory: &impl Directory) -> Incoming<Route> {
            match inbound {
                #(#own)*
                #rest
            }
        }
    })
}

fn own_port(cx: &Cx<'_>, opaque: &Opaque<'_>) -> Option<TokenStream> {
    let decided = cx.decided(opaque.upstream.listen.as_ref()?, &opaque.upstream.name);
    let (unit, variant) = (&opaque.names.unit, opaque.variant);
    Some(quote! { #decided Inbound::Own(#unit::ID) => Incoming::Tunnel(Route::#variant), })
}

/// The arm of redirected connections. The address that a connection was made to tells bytes, the port
/// tells requests.
fn redirected(cx: &Cx<'_>) -> TokenStream {
    let listed = opaque(cx).map(|opaque| {
        let upstream = opaque.upstream;
        let (decided, ports) = (cx.decided(&upstream.address, &upstream.name), ports(upstream));
        let (unit, variant) = (&opaque.names.unit, opaque.variant);
        let incoming = match opaque.upstream.protocol.value {
            Protocol::TlsPassthrough => quote!(Incoming::Tls { unnamed: Route::#variant }),
            _ => quote!(Incoming::Tunnel(Route::#variant)),
        };
        quote! { #decided #ports if directory.lists(#unit::ID, original) => #incoming, }
    });
    let is_tls = |upstream: &&Upstream| upstream.protocol.value == Protocol::TlsPassthrough;
    let tls = some_ports(cx.plan.upstreams.iter().filter(is_tls))
        .map(|ports| quote! { #ports => Incoming::Tls { unnamed: Route::Otherwise }, });
    let speaks_http = |upstream: &&Upstream| !upstream.protocol.value.is_opaque();
    let http = some_ports(cx.plan.upstreams.iter().filter(speaks_http))
        .map(|ports| quote! { #ports => Incoming::Http, });
    let decided = cx.decided(&cx.plan.otherwise, "otherwise");
    let arms = quote! { #(#listed)* #tls #http };
    if arms.is_empty() {
        return quote! { #decided Inbound::Redirected(_) => Incoming::Tunnel(Route::Otherwise), };
    }
    quote! {
        Inbound::Redirected(original) => match original.port() {
            #arms
            #decided
            _ => Incoming::Tunnel(Route::Otherwise),
        },
    }
}

/// `fn named`; none if no upstream is chosen by the server name of a TLS caller.
pub(crate) fn named(cx: &Cx<'_>) -> Option<TokenStream> {
    let is_tls = |upstream: &Upstream| upstream.protocol.value == Protocol::TlsPassthrough;
    let arms = by_name(cx, &format_ident!("name"), is_tls, |variant, _| quote!(Route::#variant));
    (!arms.is_empty()).then(|| {
        quote! {
            fn named(name: &[u8], port: u16) -> Route {
                match (name, port) {
                    #(#arms)*
                    _ => Route::Otherwise,
                }
            }
        }
    })
}

/// `fn connect`; none if no upstream has a name.
pub(crate) fn connect(cx: &Cx<'_>) -> Option<TokenStream> {
    let incoming = |variant: &Ident, upstream: &Upstream| match upstream.protocol.value.is_opaque()
    {
        true => quote!(Incoming::Tunnel(Route::#variant)),
        false => quote!(Incoming::Http),
    };
    let arms = by_name(cx, &format_ident!("host"), |_| true, incoming);
    let decided = cx.decided(&cx.plan.otherwise, "otherwise");
    (!arms.is_empty()).then(|| {
        quote! {
            fn connect(host: &[u8], port: u16) -> Incoming<Route> {
                match (host, port) {
                    #(#arms)*
                    #decided
                    _ => Incoming::Tunnel(Route::Otherwise),
                }
            }
        }
    })
}

/// Exact names in file order, then wildcards, the longer ones first.
fn by_name(
    cx: &Cx<'_>,
    name: &Ident,
    wanted: impl Fn(&Upstream) -> bool,
    leads: impl Fn(&Ident, &Upstream) -> TokenStream,
) -> Vec<TokenStream> {
    let all = || own_calls(cx).filter(|opaque| wanted(opaque.upstream));
    let exact = all().filter_map(|Opaque { upstream, variant, .. }| {
        let hosts: Vec<_> = exact_hosts(upstream).collect();
        let names = hosts.iter().map(|(name, _)| literal::bytes(name));
        let decided = cx.decided_by(hosts.iter().map(|(_, host)| &host.origin), &upstream.name);
        let (ports, leads) = (ports(upstream), leads(variant, upstream));
        (!hosts.is_empty()).then(|| quote! { #decided (#(#names)|*, #ports) => #leads, })
    });
    let mut arms: Vec<_> = exact.collect();
    let mut wildcards: Vec<(&str, &Sourced<HostPattern>, Opaque<'_>)> = all()
        .flat_map(|opaque| {
            host_suffixes(opaque.upstream).map(move |(suffix, host)| (suffix, host, opaque))
        })
        .collect();
    wildcards.sort_by_key(|(suffix, ..)| Reverse(suffix.len()));
    arms.extend(wildcards.into_iter().map(|(suffix, host, Opaque { upstream, variant, .. })| {
        let (decided, suffix) = (cx.decided(host, &upstream.name), literal::bytes(suffix));
        let (ports, leads) = (ports(upstream), leads(variant, upstream));
        quote! { #decided (#name, #ports) if #name.ends_with(#suffix) => #leads, }
    }));
    arms
}

/// `fn tunnel`.
pub(crate) fn tunnel(cx: &Cx<'_>) -> TokenStream {
    let arms: Vec<_> = opaque(cx)
        .map(|Opaque { names, variant, .. }| {
            let unit = &names.unit;
            quote! { Route::#variant => Through::<#unit>::open(opening).await, }
        })
        .collect();
    let decided = cx.decided(&cx.plan.otherwise, "otherwise");
    let last = match cx.plan.otherwise.value {
        Otherwise::Pass => quote!(Pass),
        Otherwise::Reject => quote!(Reject),
    };
    let (route, body) = match arms.is_empty() {
        true => (format_ident!("_route"), quote!(#decided #last::open(opening).await)),
        false => {
            let body = quote! {
                match route {
                    #(#arms)*
                    #decided
                    _ => #last::open(opening).await,
                }
            };
            (format_ident!("route"), body)
        }
    };
    quote! {
        async fn tunnel<N: Net>(
            #route: Route,
            opening: &mut Opening<'_, N>,
        ) -> Result<N::Up, Failure> {
            #body
        }
    }
}

/// `impl TunnelPolicy for Ledger`; none for an upstream that gets requests.
pub(crate) fn policy(cx: &Cx<'_>, at: usize, upstream: &Upstream) -> Option<TokenStream> {
    if !upstream.protocol.value.is_opaque() {
        return None;
    }
    let unit = cx.upstreams.get(at).map(|names| &names.unit);
    let calls = cx.calls.iter().position(|calls| calls.home == at)?;
    let timeout = cx.parts.timeouts.name(calls);
    let connections = upstream.connections.as_ref().map(|most| {
        let decided = cx.decided(most, &upstream.name);
        let most = literal::integer(most.value.into());
        quote! { #decided const CONNECTIONS: Option<usize> = Some(#most); }
    });
    let breaker = cx.parts.breakers.name(calls).map(|breaker| {
        quote! { const BREAKER: Option<Guard> = Some(Guard::of::<#breaker>()); }
    });
    Some(quote! {
        impl TunnelPolicy for #unit {
            type Timeout = #timeout;
            #connections
            #breaker
        }
    })
}

/// An upstream with the names that stand for it.
#[derive(Clone, Copy)]
struct Opaque<'a> {
    upstream: &'a Upstream,
    names: &'a UpstreamNames,
    /// Of the calls that no route matches, or of all there is.
    variant: &'a Ident,
}

fn own_calls<'a>(cx: &'a Cx<'a>) -> impl Iterator<Item = Opaque<'a>> {
    let own = cx.calls.iter().filter(|calls| calls.route.is_none());
    own.filter_map(|calls| {
        let names = cx.upstreams.get(calls.home)?;
        Some(Opaque { upstream: calls.upstream, names, variant: &calls.variant })
    })
}

/// Upstreams that get bytes.
fn opaque<'a>(cx: &'a Cx<'a>) -> impl Iterator<Item = Opaque<'a>> {
    own_calls(cx).filter(|opaque| opaque.upstream.protocol.value.is_opaque())
}

fn ports(upstream: &Upstream) -> TokenStream {
    alternatives(upstream.address.value.ports())
}

/// The ports of all of them; none if there are none.
fn some_ports<'a>(upstreams: impl Iterator<Item = &'a Upstream>) -> Option<TokenStream> {
    let mut ports: Vec<u16> =
        upstreams.flat_map(|upstream| upstream.address.value.ports()).collect();
    ports.sort_unstable();
    ports.dedup();
    (!ports.is_empty()).then(|| alternatives(ports))
}

fn alternatives(ports: Vec<u16>) -> TokenStream {
    let ports = ports.into_iter().map(Literal::u16_unsuffixed);
    quote!(#(#ports)|*)
}
