//! Policies that are a few constants: `respond`, `fallback`, `correlation-id`.

use amb_policy_lang::plan::{Reply, Sourced};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::cx::Cx;
use crate::parts::Entry;

/// The type and its `impl ReplyPolicy`.
pub(crate) fn reply(cx: &Cx<'_>, entry: &Entry<&Sourced<Reply>>) -> [TokenStream; 2] {
    let (name, reply) = (&entry.name, &entry.value.value);
    let (decided, status) = (cx.decided(entry.value), Literal::u16_unsuffixed(reply.status));
    let headers = (!reply.headers.is_empty()).then(|| {
        let fields = reply.headers.iter().map(|(name, value)| quote!((#name, #value)));
        quote! { const HEADERS: &'static [(&'static str, &'static str)] = &[#(#fields),*]; }
    });
    let body = (!reply.body.is_empty()).then(|| {
        let body = &reply.body;
        quote! { const BODY: &'static str = #body; }
    });
    let policy = quote! {
        impl ReplyPolicy for #name {
            #decided
            const STATUS: u16 = #status;
            #headers
            #body
        }
    };
    [quote! { pub struct #name; }, policy]
}

/// The type and its `impl CorrelationPolicy`.
pub(crate) fn correlation_id(cx: &Cx<'_>, entry: &Entry<&Sourced<String>>) -> [TokenStream; 2] {
    let (name, field) = (&entry.name, &entry.value.value);
    let decided = cx.decided(entry.value);
    let policy = quote! {
        impl CorrelationPolicy for #name {
            #decided
            const FIELD: &'static str = #field;
        }
    };
    [quote! { pub struct #name; }, policy]
}
