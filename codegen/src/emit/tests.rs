//! `test`: the author's expectations, held against the compiled pipeline under paused time.

use amb_policy_lang::plan::{
    CodeRange, Expect, ExpectValue, Given, Operator, ScriptedReply, ScriptedStep, Subject, Test,
    TestRequest,
};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::expect::text;
use crate::cx::{Cx, docs};
use crate::literal;
use crate::names::{Scope, snake};

/// One function for each test.
pub(crate) fn tests(cx: &Cx<'_>) -> Vec<TokenStream> {
    let mut scope = Scope::file();
    cx.plan
        .tests
        .iter()
        .map(|test| function(cx, test, scope.claim(&snake(&test.name), "_test")))
        .collect()
}

fn function(cx: &Cx<'_>, test: &Test, name: Ident) -> TokenStream {
    let name_and_docs: Vec<_> = [&test.name].into_iter().chain(&test.docs).cloned().collect();
    let (docs, proxy) = (docs(&name_and_docs), &cx.proxy);
    let requests = test.requests.iter().map(request);
    let given = test.given.iter().map(given);
    let expects = test.expects.iter().map(expectation);
    quote! {
        #docs
        #[test]
        fn #name() {
            let outcome = Scenario::<#proxy>::new() #(.request(#requests))* #(#given)* .run();
            #(#expects)*
        }
    }
}

fn request(request: &TestRequest) -> TokenStream {
    let (method, host, target) = (&request.method, &request.host, &request.target);
    let headers = request.headers.iter().map(|(name, value)| quote!(.header(#name, #value)));
    let times = (request.times != 1).then(|| {
        let times = literal::integer(u64::from(request.times));
        quote!(.times(#times))
    });
    let every = request.every.map(literal::duration).map(|every| quote!(.every(#every)));
    let body = (request.body != 0).then(|| {
        let body = literal::size(request.body);
        quote!(.body(#body))
    });
    let start = match request.grpc {
        true => {
            let called = target.trim_start_matches('/');
            quote!(Request::grpc(#host, #called))
        }
        false => quote!(Request::new(#method, #host, #target)),
    };
    quote!(#start #(#headers)* #body #times #every)
}

fn given(given: &Given) -> TokenStream {
    let (upstream, steps) = (&given.upstream, given.replies.iter().map(step));
    quote!(.given(#upstream, &[#(#steps),*]))
}

fn step(step: &ScriptedStep) -> TokenStream {
    let reply = match step.reply {
        ScriptedReply::Status(status) => {
            let status = literal::integer(u64::from(status));
            quote!(status(#status))
        }
        ScriptedReply::Grpc(code) => {
            let code = literal::grpc_code(code);
            quote!(grpc(#code))
        }
        ScriptedReply::Refused => quote!(refused()),
        ScriptedReply::Reset => quote!(reset()),
        ScriptedReply::Timeout => quote!(timeout()),
    };
    let after = (!step.after.is_zero()).then(|| {
        let after = literal::duration(step.after);
        quote!(.after(#after))
    });
    let headers = step.headers.iter().map(|(name, value)| quote!(.header(#name, #value)));
    quote!(#reply #after #(#headers)*)
}

fn expectation(expect: &Expect) -> TokenStream {
    let (text, holds) = (text(expect), holds(expect));
    quote! { outcome.expect(#text, #holds); }
}

/// The comparison; `false` for one that the checker does not let through.
fn holds(expect: &Expect) -> TokenStream {
    let subject = subject(&expect.subject);
    match &expect.value {
        ExpectValue::Statuses(ranges) => statuses(&subject, expect.operator, ranges),
        ExpectValue::Grpc(codes) => {
            let codes = literal::grpc_codes(codes);
            negated(expect.operator, quote!(matches!(outcome.grpc(), Some(#codes))))
        }
        ExpectValue::IntegerRange(first, last) => {
            let (first, last) = (literal::integer(*first), literal::integer(*last));
            negated(expect.operator, quote!((#first..=#last).contains(&#subject)))
        }
        ExpectValue::DurationRange(first, last) => {
            let (first, last) = (literal::duration(*first), literal::duration(*last));
            negated(expect.operator, quote!((#first..=#last).contains(&#subject)))
        }
        single => match (comparison(expect.operator), value(&expect.subject, single)) {
            (Some(comparison), Some(value)) => quote!(#subject #comparison #value),
            _ => quote!(false),
        },
    }
}

fn subject(subject: &Subject) -> TokenStream {
    match subject {
        Subject::Status => quote!(outcome.status()),
        Subject::Attempts => quote!(outcome.attempts()),
        Subject::Elapsed => quote!(outcome.elapsed()),
        Subject::Route => quote!(outcome.route()),
        Subject::Breaker { upstream } => quote!(outcome.breaker(#upstream)),
        Subject::Requests { upstream } => quote!(outcome.requests(#upstream)),
        Subject::Header(name) => quote!(outcome.header(#name)),
        Subject::ResponseHeader(name) => quote!(outcome.response_header(#name)),
    }
}

/// A field is an `Option`: it may be missing.
fn value(subject: &Subject, value: &ExpectValue) -> Option<TokenStream> {
    let is_field = matches!(subject, Subject::Header(_) | Subject::ResponseHeader(_));
    match value {
        ExpectValue::Integer(integer) => Some(literal::integer(*integer)),
        ExpectValue::Duration(duration) => Some(literal::duration(*duration)),
        ExpectValue::Name(text) | ExpectValue::Text(text) if is_field => Some(quote!(Some(#text))),
        ExpectValue::Name(text) | ExpectValue::Text(text) => Some(quote!(#text)),
        ExpectValue::IntegerRange(..)
        | ExpectValue::DurationRange(..)
        | ExpectValue::Statuses(_)
        | ExpectValue::Grpc(_) => None,
    }
}

fn comparison(operator: Operator) -> Option<TokenStream> {
    match operator {
        Operator::Equal => Some(quote!(==)),
        Operator::NotEqual => Some(quote!(!=)),
        Operator::Less => Some(quote!(<)),
        Operator::LessOrEqual => Some(quote!(<=)),
        Operator::Greater => Some(quote!(>)),
        Operator::GreaterOrEqual => Some(quote!(>=)),
        Operator::In => None,
    }
}

fn statuses(subject: &TokenStream, operator: Operator, ranges: &[CodeRange]) -> TokenStream {
    let patterns = literal::statuses(ranges);
    negated(operator, quote!(matches!(#subject, #patterns)))
}

/// `!=` of a set: not in it.
fn negated(operator: Operator, within: TokenStream) -> TokenStream {
    match operator {
        Operator::NotEqual => quote!(!#within),
        _ => within,
    }
}
