//! One `match` line as a pattern and a guard.
//!
//! A term becomes one or the other, depending on what the `match` of Rust looks at: method and path,
//! one of them, or neither. Routing and path rewriting use the same conditions, so that a capture always
//! stands for the segment that the route was chosen by.

use std::collections::BTreeSet;

use amb_policy_lang::plan::{HeaderTerm, Match, Method, PathPattern, Segment};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::literal;
use crate::names::{Scope, ident, snake};

/// What a `match` looks at: only what some line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scrutinee {
    methods: bool,
    paths: bool,
}

impl Scrutinee {
    pub(crate) fn of<'a>(lines: impl Iterator<Item = &'a Match>) -> Self {
        let nothing = Self { methods: false, paths: false };
        lines.fold(nothing, |so_far, line| Self {
            methods: so_far.methods || !line.methods.is_empty(),
            paths: so_far.paths || line.path.is_some(),
        })
    }

    /// The expression; none if only header fields decide.
    pub(crate) fn expression(self) -> Option<TokenStream> {
        match (self.methods, self.paths) {
            (true, true) => Some(quote!((head.method(), head.segments().as_slice()))),
            (true, false) => Some(quote!(head.method())),
            (false, true) => Some(quote!(head.segments().as_slice())),
            (false, false) => None,
        }
    }

    fn pattern(self, methods: Option<TokenStream>, path: Option<TokenStream>) -> TokenStream {
        let any = || quote!(_);
        match (self.methods, self.paths) {
            (true, true) if methods.is_none() && path.is_none() => any(),
            (true, true) => {
                let (methods, path) = (methods.unwrap_or_else(any), path.unwrap_or_else(any));
                quote!((#methods, #path))
            }
            (true, false) => methods.unwrap_or_else(any),
            (false, true) => path.unwrap_or_else(any),
            (false, false) => any(),
        }
    }
}

/// A `match` line, ready to stand before `=>`.
pub(crate) struct Condition {
    pub(crate) pattern: TokenStream,
    /// Joined by `&&`.
    pub(crate) terms: Vec<TokenStream>,
}

impl Condition {
    pub(crate) fn of(line: &Match, scrutinee: Scrutinee, captures: &Captures) -> Self {
        let path = line.path.as_ref().map(|path| pattern(path, captures));
        let pattern = scrutinee.pattern(methods(&line.methods), path);
        let mut terms: Vec<_> = other_methods(&line.methods).into_iter().collect();
        terms.extend(line.path.iter().flat_map(|path| not_empty(path, captures)));
        terms.extend(line.headers.iter().map(header));
        Self { pattern, terms }
    }

    /// Does it hold for every request?
    pub(crate) fn is_certain(line: &Match) -> bool {
        line.methods.is_empty() && line.headers.is_empty() && line.path.as_ref().is_none_or(is_any)
    }

    /// `if … && …`, or nothing.
    pub(crate) fn guard(&self) -> Option<TokenStream> {
        let terms = &self.terms;
        (!terms.is_empty()).then(|| quote!(if #(#terms)&&*))
    }
}

/// What the captures of a `match` line are called in Rust.
pub(crate) struct Captures {
    names: Vec<(String, Ident)>,
    /// Is what `**` stands for needed?
    rest: bool,
}

impl Captures {
    pub(crate) fn of(line: &Match) -> Self {
        let mut scope = Scope::file();
        let segments = line.path.iter().flat_map(|path| &path.segments);
        let captures: BTreeSet<_> = segments.filter_map(capture).collect();
        let name = |name: &str| (name.to_owned(), scope.claim(&snake(name), "_segment"));
        Self { names: captures.into_iter().map(name).collect(), rest: false }
    }

    /// Of a line without a path.
    pub(crate) fn none() -> Self {
        Self { names: Vec::new(), rest: false }
    }

    /// With `rest @ ..` in the place of `..`.
    pub(crate) fn with_rest(self) -> Self {
        Self { rest: true, ..self }
    }

    pub(crate) fn name(&self, capture: &str) -> Option<&Ident> {
        self.names.iter().find(|(name, _)| name == capture).map(|(_, ident)| ident)
    }
}

fn capture(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Capture(name) => Some(name),
        Segment::Literal(_) => None,
    }
}

fn is_any(path: &PathPattern) -> bool {
    path.rest && path.segments.is_empty()
}

/// `[b"v1", b"stock", sku]`. The path `/` is one empty segment.
fn pattern(path: &PathPattern, captures: &Captures) -> TokenStream {
    if is_any(path) {
        return if captures.rest { quote!(rest) } else { quote!(_) };
    }
    let mut parts: Vec<_> =
        path.segments.iter().map(|segment| segment_pattern(segment, captures)).collect();
    match (path.rest, captures.rest) {
        (true, true) => parts.push(quote!(rest @ ..)),
        (true, false) => parts.push(quote!(..)),
        (false, _) if parts.is_empty() => parts.push(quote!(b"")),
        (false, _) => {}
    }
    quote!([#(#parts),*])
}

fn segment_pattern(segment: &Segment, captures: &Captures) -> TokenStream {
    match segment {
        Segment::Literal(text) => {
            let text = literal::bytes(text);
            quote!(#text)
        }
        Segment::Capture(name) => match captures.name(name) {
            Some(name) => quote!(#name),
            None => quote!(_),
        },
    }
}

/// A capture stands for one segment that is not empty.
fn not_empty(path: &PathPattern, captures: &Captures) -> Vec<TokenStream> {
    let names = path.segments.iter().filter_map(capture).filter_map(|name| captures.name(name));
    names.map(|name| quote!(!#name.is_empty())).collect()
}

/// `Method::Get | Method::Head`, with one `Method::Other` for all other tokens.
fn methods(methods: &[Method]) -> Option<TokenStream> {
    let paths = variants(methods);
    (!paths.is_empty()).then(|| quote!(#(#paths)|*))
}

/// The paths of methods, each once, all unregistered ones as `Method::Other`.
fn variants(methods: &[Method]) -> Vec<TokenStream> {
    let mut names: Vec<&str> = Vec::new();
    for method in methods {
        let name = variant(method);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.into_iter().map(ident).map(|name| quote!(Method::#name)).collect()
}

fn variant(method: &Method) -> &'static str {
    match method {
        Method::Get => "Get",
        Method::Head => "Head",
        Method::Options => "Options",
        Method::Trace => "Trace",
        Method::Put => "Put",
        Method::Delete => "Delete",
        Method::Post => "Post",
        Method::Patch => "Patch",
        Method::Connect => "Connect",
        Method::Other(_) => "Other",
    }
}

/// What `Method::Other` leaves open: which token it was.
fn other_methods(methods: &[Method]) -> Option<TokenStream> {
    let has_other = methods.iter().any(|method| other(method).is_some());
    let any = any_method(methods).filter(|_| has_other)?;
    match methods.len() {
        1 => Some(any),
        _ => Some(quote!((#any))),
    }
}

fn other(method: &Method) -> Option<&str> {
    match method {
        Method::Other(name) => Some(name),
        _ => None,
    }
}

fn header(term: &HeaderTerm) -> TokenStream {
    let (name, value) = (&term.name, literal::bytes(&term.value));
    quote!(head.is(#name, #value))
}

/// `matches!(head.method(), …)` for any of the methods; `None` if there are none.
pub(crate) fn any_method(methods: &[Method]) -> Option<TokenStream> {
    let registered: Vec<_> =
        methods.iter().filter(|method| other(method).is_none()).cloned().collect();
    let known = self::methods(&registered).map(|known| quote!(matches!(head.method(), #known)));
    let others: Vec<_> = methods.iter().filter_map(other).map(literal::bytes).collect();
    let named = (!others.is_empty()).then(|| quote!(matches!(head.method_name(), #(#others)|*)));
    match (known, named) {
        (Some(known), Some(named)) => Some(quote!(#known || #named)),
        (known, named) => known.or(named),
    }
}
