//! Policies that are a few constants: `respond`, `fallback`, `correlation-id`.

use amb_policy_lang::plan::Reply;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::cx::Cx;
use crate::parts::{Layer, One};

/// The type and its `impl ReplyPolicy`.
pub(crate) fn reply(cx: &Cx<'_>, layer: &Layer<One<'_, Reply>>) -> Option<TokenStream> {
    let (name, said) = (&layer.name, layer.own.value?);
    let (decided, reply) = (cx.said(said, &layer.owner), &said.value);
    let status = Literal::u16_unsuffixed(reply.status);
    let headers = (!reply.headers.is_empty()).then(|| {
        let fields = reply.headers.iter().map(|(name, value)| quote!((#name, #value)));
        quote! { const HEADERS: &'static [(&'static str, &'static str)] = &[#(#fields),*]; }
    });
    let body = (!reply.body.is_empty()).then(|| {
        let body = &reply.body;
        quote! { const BODY: &'static str = #body; }
    });
    Some(quote! {
        pub struct #name;
        impl ReplyPolicy for #name {
            #decided
            const STATUS: u16 = #status;
            #headers
            #body
        }
    })
}

/// The type and its `impl CorrelationPolicy`.
pub(crate) fn correlation_id(cx: &Cx<'_>, layer: &Layer<One<'_, String>>) -> Option<TokenStream> {
    let (name, said) = (&layer.name, layer.own.value?);
    let (decided, field) = (cx.said(said, &layer.owner), &said.value);
    Some(quote! {
        pub struct #name;
        impl CorrelationPolicy for #name {
            #decided
            const FIELD: &'static str = #field;
        }
    })
}
