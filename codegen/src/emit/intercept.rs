//! `intercept`: what the kernel redirects, and where it arrives.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use amb_policy_lang::plan::{Cidr, Except, Intercept, OnExit, PortRange, Sourced, Upstream};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::cx::{Cx, comment};
use crate::literal;

/// `const USER` and `const INTERCEPT`; nothing where the policy says nothing.
pub(crate) fn intercept(cx: &Cx<'_>) -> TokenStream {
    let user = cx.plan.service.user.as_ref().map(|user| {
        let (decided, uid) = (cx.decided(user, "service"), literal::integer(user.value.into()));
        quote! { #decided const USER: Option<u32> = Some(#uid); }
    });
    let intercept = cx.plan.intercept.as_ref().map(|intercept| {
        let value = value(cx, intercept);
        quote! { const INTERCEPT: Option<Intercept> = Some(#value); }
    });
    quote! { #user #intercept }
}

fn value(cx: &Cx<'_>, intercept: &Intercept) -> TokenStream {
    let ports = intercept.redirected().into_iter().map(ports);
    let by_ports =
        decided_by(cx, Some(&intercept.ports), intercept, |it| matches!(it, Except::Ports(_)));
    let except = intercept.left_alone().into_iter().map(cidr);
    let by_except = decided_by(cx, None, intercept, |it| matches!(it, Except::Cidrs(_)));
    let loopback = cx.plan.redirected_loopback().into_iter().map(literal::address);
    let uids = intercept.left_alone_uids().into_iter().map(|uid| literal::integer(uid.into()));
    let by_uids = decided_by(cx, None, intercept, |it| matches!(it, Except::Uids(_)));
    let by_exit = cx.decided(&intercept.on_exit, "intercept");
    let on_exit = on_exit(intercept.on_exit.value);
    quote! {
        Intercept {
            #by_ports
            ports: &[#(#ports),*],
            #by_except
            except: &[#(#except),*],
            loopback: &[#(#loopback),*],
            #by_uids
            except_uids: &[#(#uids),*],
            #by_exit
            on_exit: #on_exit,
        }
    }
}

/// The origins of a setting and of its exceptions of one kind.
fn decided_by(
    cx: &Cx<'_>,
    setting: Option<&Sourced<Vec<PortRange>>>,
    intercept: &Intercept,
    kind: fn(&Except) -> bool,
) -> TokenStream {
    let except = intercept.except.iter().filter(|except| kind(&except.value));
    let origins: Vec<_> =
        setting.map(|it| &it.origin).into_iter().chain(except.map(|it| &it.origin)).collect();
    match origins.is_empty() {
        true => quote!(),
        false => cx.decided_by(origins, "intercept"),
    }
}

fn ports(range: PortRange) -> TokenStream {
    let (first, last) = (Literal::u16_unsuffixed(range.first), Literal::u16_unsuffixed(range.last));
    quote!(#first..=#last)
}

fn cidr(cidr: Cidr) -> TokenStream {
    let prefix = Literal::u8_unsuffixed(cidr.prefix);
    match cidr.address {
        IpAddr::V4(address) => {
            let octets = address.octets().map(Literal::u8_unsuffixed);
            quote!(cidr4([#(#octets),*], #prefix))
        }
        IpAddr::V6(address) => {
            let segments = address.segments().map(Literal::u16_unsuffixed);
            quote!(cidr6([#(#segments),*], #prefix))
        }
    }
}

fn on_exit(on_exit: OnExit) -> TokenStream {
    match on_exit {
        OnExit::Open => quote!(OnExit::Open),
        OnExit::Closed => quote!(OnExit::Closed),
    }
}

/// Where redirected connections of the other address family arrive.
pub(crate) fn twin(cx: &Cx<'_>) -> Option<TokenStream> {
    cx.plan.intercept.as_ref()?;
    let listen = cx.plan.listen.value;
    let ip: IpAddr = match (listen.is_ipv4(), listen.ip().is_unspecified()) {
        (true, true) => Ipv6Addr::UNSPECIFIED.into(),
        (true, false) => Ipv6Addr::LOCALHOST.into(),
        (false, true) => Ipv4Addr::UNSPECIFIED.into(),
        (false, false) => Ipv4Addr::LOCALHOST.into(),
    };
    let (decided, address) =
        (comment("intercept"), literal::address(SocketAddr::new(ip, listen.port())));
    Some(quote! { #decided const TWIN: Option<SocketAddr> = Some(#address); })
}

/// A redirected call belongs to an upstream only if it was made to the upstream's port.
pub(crate) fn dialled(cx: &Cx<'_>, upstream: &Upstream) -> Option<TokenStream> {
    cx.plan.intercept.as_ref()?;
    let ports = upstream.address.value.ports().into_iter().map(Literal::u16_unsuffixed);
    Some(quote!(inbound.dialled(&[#(#ports),*])))
}
