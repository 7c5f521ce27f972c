//! `retry`.

use std::time::Duration;

use amb_policy_lang::plan::{Backoff, BackoffKind, Budget, NonIdempotent, Rate, Retry, RetryAfter};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{cause, condition};
use crate::cx::{Cx, comment};
use crate::literal;
use crate::parts::Entry;

/// The type and its `impl RetryPolicy`.
pub(crate) fn retry(cx: &Cx<'_>, entry: &Entry<&Retry>) -> [TokenStream; 2] {
    let (name, retry) = (&entry.name, entry.value);
    let docs = cx.docs("`retry`", &retry.docs, retry.place);
    let (constants, listed, repeatable) =
        (constants(cx, retry), listed(cx, retry), repeatable(cx, retry));
    let policy = quote! {
        impl RetryPolicy for #name {
            #constants
            #listed
            #repeatable
        }
    };
    [quote! { #docs pub struct #name; }, policy]
}

fn constants(cx: &Cx<'_>, retry: &Retry) -> TokenStream {
    let (by_attempts, attempts) =
        (cx.decided(&retry.attempts), Literal::u32_unsuffixed(retry.attempts.value));
    let (by_backoff, backoff) = (cx.decided(&retry.backoff), backoff(&retry.backoff.value));
    let (by_after, after) = (cx.decided(&retry.retry_after), retry_after(retry.retry_after.value));
    let (by_budget, budget) = (cx.decided(&retry.budget), budget(retry.budget.value));
    let (by_buffer, buffer) = (cx.decided(&retry.buffer), literal::size(retry.buffer.value));
    quote! {
        #by_attempts
        const ATTEMPTS: u32 = #attempts;
        #by_backoff
        const BACKOFF: Backoff = #backoff;
        #by_after
        const RETRY_AFTER: RetryAfter = #after;
        #by_budget
        const BUDGET: budget::Spec = #budget;
        #by_buffer
        const BUFFER: usize = #buffer;
    }
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
    quote!(budget::Spec { ratio: #ratio, floor_per_10s: #floor })
}

/// Retries that the floor grants in the budget's window, rounded down.
fn floor_per_10s(floor: Rate) -> u64 {
    let window = u128::from(floor.count) * Duration::from_secs(10).as_millis();
    u64::try_from(window / floor.per.as_millis().max(1)).unwrap_or(u64::MAX)
}

fn listed(cx: &Cx<'_>, retry: &Retry) -> TokenStream {
    let (decided, on) = (cx.decided(&retry.on), &retry.on.value);
    let (cause, listed) = (cause::parameter(on), cause::listed(on));
    quote! {
        #decided
        fn listed(#cause: Cause) -> bool {
            #listed
        }
    }
}

/// Methods that may be sent twice, or whatever makes the others safe.
fn repeatable(cx: &Cx<'_>, retry: &Retry) -> TokenStream {
    let decided = cx.decided_by([&retry.methods.origin, &retry.non_idempotent.origin]);
    let method = condition::any_method(&retry.methods.value);
    let field = match &retry.non_idempotent.value {
        NonIdempotent::Always { because } => return always(decided, because),
        NonIdempotent::WhenHeader(name) => Some(quote!(head.has(#name))),
        NonIdempotent::Never => None,
    };
    let (head, body) = match (method, field) {
        (Some(method), Some(field)) => (quote!(head), quote!(#method || #field)),
        (Some(term), None) | (None, Some(term)) => (quote!(head), term),
        (None, None) => (quote!(_head), quote!(false)),
    };
    quote! {
        #decided
        fn repeatable(#head: &RequestHead<'_>) -> bool {
            #body
        }
    }
}

fn always(decided: TokenStream, because: &str) -> TokenStream {
    let because = comment(&format!("because {}", amb_policy_lang::plan::display::quoted(because)));
    quote! {
        #decided
        #because
        fn repeatable(_head: &RequestHead<'_>) -> bool {
            true
        }
    }
}
