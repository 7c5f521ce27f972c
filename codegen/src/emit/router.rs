//! An upstream, and the function that finds the route of a call to it.

use amb_policy_lang::plan::{Match, Protocol, Upstream};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::condition::{Captures, Condition, Scrutinee};
use crate::cx::{Cx, comment, docs};

/// `Payment` and its `impl Upstream`.
pub(crate) fn upstream(cx: &Cx<'_>, at: usize, upstream: &Upstream) -> TokenStream {
    let unit = cx.upstreams.get(at).map(|names| &names.unit);
    let docs = docs(&upstream.docs);
    let (proxy, name) = (&cx.proxy, &upstream.name);
    let grpc = (upstream.protocol.value == Protocol::Grpc).then(|| {
        let decided = cx.decided(&upstream.protocol, &upstream.name);
        quote! { #decided const GRPC: bool = true; }
    });
    quote! {
        #docs pub struct #unit;
        impl Upstream for #unit {
            const ID: UpstreamId = UpstreamId::of::<#proxy>(#name);
            #grpc
        }
    }
}

/// The expression for a call's route, once its upstream is known.
pub(crate) fn found(cx: &Cx<'_>, at: usize) -> TokenStream {
    let Some(names) = cx.upstreams.get(at) else {
        return quote!(Route::Otherwise);
    };
    let router = &names.router;
    match lines(cx, at).is_empty() {
        true => last(cx, at),
        false => quote!(#router(head)),
    }
}

/// `fn payment`; none if there is nothing to choose between.
pub(crate) fn router(cx: &Cx<'_>, at: usize, upstream: &Upstream) -> Option<TokenStream> {
    let lines = lines(cx, at);
    let router = cx.upstreams.get(at).map(|names| &names.router)?;
    let body = match Scrutinee::of(lines.iter().map(|line| line.line)) {
        _ if lines.is_empty() => return None,
        scrutinee => match scrutinee.expression() {
            Some(expression) => by_match(&lines, scrutinee, (expression, last(cx, at))),
            None => by_ifs(&lines, scrutinee, last(cx, at)),
        },
    };
    let doc = format!(" The route of a call to `{}`: the first that matches.", upstream.name);
    Some(quote! {
        #[doc = #doc]
        fn #router(head: &RequestHead<'_>) -> Route {
            #body
        }
    })
}

/// A `match` line and the route it leads to.
struct Line<'a> {
    line: &'a Match,
    variant: &'a Ident,
    /// The route's.
    place: String,
}

/// Every line of every route, up to one that always holds.
fn lines<'a>(cx: &'a Cx<'a>, at: usize) -> Vec<Line<'a>> {
    let calls = cx.calls.iter().filter(|calls| calls.home == at);
    let lines = calls.flat_map(|calls| {
        let matches = calls.route.map_or(&[][..], |route| &route.matches);
        matches.iter().map(|line| Line { line, variant: &calls.variant, place: calls.place() })
    });
    lines.take_while(|line| !Condition::is_certain(line.line)).collect()
}

/// Where a call goes that none of [`lines`] holds for.
fn last(cx: &Cx<'_>, at: usize) -> TokenStream {
    let mut calls = cx.calls.iter().filter(|calls| calls.home == at);
    let certain = calls.find_map(|calls| {
        let Some(route) = calls.route else {
            let variant = &calls.variant;
            return Some(quote!(Route::#variant));
        };
        let line = route.matches.iter().find(|line| Condition::is_certain(line));
        let variant = &calls.variant;
        line.map(|_| quote!(Route::#variant))
    });
    certain.unwrap_or_else(|| quote!(Route::Otherwise))
}

fn by_match(
    lines: &[Line<'_>],
    scrutinee: Scrutinee,
    (expression, last): (TokenStream, TokenStream),
) -> TokenStream {
    let arms = lines.iter().map(|Line { line, variant, place }| {
        let condition = Condition::of(line, scrutinee, &Captures::of(line));
        let (written, pattern, guard) = (comment(place), &condition.pattern, condition.guard());
        quote! { #written #pattern #guard => Route::#variant, }
    });
    quote! {
        match #expression {
            #(#arms)*
            _ => #last,
        }
    }
}

fn by_ifs(lines: &[Line<'_>], scrutinee: Scrutinee, last: TokenStream) -> TokenStream {
    let ifs = lines.iter().map(|Line { line, variant, place }| {
        let condition = Condition::of(line, scrutinee, &Captures::of(line));
        let (written, terms) = (comment(place), &condition.terms);
        quote! {
            #written
            if #(#terms)&&* {
                return Route::#variant;
            }
        }
    });
    quote! { #(#ifs)* #last }
}
