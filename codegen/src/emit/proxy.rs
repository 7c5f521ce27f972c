//! `main`, the type that stands for the deployment, its constants, and the routes' enum.

use amb_policy_lang::plan::display::upstream_place;
use amb_policy_lang::plan::{Address, Otherwise, Protocol, Upstream, Workers};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{connections, dispatch, intercept, observe};
use crate::cx::{Cx, comment, docs as written};
use crate::literal;
use crate::parts::state;

/// `fn main`.
pub(crate) fn main(cx: &Cx<'_>) -> TokenStream {
    let (proxy, doc) = (&cx.proxy, format!(" Runs the ambassador of service `{}`.", service(cx)));
    quote! {
        #[doc = #doc]
        pub fn main() -> std::process::ExitCode {
            amb_runtime::run::<#proxy>()
        }
    }
}

/// `pub struct Order;`
pub(crate) fn unit(cx: &Cx<'_>) -> TokenStream {
    let mut docs = vec![format!("The ambassador of service `{}`.", service(cx))];
    if !cx.plan.service.docs.is_empty() {
        docs.push(String::new());
        docs.extend(cx.plan.service.docs.iter().cloned());
    }
    let (docs, proxy) = (written(&docs), &cx.proxy);
    quote! { #docs pub struct #proxy; }
}

/// `impl Spec for Order`: all that is data.
pub(crate) fn spec(cx: &Cx<'_>) -> TokenStream {
    let (proxy, service) = (&cx.proxy, service(cx));
    let (workers, listen, upstreams) = (workers(cx), listen(cx), upstreams(cx));
    let (specs, observe) = (specs(cx), observe::observe(cx));
    let (intercept, passes) = (intercept::intercept(cx), passes(cx));
    quote! {
        impl Spec for #proxy {
            const SERVICE: &'static str = #service;
            #workers
            #listen
            #upstreams
            #specs
            #observe
            #intercept
            #passes
            const POLICY: &'static [u8] = include_bytes!(concat!(env!("OUT_DIR"), "/policy.json"));
        }
    }
}

/// `impl Proxy for Order`: where calls go, and what they pass.
pub(crate) fn proxy(cx: &Cx<'_>) -> TokenStream {
    let proxy = &cx.proxy;
    let (route, call) = (dispatch::route(cx), dispatch::call(cx));
    let (accept, named) = (connections::accept(cx), connections::named(cx));
    let (connect, tunnel) = (connections::connect(cx), connections::tunnel(cx));
    quote! {
        impl Proxy for #proxy {
            type Route = Route;

            const OTHERWISE: Route = Route::Otherwise;

            #accept
            #named
            #connect
            #route
            fn index(route: Route) -> usize {
                route as usize
            }
            #call
            #tunnel
        }
    }
}

/// Whether calls to unknown hosts pass. They do unless the policy says `otherwise reject`.
fn passes(cx: &Cx<'_>) -> TokenStream {
    match cx.plan.otherwise.value {
        Otherwise::Pass => TokenStream::new(),
        Otherwise::Reject => quote! { const PASSES: bool = false; },
    }
}

/// `enum Route`.
pub(crate) fn routes(cx: &Cx<'_>) -> TokenStream {
    let variants = cx.calls.iter().map(|calls| &calls.variant);
    let doc = format!(" Where a call goes, in the order of `{}::ROUTES`.", cx.proxy);
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Route {
            #(#variants,)*
            Otherwise,
        }
    }
}

fn service<'a>(cx: &Cx<'a>) -> &'a str {
    &cx.plan.service.name
}

/// None where the language decided.
fn workers(cx: &Cx<'_>) -> Option<TokenStream> {
    let workers = Some(&cx.plan.service.workers).filter(|it| it.place().is_some())?;
    let decided = cx.decided(workers, "service");
    let value = match workers.value {
        Workers::Auto => quote!(Workers::Auto),
        Workers::Exactly(count) => {
            let count = Literal::u32_unsuffixed(count);
            quote!(Workers::Exactly(#count))
        }
    };
    Some(quote! { #decided const WORKERS: Workers = #value; })
}

fn listen(cx: &Cx<'_>) -> TokenStream {
    let (decided, address) =
        (cx.decided(&cx.plan.listen, "listen"), literal::address(cx.plan.listen.value));
    let twin = intercept::twin(cx);
    quote! {
        #decided const LISTEN: SocketAddr = #address;
        #twin
    }
}

/// Each upstream with its name above it, so that no two touch. What the language decided is left out.
fn upstreams(cx: &Cx<'_>) -> TokenStream {
    let specs = cx.plan.upstreams.iter().map(|upstream| {
        let (name, address) = (&upstream.name, address(&upstream.address.value));
        let place = comment(&upstream_place(&upstream.name));
        let protocol = protocol(upstream).map(|protocol| quote!(.speaking(#protocol)));
        let listen = upstream.listen.as_ref().map(|listen| literal::address(listen.value));
        let listen = listen.map(|address| quote!(.listening(#address)));
        quote! { #place UpstreamSpec::new(#name, #address) #protocol #listen }
    });
    quote! { const UPSTREAMS: &'static [UpstreamSpec] = &[#(#specs,)*]; }
}

/// None for HTTP/1.1, which the language takes.
fn protocol(upstream: &Upstream) -> Option<TokenStream> {
    Some(match upstream.protocol.value {
        Protocol::Http1 => return None,
        Protocol::Http2 => quote!(Protocol::Http2),
        Protocol::Grpc => quote!(Protocol::Grpc),
        Protocol::Auto => quote!(Protocol::Auto),
        Protocol::Tcp => quote!(Protocol::Tcp),
        Protocol::TlsPassthrough => quote!(Protocol::TlsPassthrough),
    })
}

fn address(address: &Address) -> TokenStream {
    match address {
        Address::Dns { host, port } => {
            let port = Literal::u16_unsuffixed(*port);
            quote!(Address::dns(#host, #port))
        }
        Address::Fixed(addresses) => {
            let addresses = addresses.iter().copied().map(literal::address);
            quote!(Address::Fixed(&[#(#addresses),*]))
        }
    }
}

/// Each route with its place above it, so that no two routes touch.
fn specs(cx: &Cx<'_>) -> TokenStream {
    let specs = cx.calls.iter().map(|calls| {
        let (upstream, route) = (&calls.upstream.name, calls.name());
        let place = comment(&calls.source());
        let breaker = state(calls).map(|name| quote!(.guarded_by(#name)));
        quote! { #place RouteSpec::new(#upstream, #route) #breaker }
    });
    quote! {
        const ROUTES: &'static [RouteSpec] = &[
            #(#specs,)*
            #[comment = " otherwise"]
            RouteSpec::new("", "otherwise"),
        ];
        const SITES: &'static [&'static str] = include!(concat!(env!("OUT_DIR"), "/sites.rs"));
    }
}
