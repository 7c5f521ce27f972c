//! Names of the policy as names of Rust.
//!
//! `payment-v2` becomes `PaymentV2` as a type and `payment_v2` as a function. A name that
//! generated code or Rust itself already uses gets a suffix, and so does the second of two
//! that come out the same: a policy can name its upstreams as it likes.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};

/// Types and traits that generated code mentions. A test holds this list against the output.
pub(crate) const TYPES: &[&str] = &[
    "AccessLog",
    "Address",
    "Backoff",
    "Breaker",
    "BreakerId",
    "BreakerPolicy",
    "Call",
    "Cause",
    "CorrelationId",
    "CorrelationPolicy",
    "Directory",
    "Duration",
    "Err",
    "Failure",
    "Fallback",
    "Filter",
    "Forward",
    "Grpc",
    "GrpcLanguage",
    "Guard",
    "HeadEdit",
    "HeaderPolicy",
    "Headers",
    "Inbound",
    "Incoming",
    "Intercept",
    "Language",
    "Method",
    "Net",
    "None",
    "Observe",
    "Ok",
    "OnExit",
    "OpenFor",
    "Opening",
    "Option",
    "Outcome",
    "Pass",
    "Protocol",
    "Proxy",
    "Reject",
    "ReplyPolicy",
    "Request",
    "RequestHead",
    "Respond",
    "Result",
    "Retry",
    "RetryAfter",
    "RetryPolicy",
    "Rewrite",
    "RewritePolicy",
    "Route",
    "RouteSpec",
    "Scenario",
    "Self",
    "SocketAddr",
    "Some",
    "Spec",
    "String",
    "Through",
    "Timeout",
    "TimeoutPolicy",
    "Total",
    "Trace",
    "Trip",
    "Tunnel",
    "TunnelPolicy",
    "Upstream",
    "UpstreamId",
    "UpstreamSpec",
    "Vec",
    "Workers",
];

/// Functions and local names of generated code.
pub(crate) const VALUES: &[&str] = &[
    "accept",
    "amb_runtime",
    "budget",
    "bytes",
    "call",
    "cause",
    "cidr4",
    "cidr6",
    "connect",
    "core",
    "directory",
    "edit",
    "grpc",
    "head",
    "host",
    "hours",
    "inbound",
    "kib",
    "main",
    "mib",
    "millis",
    "mins",
    "name",
    "named",
    "opening",
    "original",
    "outcome",
    "path",
    "per_million",
    "percent",
    "port",
    "refused",
    "reset",
    "rest",
    "route",
    "secs",
    "segment",
    "status",
    "std",
    "tests",
    "timeout",
    "to",
    "tunnel",
    "v4",
    "v6",
];

/// The keywords of Rust, reserved ones included (Reference, "Keywords").
const KEYWORDS: &[&str] = &[
    "_",
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "macro_rules",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "raw",
    "ref",
    "return",
    "safe",
    "self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// The names in use in one scope.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    taken: BTreeSet<String>,
}

impl Scope {
    /// Everything that the generated file can see: names that nobody may have.
    pub(crate) fn file() -> Self {
        let reserved = TYPES.iter().chain(VALUES).chain(KEYWORDS);
        Self { taken: reserved.map(|&name| name.to_owned()).collect() }
    }

    /// A scope of its own, like an enum's variants.
    pub(crate) fn variants() -> Self {
        Self { taken: ["Self"].map(str::to_owned).into() }
    }

    /// The name itself if it is free; or else the name with the suffix; or else with a number behind it.
    pub(crate) fn claim(&mut self, wanted: &str, suffix: &str) -> Ident {
        let wanted = lower_acronym(wanted);
        let suffixed = format!("{wanted}{suffix}");
        let numbered = (2_u32..).map(|n| format!("{suffixed}{n}"));
        let free = [wanted, suffixed.clone()]
            .into_iter()
            .chain(numbered)
            .find(|name| !self.taken.contains(name))
            .unwrap_or(suffixed);
        self.taken.insert(free.clone());
        ident(&free)
    }
}

/// `payment-v2` → `PaymentV2`.
pub(crate) fn pascal(name: &str) -> String {
    let capital = |word: &str| {
        let mut chars = word.chars();
        let first = chars.next().map(|char| char.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    };
    begin_with_letter(words(name).map(capital).collect(), 'N')
}

/// `payment-v2` → `payment_v2`; also for sentences.
pub(crate) fn snake(name: &str) -> String {
    let words: Vec<_> = words(name).map(str::to_ascii_lowercase).collect();
    begin_with_letter(words.join("_"), 'n')
}

/// `ABC` → `Abc`: capitals alone are for constants.
fn lower_acronym(name: &str) -> String {
    let is_shouted = name.len() > 2 && !name.chars().any(|char| char.is_ascii_lowercase());
    match name.split_at_checked(1).filter(|_| is_shouted) {
        Some((first, rest)) => format!("{first}{}", rest.to_ascii_lowercase()),
        None => name.to_owned(),
    }
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// A DNS label may begin with a digit, a Rust name may not.
fn begin_with_letter(name: String, letter: char) -> String {
    match name.starts_with(|char: char| char.is_ascii_alphabetic()) {
        true => name,
        false => format!("{letter}{name}"),
    }
}

/// INVARIANT: letters, digits and `_` only, a letter first, and no keyword: see [`Scope::claim`].
pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kebab_case_becomes_rust() {
        for (name, camel, lower) in [
            ("payment", "Payment", "payment"),
            ("payment-v2", "PaymentV2", "payment_v2"),
            ("3scale", "N3scale", "n3scale"),
            ("a--b", "AB", "a_b"),
            ("", "N", "n"),
            ("Ünïcode", "NCode", "n_code"),
        ] {
            assert_eq!((pascal(name).as_str(), snake(name).as_str()), (camel, lower), "{name}");
        }
    }

    #[test]
    fn a_taken_name_gets_a_suffix() {
        let mut scope = Scope::file();
        for (wanted, given) in [
            ("Payment", "Payment"),
            ("Payment", "PaymentUpstream"),
            ("Payment", "PaymentUpstream2"),
            ("Payment", "PaymentUpstream3"),
            ("Retry", "RetryUpstream"),
            ("self", "selfUpstream"),
            ("ABC", "Abc"),
        ] {
            assert_eq!(scope.claim(wanted, "Upstream"), given);
        }
    }

    /// Names that stand alone in a file: not behind `::` or `.`, and not declared there.
    fn foreign_types(file: &str) -> BTreeSet<String> {
        let names = flat(file.parse().unwrap());
        let before = std::iter::once("").chain(names.iter().map(String::as_str));
        let pairs: Vec<_> = before.zip(names.iter().map(String::as_str)).collect();
        let declares = ["struct", "type", "enum", "const"];
        let declared: BTreeSet<_> = pairs
            .iter()
            .filter(|(before, _)| declares.contains(before))
            .map(|(_, name)| *name)
            .collect();
        let is_type =
            |name: &str| name.len() > 1 && name.starts_with(|char: char| char.is_ascii_uppercase());
        pairs
            .iter()
            .filter(|(before, name)| {
                is_type(name) && ![":", "."].contains(before) && !declared.contains(name)
            })
            .map(|(_, name)| (*name).to_owned())
            .collect()
    }

    /// Identifiers and punctuation in order; `::` counts, a single `:` does not. Attributes and the
    /// variants of an enum are left out: they have scopes of their own.
    fn flat(tokens: proc_macro2::TokenStream) -> Vec<String> {
        let mut names = Vec::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                proc_macro2::TokenTree::Group(group) => {
                    let is_enum = names.iter().rev().nth(1).is_some_and(|name| name == "enum");
                    let is_attribute = names.last().is_some_and(|name| name == "#");
                    names.push("(".to_owned());
                    names.extend(if is_enum || is_attribute {
                        Vec::new()
                    } else {
                        flat(group.stream())
                    });
                }
                proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    let is_path = punct.spacing() == proc_macro2::Spacing::Joint;
                    names.push(if is_path { ":" } else { "" }.to_owned());
                    if is_path {
                        tokens.next();
                    }
                }
                other => names.push(other.to_string()),
            }
        }
        names
    }

    #[test]
    fn every_type_that_generated_code_mentions_is_reserved() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let mut seen = 0;
        for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_some_and(|extension| extension == "rs") {
                let foreign = foreign_types(&std::fs::read_to_string(&file).unwrap());
                let unknown: Vec<_> =
                    foreign.iter().filter(|name| !TYPES.contains(&name.as_str())).collect();
                assert!(unknown.is_empty(), "{}: {unknown:?}", file.display());
                seen += foreign.len();
            }
        }
        assert!(seen > 100, "the golden files mention many types, not {seen}");
    }
}
