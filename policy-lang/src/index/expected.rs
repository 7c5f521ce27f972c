//! Which kinds of argument may come next, behind those that are there.
//!
//! The shape of a row is walked with every position that can be reached at once, so that
//! alternatives which begin alike are all followed.

use std::collections::BTreeSet;

use crate::conform::plausible;
use crate::schema::{Kind, Row, Shape};
use crate::syntax::ast::{Arg, Value};

/// How many arguments have been read.
type Ends = BTreeSet<usize>;

/// What may stand behind `args` in a statement of that row; an argument that is of the
/// right kind and out of bounds counts as being there.
pub fn expected(row: &'static Row, args: &[Arg]) -> Vec<&'static Kind> {
    let mut walk = Walk { args, expected: Vec::new() };
    walk.shape(&row.shape, &Ends::from([0]));
    walk.expected
}

struct Walk<'a> {
    args: &'a [Arg],
    expected: Vec<&'static Kind>,
}

impl Walk<'_> {
    /// Where the shape can end when it begins at one of `starts`.
    fn shape(&mut self, shape: &'static Shape, starts: &Ends) -> Ends {
        match shape {
            Shape::Nothing => starts.clone(),
            Shape::One(kind) => starts.iter().filter_map(|at| self.one(kind, *at)).collect(),
            Shape::Seq(parts) => {
                parts.iter().fold(starts.clone(), |ends, part| self.shape(part, &ends))
            }
            Shape::Opt(inner) => &self.shape(inner, starts) | starts,
            Shape::Either(choices) => {
                choices.iter().flat_map(|choice| self.shape(choice, starts)).collect()
            }
            Shape::List(entry) => {
                let first = self.shape(entry, starts);
                self.again(entry, first, Self::behind_comma)
            }
            Shape::Many(entry) => self.again(entry, starts.clone(), |_, ends| ends.clone()),
        }
    }

    fn one(&mut self, kind: &'static Kind, at: usize) -> Option<usize> {
        match self.args.get(at) {
            Some(arg) => plausible(kind, arg).then_some(at + 1),
            None => {
                self.expected.push(kind);
                None
            }
        }
    }

    /// One more entry, until nothing new is reached. Every entry reads an argument, so this ends.
    fn again(
        &mut self,
        entry: &'static Shape,
        mut ends: Ends,
        next: impl Fn(&Self, &Ends) -> Ends,
    ) -> Ends {
        let mut last = ends.clone();
        while !last.is_empty() {
            let starts = next(self, &last);
            last = &self.shape(entry, &starts) - &ends;
            ends.extend(&last);
        }
        ends
    }

    fn behind_comma(&self, ends: &Ends) -> Ends {
        let comma =
            |at: &usize| self.args.get(*at).is_some_and(|arg| matches!(arg.value, Value::Comma(_)));
        ends.iter().copied().filter(comma).map(|at| at + 1).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Scope, find};
    use crate::syntax::ast::statements;
    use crate::syntax::parse;

    #[test]
    fn what_comes_next() {
        for (scope, written, expect) in [
            (Scope::Retry, "backoff", &["`full-jitter`, `equal-jitter`", "`fixed`"][..]),
            (Scope::Retry, "backoff fixed", &["a duration"]),
            (Scope::Retry, "backoff fixed 1s", &[]),
            (Scope::Retry, "retry-after honour up", &["`to`"]),
            (Scope::Retry, "methods GET", &[]),
            (Scope::Retry, "methods GET,", &["a method"]),
            (Scope::Retry, "attempts 99", &[]),
            (Scope::Route, "match GET", &["a path", "`header(\"…\")`"]),
            (Scope::Route, "match GET /a header(\"x\")", &["`==`"]),
            (Scope::File, "retry patient", &["`extends`"]),
            (Scope::Baseline, "require retry", &["`exists`", "a comparison"]),
            (
                Scope::Test,
                "given x replies 503 after 1s,",
                &["`refused`, `reset`, `timeout`", "a status code", "`grpc(…)`"],
            ),
        ] {
            let (tree, _) = parse(0, written);
            let statement = statements(&tree.items).next().unwrap();
            let row = find(scope, &statement.key).unwrap();
            let nouns: Vec<_> =
                expected(row, &statement.args).iter().map(|kind| kind.noun()).collect();
            assert_eq!(nouns, expect, "{written}");
        }
    }
}
