//! `observe`.

use amb_policy_lang::plan::{AccessLog, CodeRange, Sourced};
use proc_macro2::TokenStream;
use quote::quote;

use crate::cx::Cx;
use crate::literal;

/// `const OBSERVE`.
pub(crate) fn observe(cx: &Cx<'_>) -> TokenStream {
    let (metrics, access_log, admin) = (metrics(cx), log(cx), admin(cx));
    quote! {
        const OBSERVE: Observe = Observe { #metrics, #access_log, #admin };
    }
}

fn metrics(cx: &Cx<'_>) -> TokenStream {
    match &cx.plan.observe.metrics {
        Some(metrics) => {
            let decided = cx.decided(metrics, "observe");
            quote!(#decided metrics: true)
        }
        None => quote!(metrics: false),
    }
}

fn admin(cx: &Cx<'_>) -> TokenStream {
    match &cx.plan.observe.admin {
        Some(admin) => {
            let (decided, address) = (cx.decided(admin, "observe"), literal::address(admin.value));
            quote!(#decided admin: Some(#address))
        }
        None => quote!(admin: None),
    }
}

fn log(cx: &Cx<'_>) -> TokenStream {
    match &cx.plan.observe.access_log {
        Some(log) => access_log(cx, log),
        None => quote!(access_log: None),
    }
}

fn access_log(cx: &Cx<'_>, log: &AccessLog) -> TokenStream {
    let sample = literal::percent(log.sample.value);
    let by_sample = cx.decided(&log.sample, "observe");
    let (by_headers, headers) = (cx.decided(&log.headers, "observe"), list(&log.headers));
    let (by_redact, redact) = (cx.decided(&log.redact, "observe"), list(&log.redact));
    let when = when(cx, log.when_status.as_ref());
    quote! {
        access_log: Some(AccessLog {
            #by_sample
            sample: #sample,
            #when
            #by_headers
            headers: #headers,
            #by_redact
            redact: #redact,
        })
    }
}

fn when(cx: &Cx<'_>, statuses: Option<&Sourced<Vec<CodeRange>>>) -> TokenStream {
    match statuses.filter(|statuses| !statuses.value.is_empty()) {
        Some(statuses) => {
            let (decided, patterns) =
                (cx.decided(statuses, "observe"), literal::statuses(&statuses.value));
            quote! { #decided when: |status| matches!(status, #patterns), }
        }
        None => quote! { when: |_| true, },
    }
}

fn list(names: &Sourced<Vec<String>>) -> TokenStream {
    let names = &names.value;
    quote!(&[#(#names),*])
}
