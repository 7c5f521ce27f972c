//! The guardrails themselves: what `require` and `exempt` say, and whether it makes sense.

use super::compare::{self, Wanted};
use crate::conform::Node;
use crate::date::Date;
use crate::diagnostics::{Diagnostic, are_enough, guard as report, nearest, setting};
use crate::lower::{dialled, text};
use crate::plan::Freed;
use crate::resolve::{Applied, Definition, Program};
use crate::schema::{self, Path};
use crate::span::Span;
use crate::syntax::ast::{Arg, Value};
use crate::syntax::printed;

/// `require PATH OP VALUE`, in force.
pub(super) struct Rule<'n> {
    pub(super) node: &'n Node<'n>,
    pub(super) path: Path,
    pub(super) operator: &'n str,
    pub(super) wanted: Wanted,
    /// The baseline that demands it; `None`: the deployment's own file.
    pub(super) baseline: Option<Definition<'n>>,
}

impl Rule<'_> {
    /// Who demands it.
    pub(super) fn owner(&self) -> String {
        self.baseline
            .map_or_else(|| "this policy".to_owned(), |known| format!("baseline `{}`", known.name))
    }

    /// The right side as written.
    pub(super) fn value(&self) -> String {
        written(self.node.statement.args.get(2..).unwrap_or_default())
    }

    /// The demand as written, from `require` on.
    pub(super) fn span(&self) -> Span {
        self.node.statement.head()
    }
}

/// `exempt PATH for NAME at "place", … until "date"`.
#[derive(Clone)]
pub(super) struct Exemption<'n> {
    pub(super) path: &'n str,
    pub(super) freed: Vec<Freed>,
    pub(super) until: Date,
    written: &'n str,
    pub(super) node: &'n Node<'n>,
    /// Whose demands it is about.
    baseline: Option<Definition<'n>>,
}

impl Exemption<'_> {
    /// Does it free from that demand? Only of its own baseline: another one may have reasons.
    pub(super) fn is_from(&self, rule: &Rule<'_>) -> bool {
        let same = |one: Definition<'_>, other: Definition<'_>| std::ptr::eq(one.node, other.node);
        self.path == rule.path.text
            && matches!((self.baseline, rule.baseline), (Some(one), Some(other)) if same(one, other))
    }

    /// The last day is still free.
    pub(super) fn holds(&self, today: Option<Date>) -> bool {
        today.is_none_or(|today| today <= self.until)
    }

    /// The last day, as written.
    pub(super) const fn until(&self) -> &str {
        self.written
    }
}

/// Reports every `require` and `exempt` that cannot mean anything, in whatever file it stands.
pub(crate) fn check_requires(
    program: &Program<'_>,
    today: Option<Date>,
    found: &mut Vec<Diagnostic>,
) {
    for (number, file) in program.files.iter().enumerate() {
        file.nodes
            .iter()
            .filter(|node| node.key() == "require")
            .for_each(|node| judge(node, found));
        for baseline in file.nodes.iter().filter(|node| node.key() == "baseline") {
            baseline.all("require").for_each(|node| judge(node, found));
            for node in baseline.all("exempt") {
                drop(known_path(node, found));
                if let Some(exemption) =
                    exemption(node, None).filter(|known| number == 0 && !known.holds(today))
                {
                    let span = node.statement.args.last().map(|arg| arg.span).unwrap_or_default();
                    let mut names: Vec<_> =
                        exemption.freed.iter().map(|it| format!("`{}`", it.upstream)).collect();
                    names.dedup();
                    found.push(report::expired_exemption(span, &names.join(", ")));
                }
            }
        }
    }
}

/// What is in force: the baseline's demands, then the file's own.
pub(super) fn rules<'n>(program: &Program<'n>, applied: Applied<'_, 'n>) -> Vec<Rule<'n>> {
    let theirs = applied.iter().flat_map(|known| {
        known.node.all("require").filter_map(move |node| rule(node, Some(*known)))
    });
    let own = program
        .entry()
        .iter()
        .filter(|node| node.key() == "require" && node.sound)
        .filter_map(|node| rule(node, None));
    theirs.chain(own).collect()
}

/// Only those of baselines.
pub(super) fn exemptions<'n>(applied: Applied<'_, 'n>) -> Vec<Exemption<'n>> {
    let of = |known: &Definition<'n>| {
        let baseline = *known;
        known.node.all("exempt").filter_map(move |node| exemption(node, Some(baseline)))
    };
    applied.iter().flat_map(of).collect()
}

fn written(args: &[Arg]) -> String {
    let values = args.iter().filter(|arg| !matches!(arg.value, Value::Comma(_)));
    values.map(|arg| printed(&arg.value)).collect::<Vec<_>>().join(", ")
}

fn judge(node: &Node<'_>, found: &mut Vec<Diagnostic>) {
    if !node.sound || are_enough(found) {
        return;
    }
    let Some(path) = known_path(node, found) else { return };
    let Some((operator, span)) = operator(node) else { return };
    if !path.measure.operators().contains(&operator) {
        found.push(report::operator_unfit(span, operator, &path));
    } else if rule(node, None).is_none() {
        let values = node
            .statement
            .args
            .get(2..)
            .and_then(|values| Some(values.first()?.span.to(values.last()?.span)));
        found.push(report::value_unfit(values.unwrap_or(span), &path));
    } else {
        slips(node, &path, found);
    }
}

/// A word that the setting does not know would make `!=` hold of everything.
fn slips(node: &Node<'_>, path: &Path, found: &mut Vec<Diagnostic>) {
    let known = schema::words(&path.text);
    for arg in node.args().skip(2).filter(|_| !known.is_empty()) {
        if let Value::Name(word) = &arg.value
            && !known.contains(&word.as_str())
        {
            found.push(setting::unknown_word(arg.span, word, &known));
        }
    }
}

fn known_path(node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<Path> {
    let (name, arg) = node.name()?;
    let path = schema::path(name);
    let parts = schema::parts(name);
    if path.is_none() && !parts.is_empty() {
        found.push(report::several_parts(arg.span, name, &parts));
    } else if path.is_none() {
        let paths: Vec<String> = schema::paths().map(|path| path.text).collect();
        found.push(report::unknown_path(
            arg.span,
            name,
            nearest(name, paths.iter().map(String::as_str)),
        ));
    }
    path
}

fn rule<'n>(node: &'n Node<'n>, baseline: Option<Definition<'n>>) -> Option<Rule<'n>> {
    let path = schema::path(node.name()?.0)?;
    let (operator, _) = operator(node)?;
    let values: Vec<&Value> = node.values().into_iter().skip(2).collect();
    let wanted = compare::wanted(path.measure, operator, &values)?;
    Some(Rule { node, path, operator, wanted, baseline })
}

fn operator<'a>(node: &Node<'a>) -> Option<(&'a str, Span)> {
    let arg: &'a Arg = node.args().nth(1)?;
    match &arg.value {
        Value::Operator(operator) => Some((*operator, arg.span)),
        Value::Name(word) => Some((word, arg.span)),
        _ => None,
    }
}

fn exemption<'n>(node: &'n Node<'n>, baseline: Option<Definition<'n>>) -> Option<Exemption<'n>> {
    let values = node.values();
    let [Value::Name(path), _, freed @ .., _, until] = values.as_slice() else { return None };
    let freed = freed.chunks(3).map(|it| match it {
        [Value::Name(upstream), _, place] => {
            let places = dialled(text(place)?)?.places();
            Some(places.into_iter().map(|place| Freed { upstream: upstream.clone(), place }))
        }
        _ => None,
    });
    let freed: Option<Vec<_>> = freed.collect();
    let written = text(until)?;
    Some(Exemption {
        path,
        freed: freed?.into_iter().flatten().collect(),
        until: Date::read(written)?,
        written,
        node,
        baseline,
    })
}
