//! `retry`.

use std::time::Duration;

use amb_policy_lang::plan::{
    Backoff, BackoffKind, Budget, Method, NonIdempotent, Rate, RetryAfter, Sourced, display,
};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{cause, condition};
use crate::cx::{Cx, comment, docs};
use crate::literal;
use crate::parts::{Layer, RetryMembers};

/// The type and its `impl RetryPolicy`.
pub(crate) fn retry(cx: &Cx<'_>, layer: &Layer<RetryMembers<'_>>) -> TokenStream {
    let Layer { name, base, .. } = layer;
    let docs = docs(&layer.docs);
    let (constants, listed, repeatable) =
        (constants(cx, layer), listed(cx, layer), repeatable(cx, layer));
    quote! {
        #docs pub struct #name;
        impl RetryPolicy for #name {
            type Base = #base;
            #constants
            #listed
            #repeatable
        }
    }
}

fn constants(cx: &Cx<'_>, layer: &Layer<RetryMembers<'_>>) -> TokenStream {
    let Layer { owner, own, .. } = layer;
    let attempts = own.attempts.map(|attempts| {
        let (said, value) = (cx.said(attempts, owner), Literal::u32_unsuffixed(attempts.value));
        quote! { #said const ATTEMPTS: u32 = #value; }
    });
    let backoff = own.backoff.map(|backoff| {
        let (said, value) = (cx.said(backoff, owner), self::backoff(&backoff.value));
        quote! { #said const BACKOFF: Backoff = #value; }
    });
    let after = own.retry_after.map(|after| {
        let (said, value) = (cx.said(after, owner), retry_after(after.value));
        quote! { #said const RETRY_AFTER: RetryAfter = #value; }
    });
    let budget = own.budget.map(|budget| {
        let (said, value) = (cx.said(budget, owner), self::budget(budget.value));
        quote! { #said const BUDGET: budget::Spec = #value; }
    });
    let buffer = own.buffer.map(|buffer| {
        let (said, value) = (cx.said(buffer, owner), literal::size(buffer.value));
        quote! { #said const BUFFER: usize = #value; }
    });
    quote! { #attempts #backoff #after #budget #buffer }
}

fn backoff(backoff: &Backoff) -> TokenStream {
    let (base, cap) = (literal::duration(backoff.base), literal::duration(backoff.cap));
    match backoff.kind {
        BackoffKind::FullJitter => quote!(Backoff::full_jitter(#base, #cap)),
        BackoffKind::EqualJitter => quote!(Backoff::equal_jitter(#base, #cap)),
        BackoffKind::Fixed => quote!(Backoff::Fixed(#base)),
    }
}

fn retry_after(retry_after: RetryAfter) -> TokenStream {
    match retry_after {
        RetryAfter::Ignore => quote!(RetryAfter::Ignore),
        RetryAfter::Honour { up_to } => {
            let up_to = literal::duration(up_to);
            quote!(RetryAfter::Honour { up_to: #up_to })
        }
    }
}

fn budget(budget: Budget) -> TokenStream {
    let ratio = literal::percent(budget.ratio);
    let floor = literal::integer(floor_per_10s(budget.floor));
    quote!(budget::Spec::of(#ratio).floor_per_10s(#floor))
}

/// Retries that the floor grants in the budget's window, rounded down.
fn floor_per_10s(floor: Rate) -> u64 {
    let window = u128::from(floor.count) * Duration::from_secs(10).as_millis();
    u64::try_from(window / floor.per.as_millis().max(1)).unwrap_or(u64::MAX)
}

fn listed(cx: &Cx<'_>, layer: &Layer<RetryMembers<'_>>) -> Option<TokenStream> {
    let on = layer.own.on?;
    let (said, cause) = (cause::said(cx, on, &layer.owner), cause::parameter(on));
    let listed = cause::listed_or(on, quote!(GrpcLanguage::listed(cause)));
    Some(quote! {
        fn listed(#cause: Cause) -> bool {
            #said
            #listed
        }
    })
}

/// Methods that may be sent twice, or whatever makes the others safe: what the base says, if this adds to
/// it, else all of it.
fn repeatable(cx: &Cx<'_>, layer: &Layer<RetryMembers<'_>>) -> Option<TokenStream> {
    let (own, beneath) = (&layer.own, &layer.beneath);
    if own.methods.is_none() && own.non_idempotent.is_none() {
        return None;
    }
    let methods = own.methods.or(beneath.methods);
    let non_idempotent = own.non_idempotent.or(beneath.non_idempotent);
    let adds = own.methods.is_none() && never(beneath.non_idempotent);
    let used = if adds { None } else { methods };
    let origins = used.map(|it| &it.origin).into_iter().chain(non_idempotent.map(|it| &it.origin));
    let said = cx.decided_by(origins, &cx.place(&layer.owner));
    let method = if adds { Some(quote!(Self::Base::repeatable(head))) } else { method(methods) };
    let field = match non_idempotent.map(|it| &it.value) {
        Some(NonIdempotent::Always { because }) => return Some(always(said, because)),
        Some(NonIdempotent::WhenHeader(name)) => Some(quote!(head.has(#name))),
        Some(NonIdempotent::Never) | None => None,
    };
    let (head, body) = match (method, field) {
        (Some(method), Some(field)) => (quote!(head), quote!(#method || #field)),
        (Some(term), None) | (None, Some(term)) => (quote!(head), term),
        (None, None) => (quote!(_head), quote!(false)),
    };
    Some(quote! {
        fn repeatable(#head: &RequestHead<'_>) -> bool {
            #said
            #body
        }
    })
}

fn never(non_idempotent: Option<&Sourced<NonIdempotent>>) -> bool {
    non_idempotent.is_none_or(|it| it.value == NonIdempotent::Never)
}

/// `None` if no method may be sent twice.
fn method(methods: Option<&Sourced<Vec<Method>>>) -> Option<TokenStream> {
    match methods {
        Some(methods) => condition::any_method(&methods.value),
        None => Some(quote!(Language::repeatable(head))),
    }
}

fn always(said: TokenStream, because: &str) -> TokenStream {
    let because = comment(&format!("because {}", display::quoted(because)));
    quote! {
        #said
        #because
        fn repeatable(_head: &RequestHead<'_>) -> bool {
            true
        }
    }
}
