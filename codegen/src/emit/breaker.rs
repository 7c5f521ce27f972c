//! `breaker`.

use amb_policy_lang::plan::{OpenFor, Sourced, TripRule};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::cause;
use crate::cx::{Cx, docs};
use crate::literal;
use crate::parts::{BreakerMembers, Layer, state};

/// The type and its `impl BreakerPolicy`.
pub(crate) fn breaker(cx: &Cx<'_>, layer: &Layer<BreakerMembers<'_>>) -> TokenStream {
    let Layer { name, base, .. } = layer;
    let docs = docs(&layer.docs);
    let (id, constants, counts) = (id(cx, layer), constants(cx, layer), counts(cx, layer));
    quote! {
        #docs pub struct #name;
        impl BreakerPolicy for #name {
            type Base = #base;
            #id
            #constants
            #counts
        }
    }
}

/// Whose state it is, if calls use it.
fn id(cx: &Cx<'_>, layer: &Layer<BreakerMembers<'_>>) -> Option<TokenStream> {
    let state = layer.users.first().and_then(|&user| cx.calls.get(user)).and_then(state)?;
    let proxy = &cx.proxy;
    Some(quote! { const ID: BreakerId = BreakerId::of::<#proxy>(#state); })
}

fn constants(cx: &Cx<'_>, layer: &Layer<BreakerMembers<'_>>) -> TokenStream {
    let Layer { owner, own, .. } = layer;
    let trips = trips(cx, layer);
    let open_for = own.open_for.map(|open_for| {
        let (said, value) = (cx.said(open_for, owner), self::open_for(open_for.value));
        quote! { #said const OPEN_FOR: OpenFor = #value; }
    });
    let probes = own.probes.map(|probes| {
        let (said, value) = (cx.said(probes, owner), Literal::u32_unsuffixed(probes.value));
        quote! { #said const PROBES: u32 = #value; }
    });
    quote! { #trips #open_for #probes }
}

fn rules<'a>(members: &BreakerMembers<'a>) -> [Option<&'a Sourced<TripRule>>; 4] {
    [members.failures, members.consecutive_failures, members.failure_rate, members.slow]
}

/// All rules in force, if one of them is said here.
fn trips(cx: &Cx<'_>, layer: &Layer<BreakerMembers<'_>>) -> Option<TokenStream> {
    if rules(&layer.own).iter().all(Option::is_none) {
        return None;
    }
    let both = rules(&layer.own).into_iter().zip(rules(&layer.beneath));
    let rules: Vec<_> = both.filter_map(|(own, beneath)| own.or(beneath)).collect();
    let trips = rules.iter().map(|rule| trip(rule.value));
    Some(match rules.as_slice() {
        [rule] => {
            let said = cx.said(rule, &layer.owner);
            quote! { #said const TRIPS: &'static [Trip] = &[#(#trips),*]; }
        }
        _ => {
            let said = rules.iter().map(|rule| cx.said(rule, &layer.owner));
            quote! { const TRIPS: &'static [Trip] = &[#(#said #trips),*]; }
        }
    })
}

fn counts(cx: &Cx<'_>, layer: &Layer<BreakerMembers<'_>>) -> Option<TokenStream> {
    let counts = layer.own.counts?;
    let (said, cause) = (cause::said(cx, counts, &layer.owner), cause::parameter(counts));
    let listed = cause::listed_or(counts, quote!(GrpcLanguage::counts(cause)));
    Some(quote! {
        #said
        fn counts(#cause: Cause) -> bool {
            #listed
        }
    })
}

fn trip(rule: TripRule) -> TokenStream {
    let number = Literal::u32_unsuffixed;
    let trip = match rule {
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
    quote! { Trip::#trip }
}

fn open_for(open_for: OpenFor) -> TokenStream {
    match open_for {
        OpenFor::Fixed(time) => {
            let time = literal::duration(time);
            quote!(OpenFor::Fixed(#time))
        }
        OpenFor::Doubling { first, last } => {
            let (first, last) = (literal::duration(first), literal::duration(last));
            quote!(OpenFor::Doubling { first: #first, last: #last })
        }
    }
}
