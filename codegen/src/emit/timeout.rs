//! `timeout`.

use amb_policy_lang::plan::{Timeout, Total};
use proc_macro2::TokenStream;
use quote::quote;

use crate::cx::Cx;
use crate::literal;
use crate::parts::Entry;

/// The type and its `impl TimeoutPolicy`.
pub(crate) fn timeout(cx: &Cx<'_>, entry: &Entry<&Timeout>) -> [TokenStream; 2] {
    let (name, timeout) = (&entry.name, entry.value);
    let (total, per_try) = (total(cx, timeout), per_try(cx, timeout));
    let (by_connect, connect) =
        (cx.decided(&timeout.connect), literal::duration(timeout.connect.value));
    let (by_idle, idle) = (cx.decided(&timeout.idle), literal::duration(timeout.idle.value));
    let policy = quote! {
        impl TimeoutPolicy for #name {
            #total
            #per_try
            #by_connect
            const CONNECT: Duration = #connect;
            #by_idle
            const IDLE: Duration = #idle;
        }
    };
    [quote! { pub struct #name; }, policy]
}

fn total(cx: &Cx<'_>, timeout: &Timeout) -> TokenStream {
    let decided = cx.decided(&timeout.total);
    let limit = literal::duration(timeout.total.value.limit());
    let value = match timeout.total.value {
        Total::Fixed(_) => quote!(Total::Fixed(#limit)),
        Total::Deadline { .. } => quote!(Total::Deadline { max: #limit }),
        Total::Off => quote!(Total::Off),
    };
    quote! { #decided const TOTAL: Total = #value; }
}

fn per_try(cx: &Cx<'_>, timeout: &Timeout) -> Option<TokenStream> {
    let per_try = timeout.per_try.as_ref()?;
    let (decided, limit) = (cx.decided(per_try), literal::duration(per_try.value));
    Some(quote! { #decided const PER_TRY: Option<Duration> = Some(#limit); })
}
