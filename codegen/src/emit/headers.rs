//! `headers request` and `headers response`.

use amb_policy_lang::plan::{HeaderEdit, HeaderOp, HeaderValue, Sourced};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::cx::Cx;
use crate::literal;
use crate::parts::{Entry, HeadersPart};

/// The type and its `impl HeaderPolicy`.
pub(crate) fn headers(cx: &Cx<'_>, entry: &Entry<HeadersPart<'_>>) -> [TokenStream; 2] {
    let (name, part) = (&entry.name, &entry.value);
    let request = edits(cx, part, part.request).map(|edits| {
        quote! { fn request(edit: &mut HeadEdit<'_, '_>) { #edits } }
    });
    let response = edits(cx, part, part.response).map(|edits| {
        quote! { fn response(edit: &mut HeadEdit<'_, '_>) { #edits } }
    });
    let policy = quote! {
        impl HeaderPolicy for #name {
            #request
            #response
        }
    };
    [quote! { pub struct #name; }, policy]
}

/// The edits in the order in which they run; none if there are none.
fn edits(
    cx: &Cx<'_>,
    part: &HeadersPart<'_>,
    edits: &[Sourced<HeaderEdit>],
) -> Option<TokenStream> {
    let statements = edits.iter().map(|edit| {
        let (decided, call) = (cx.decided(edit), call(cx, part, &edit.value));
        quote! { #decided edit.#call; }
    });
    (!edits.is_empty()).then(|| quote!(#(#statements)*))
}

/// `set("x-team", b"payments")`.
fn call(cx: &Cx<'_>, part: &HeadersPart<'_>, edit: &HeaderEdit) -> TokenStream {
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
        HeaderValue::UpstreamName => constant(part.upstream.unwrap_or_default()),
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
