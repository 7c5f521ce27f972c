//! The language's own values: what the schema says of settings that nobody wrote, read by what
//! reads the written ones.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::conform::values;
use crate::plan::{Protocol, Sourced};
use crate::schema::{self, Scope};
use crate::syntax::ast::{self, Arg, Value};
use crate::syntax::parse;

/// The defaults of the schema as arguments, by their text.
static ARGUMENTS: LazyLock<BTreeMap<&'static str, Vec<Arg>>> = LazyLock::new(|| {
    let texts = schema::rows().flat_map(|row| [row.default.value, row.default.grpc]);
    texts.map(|text| (text, arguments(text))).collect()
});

fn arguments(text: &str) -> Vec<Arg> {
    let (file, _) = parse(0, &format!("default {text}\n"));
    ast::statements(&file.items).flat_map(|only| only.args.clone()).collect()
}

/// What holds where `key` is not written in `scope`.
///
/// `None`: the schema names no default, or none that `read` understands. The tests below rule
/// the latter out.
pub(super) fn language<T>(
    scope: Scope,
    key: &str,
    protocol: Protocol,
    read: impl Fn(&[&Value]) -> Option<T>,
) -> Option<Sourced<T>> {
    let default = schema::find(scope, key)?.default;
    let text = match protocol {
        Protocol::Grpc if !default.grpc.is_empty() => default.grpc,
        _ => default.value,
    };
    read(&values(ARGUMENTS.get(text)?)).map(Sourced::language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::conform;

    #[test]
    fn every_default_could_be_written() {
        let mut seen = 0;
        for row in schema::rows() {
            for text in
                [row.default.value, row.default.grpc].into_iter().filter(|it| !it.is_empty())
            {
                let (file, mut found) = parse(0, &format!("{} {text}\n", row.key));
                for scope in row.scopes {
                    drop(conform(*scope, ast::statements(&file.items), &mut found));
                }
                assert_eq!(found, [], "{} {text}", row.key);
                seen += 1;
            }
        }
        assert!(seen > 20, "only {seen} defaults were found");
    }
}
