//! As much of a TextMate engine as our grammar needs: line by line, the pattern that matches
//! first wins, the earlier of two in the list; `begin` and `end` hold what is between.
//! The expressions are those of Oniguruma, which fancy-regex reads.

use fancy_regex::{Captures, Regex};
use serde_json::Value;

pub(crate) struct Grammar {
    rules: Vec<Rule>,
}

struct Rule {
    start: Regex,
    scope: String,
    /// Scopes of the groups, by their numbers.
    groups: Vec<(usize, String)>,
    inner: Option<Box<Inner>>,
}

/// What stands between `begin` and `end`.
struct Inner {
    end: Regex,
    rules: Vec<Rule>,
}

impl Grammar {
    pub(crate) fn read(text: &str) -> Self {
        let grammar: Value = serde_json::from_str(text).unwrap();
        Self { rules: rules(&grammar["patterns"]) }
    }

    pub(crate) fn scope_name(text: &str) -> String {
        let grammar: Value = serde_json::from_str(text).unwrap();
        grammar["scopeName"].as_str().unwrap().to_owned()
    }

    /// The innermost scope of every byte; empty: none.
    pub(crate) fn scopes(&self, text: &str) -> Vec<String> {
        let mut scopes = Vec::new();
        for line in text.split_inclusive('\n') {
            let mut of_line = vec![String::new(); line.len()];
            colour(&self.rules, line.trim_end_matches('\n'), &mut of_line);
            scopes.extend(of_line);
        }
        scopes
    }
}

fn rules(patterns: &Value) -> Vec<Rule> {
    patterns.as_array().map_or_else(Vec::new, |all| all.iter().map(rule).collect())
}

fn rule(pattern: &Value) -> Rule {
    let regex = |key: &str| Regex::new(pattern[key].as_str().unwrap()).unwrap();
    let spans = pattern.get("end").is_some();
    let groups = pattern["captures"].as_object().into_iter().flatten();
    let groups = groups.map(|(number, scope)| {
        (number.parse().unwrap(), scope["name"].as_str().unwrap().to_owned())
    });
    Rule {
        start: regex(if spans { "begin" } else { "match" }),
        scope: pattern["name"].as_str().unwrap_or_default().to_owned(),
        groups: groups.collect(),
        inner: spans
            .then(|| Box::new(Inner { end: regex("end"), rules: rules(&pattern["patterns"]) })),
    }
}

fn colour(rules: &[Rule], line: &str, scopes: &mut [String]) {
    let mut at = 0;
    while let Some((rule, found)) = next(rules, line, at) {
        let whole = found.get(0).unwrap();
        assert!(!whole.range().is_empty(), "a pattern matches nothing: {}", rule.start.as_str());
        let end = rule.inner.as_ref().map_or(whole.end(), |inner| inner.end(line, whole.end()));
        scopes[whole.start()..end].fill(rule.scope.clone());
        for (number, scope) in &rule.groups {
            found
                .get(*number)
                .into_iter()
                .for_each(|group| scopes[group.range()].fill(scope.clone()));
        }
        // The escapes of a string are strings as well, as far as this looks.
        at = end;
    }
}

/// The pattern that matches first.
fn next<'r, 't>(
    rules: &'r [Rule],
    line: &'t str,
    at: usize,
) -> Option<(&'r Rule, Captures<'t, str>)> {
    let found = rules
        .iter()
        .filter_map(|rule| Some((rule, rule.start.captures_from_pos(line, at).unwrap()?)));
    found.min_by_key(|(_, found)| found.get(0).unwrap().start())
}

impl Inner {
    fn end(&self, line: &str, mut at: usize) -> usize {
        loop {
            let end = self.end.find_from_pos(line, at).unwrap().unwrap();
            match next(&self.rules, line, at) {
                Some((_, inside)) if inside.get(0).unwrap().start() < end.start() => {
                    at = inside.get(0).unwrap().end();
                }
                _ => return end.end(),
            }
        }
    }
}
