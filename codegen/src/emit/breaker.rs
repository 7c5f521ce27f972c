//! `breaker`.
//!
//! Each state is a type of its own with an id. If several states have the same breaker, its settings
//! are written once, as constants of a type that all of them use.

use amb_policy_lang::plan::{Breaker, OpenFor, Sourced, TripRule};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::cause;
use crate::cx::Cx;
use crate::literal;
use crate::parts::{BreakerPart, Entry, Home};

/// What more than one state refers to.
pub(crate) fn shared_specs(cx: &Cx<'_>, home: Home) -> Vec<TokenStream> {
    let shared =
        cx.parts.specs.of(home).filter(|entry| cx.parts.shared_spec(entry.value).is_some());
    shared.flat_map(|entry| shared_spec(cx, entry)).collect()
}

fn shared_spec(cx: &Cx<'_>, entry: &Entry<&Breaker>) -> [TokenStream; 2] {
    let (name, breaker) = (&entry.name, entry.value);
    let (docs, members) =
        (cx.docs("`breaker`", &breaker.docs, breaker.place), members(cx, breaker));
    [quote! { #docs pub struct #name; }, quote! { impl #name { #members } }]
}

/// The type of one state and its `impl BreakerPolicy`.
pub(crate) fn breaker(cx: &Cx<'_>, entry: &Entry<BreakerPart<'_>>) -> [TokenStream; 2] {
    let (name, breaker) = (&entry.name, entry.value.breaker);
    let id = Literal::usize_unsuffixed(entry.value.id);
    let shared = cx.parts.shared_spec(breaker);
    let members = match shared {
        Some(shared) => reference(&shared.name),
        None => members(cx, breaker),
    };
    let docs = shared.is_none().then(|| cx.docs("`breaker`", &breaker.docs, breaker.place));
    let policy = quote! {
        impl BreakerPolicy for #name {
            const ID: BreakerId = BreakerId(#id);
            #members
        }
    };
    [quote! { #docs pub struct #name; }, policy]
}

fn reference(shared: &proc_macro2::Ident) -> TokenStream {
    quote! {
        const SPEC: breaker::Spec = #shared::SPEC;
        fn counts(cause: Cause) -> bool {
            #shared::counts(cause)
        }
    }
}

fn members(cx: &Cx<'_>, breaker: &Breaker) -> TokenStream {
    let rules = breaker.rules.iter().map(|rule| trip(cx, rule));
    let (by_open_for, open_for) = (cx.decided(&breaker.open_for), open_for(breaker.open_for.value));
    let (by_probes, probes) =
        (cx.decided(&breaker.probes), Literal::u32_unsuffixed(breaker.probes.value));
    let (by_counts, counts) = (cx.decided(&breaker.counts), &breaker.counts.value);
    let (cause, listed) = (cause::parameter(counts), cause::listed(counts));
    quote! {
        const SPEC: breaker::Spec = breaker::Spec {
            trips: &[#(#rules),*],
            #by_open_for
            open_for: #open_for,
            #by_probes
            probes: #probes,
        };
        #by_counts
        fn counts(#cause: Cause) -> bool {
            #listed
        }
    }
}

fn trip(cx: &Cx<'_>, rule: &Sourced<TripRule>) -> TokenStream {
    let decided = cx.decided(rule);
    let number = Literal::u32_unsuffixed;
    let trip = match rule.value {
        TripRule::Failures { count, within } => {
            let (count, within) = (number(count), literal::duration(within));
            quote!(Failures { count: #count, within: #within })
        }
        TripRule::ConsecutiveFailures { count } => {
            let count = number(count);
            quote!(ConsecutiveFailures { count: #count })
        }
        TripRule::FailureRate { ratio, samples, within } => {
            let (ratio, samples) = (literal::percent(ratio), number(samples));
            let within = literal::duration(within);
            quote!(FailureRate { ratio: #ratio, samples: #samples, within: #within })
        }
        TripRule::Slow { threshold, ratio, samples, within } => {
            let (threshold, ratio) = (literal::duration(threshold), literal::percent(ratio));
            let (samples, within) = (number(samples), literal::duration(within));
            quote!(Slow { threshold: #threshold, ratio: #ratio, samples: #samples, within: #within })
        }
    };
    quote! { #decided breaker::Trip::#trip }
}

fn open_for(open_for: OpenFor) -> TokenStream {
    match open_for {
        OpenFor::Fixed(time) => {
            let time = literal::duration(time);
            quote!(breaker::OpenFor::Fixed(#time))
        }
        OpenFor::Doubling { first, last } => {
            let (first, last) = (literal::duration(first), literal::duration(last));
            quote!(breaker::OpenFor::Doubling { first: #first, last: #last })
        }
    }
}
