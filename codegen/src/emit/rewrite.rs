//! `rewrite path` and `rewrite host`.

use amb_policy_lang::plan::{Match, PathPattern, Rewrite, Segment};
use proc_macro2::TokenStream;
use quote::quote;

use super::condition::{Captures, Condition, Scrutinee};
use crate::cx::Cx;
use crate::literal;
use crate::parts::{Layer, One};

/// The type and its `impl RewritePolicy`. Captures mean what the route's `match` lines say.
pub(crate) fn rewrite(cx: &Cx<'_>, layer: &Layer<One<'_, Rewrite>>) -> Option<TokenStream> {
    let (name, said) = (&layer.name, layer.own.value?);
    let (decided, rewrite) = (cx.said(said, &layer.owner), &said.value);
    let route = layer.users.first().and_then(|&user| cx.calls.get(user)?.route)?;
    let host = rewrite.host.as_ref().map(|host| {
        quote! { #decided const HOST: Option<&'static str> = Some(#host); }
    });
    let path = rewrite.path.as_ref().map(|template| {
        let path = path(&route.matches, template);
        quote! { #decided #path }
    });
    Some(quote! {
        pub struct #name;
        impl RewritePolicy for #name {
            #host
            #path
        }
    })
}

/// `fn path`: the captures of the line that holds, put into the template.
fn path(lines: &[Match], template: &PathPattern) -> TokenStream {
    if !needs_captures(template) {
        let text = literal::bytes(&template.to_string());
        return quote! {
            fn path(_head: &RequestHead<'_>, to: &mut Vec<u8>) -> bool {
                to.extend_from_slice(#text);
                true
            }
        };
    }
    let (lines, certain) = until_certain(lines);
    let scrutinee = Scrutinee::of(lines.iter());
    let body = match scrutinee.expression().filter(|_| !lines.is_empty()) {
        Some(expression) => {
            let arms = lines.iter().map(|line| arm(line, scrutinee, template));
            let last = last(certain, template);
            quote! { match #expression { #(#arms)* _ => #last } }
        }
        None => last(certain, template),
    };
    quote! {
        fn path(head: &RequestHead<'_>, to: &mut Vec<u8>) -> bool {
            #body
        }
    }
}

/// The lines before one that always holds, and whether there is such a line.
fn until_certain(lines: &[Match]) -> (&[Match], bool) {
    match lines.iter().position(Condition::is_certain) {
        Some(at) => (lines.get(..at).unwrap_or_default(), true),
        None => (lines, false),
    }
}

/// What is left when no line with captures holds: any path, or none of this route's.
fn last(certain: bool, template: &PathPattern) -> TokenStream {
    if !certain {
        return quote!(false);
    }
    let pieces = pieces(template, &Captures::none());
    let rest = template.rest.then(|| copy(quote!(head.segments().as_slice())));
    quote! {{
        #(to.extend_from_slice(#pieces);)*
        #rest
        true
    }}
}

/// Writes the slashes and segments one after the other.
fn copy(segments: TokenStream) -> TokenStream {
    quote! {
        for segment in #segments {
            to.push(b'/');
            to.extend_from_slice(segment);
        }
    }
}

fn needs_captures(template: &PathPattern) -> bool {
    template.rest || template.segments.iter().any(|segment| matches!(segment, Segment::Capture(_)))
}

fn arm(line: &Match, scrutinee: Scrutinee, template: &PathPattern) -> TokenStream {
    let captures = match template.rest {
        true => Captures::of(line).with_rest(),
        false => Captures::of(line),
    };
    let condition = Condition::of(line, scrutinee, &captures);
    let (pattern, guard) = (&condition.pattern, condition.guard());
    let pieces = pieces(template, &captures);
    let has_rest = line.path.as_ref().is_some_and(|path| path.rest);
    let rest = (template.rest && has_rest).then(|| copy(quote!(rest)));
    quote! {
        #pattern #guard => {
            #(to.extend_from_slice(#pieces);)*
            #rest
            true
        }
    }
}

/// Constant text in as few pieces as possible, with captures between.
fn pieces(template: &PathPattern, captures: &Captures) -> Vec<TokenStream> {
    let mut pieces = Vec::new();
    let mut constant = String::new();
    for segment in &template.segments {
        constant.push('/');
        match segment {
            Segment::Literal(text) => constant.push_str(text),
            Segment::Capture(name) => {
                let text = literal::bytes(&std::mem::take(&mut constant));
                pieces.push(quote!(#text));
                pieces.extend(captures.name(name).map(|name| quote!(#name)));
            }
        }
    }
    if !constant.is_empty() {
        let text = literal::bytes(&constant);
        pieces.push(quote!(#text));
    }
    pieces
}
