//! `headers request` and `headers response`.

use amb_policy_lang::plan::{HeaderEdit, HeaderOp, HeaderValue, Upstream};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::cx::Cx;
use crate::literal;
use crate::parts::{Edit, HeaderMembers, Home, Layer};

/// The type and its `impl HeaderPolicy`.
pub(crate) fn headers(cx: &Cx<'_>, layer: &Layer<HeaderMembers<'_>>) -> TokenStream {
    let Layer { name, base, own, beneath, .. } = layer;
    let lists = [
        ("request", &own.request, &beneath.request),
        ("request_last", &own.request_last, &beneath.request_last),
        ("response", &own.response, &beneath.response),
        ("response_last", &own.response_last, &beneath.response_last),
    ];
    let functions = lists.into_iter().filter(|(_, own, _)| !own.is_empty());
    let functions = functions.map(|(function, own, beneath)| {
        let function = format_ident!("{function}");
        let first = (!beneath.is_empty()).then(|| quote!(Self::Base::#function(edit);));
        let edits = edits(cx, layer, own);
        quote! { fn #function(edit: &mut HeadEdit<'_, '_>) { #first #edits } }
    });
    quote! {
        pub struct #name;
        impl HeaderPolicy for #name {
            type Base = #base;
            #(#functions)*
        }
    }
}

/// In the order in which they run.
fn edits(cx: &Cx<'_>, layer: &Layer<HeaderMembers<'_>>, edits: &[Edit<'_>]) -> TokenStream {
    let upstream = match layer.home {
        Home::Upstream(at) => cx.plan.upstreams.get(at),
        Home::Route(at) => cx.calls.get(at).map(|calls| calls.upstream),
        Home::Shared => None,
    };
    let statements = edits.iter().map(|Edit { edit, .. }| {
        let (said, call) = (cx.said(edit, &layer.owner), call(cx, upstream, &edit.value));
        quote! { #said edit.#call; }
    });
    quote!(#(#statements)*)
}

/// `set("x-team", b"payments")`.
fn call(cx: &Cx<'_>, upstream: Option<&Upstream>, edit: &HeaderEdit) -> TokenStream {
    let (method, value) = match &edit.op {
        HeaderOp::Set(value) => ("set", value),
        HeaderOp::Add(value) => ("add", value),
        HeaderOp::Default(value) => ("default", value),
        HeaderOp::Remove => return remove(&edit.name),
    };
    let name = &edit.name;
    let constant = |value: &str| {
        let (method, value) = (format_ident!("{method}"), literal::bytes(value));
        quote!(#method(#name, #value))
    };
    match value {
        HeaderValue::Text(text) => constant(text),
        HeaderValue::UpstreamName => constant(upstream.map_or("", |upstream| &upstream.name)),
        HeaderValue::ServiceName => constant(&cx.plan.service.name),
        HeaderValue::RequestId => {
            let method = format_ident!("{method}_request_id");
            quote!(#method(#name))
        }
        HeaderValue::Header(other) => {
            let method = format_ident!("{method}_from");
            quote!(#method(#name, #other))
        }
    }
}

fn remove(name: &str) -> TokenStream {
    quote!(remove(#name))
}
