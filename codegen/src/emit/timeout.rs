//! `timeout`.

use amb_policy_lang::plan::{Sourced, Total};
use proc_macro2::TokenStream;
use quote::quote;

use crate::cx::Cx;
use crate::literal;
use crate::parts::{Layer, TimeoutMembers};

/// The type and its `impl TimeoutPolicy`.
pub(crate) fn timeout(cx: &Cx<'_>, layer: &Layer<TimeoutMembers<'_>>) -> TokenStream {
    let Layer { name, base, owner, own, .. } = layer;
    let total = own.total.map(|total| {
        let (said, total) = (cx.said(total, owner), value(total));
        quote! { #said const TOTAL: Total = #total; }
    });
    let per_try = own.per_try.map(|per_try| {
        let (said, limit) = (cx.said(per_try, owner), literal::duration(per_try.value));
        quote! { #said const PER_TRY: Option<Duration> = Some(#limit); }
    });
    let connect = own.connect.map(|connect| {
        let (said, limit) = (cx.said(connect, owner), literal::duration(connect.value));
        quote! { #said const CONNECT: Duration = #limit; }
    });
    let idle = own.idle.map(|idle| {
        let (said, limit) = (cx.said(idle, owner), literal::duration(idle.value));
        quote! { #said const IDLE: Duration = #limit; }
    });
    quote! {
        pub struct #name;
        impl TimeoutPolicy for #name {
            type Base = #base;
            #total
            #per_try
            #connect
            #idle
        }
    }
}

fn value(total: &Sourced<Total>) -> TokenStream {
    let limit = literal::duration(total.value.limit());
    match total.value {
        Total::Fixed(_) => quote!(Total::Fixed(#limit)),
        Total::Deadline { .. } => quote!(Total::Deadline { max: #limit }),
        Total::Off => quote!(Total::Off),
    }
}
