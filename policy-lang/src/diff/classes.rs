//! The classes of calls: those that both plans treat alike, each with a call as an example.
//!
//! A class is what an old route and a new one have in common, without what earlier routes of either plan
//! take. Where both do the same under the same name, it does not matter whether there is such a call.

use std::collections::{BTreeMap, BTreeSet};

use super::edits::{self, Direction};
use super::targets::{self, Target};
use crate::cover::{self, ANY, Earlier, leave_server, left_over};
use crate::plan::{
    Action, BreakerScope, Match, PathPattern, Plan, Rewrite, Route, Segment, Settings, Sourced,
    Upstream,
};
use crate::summary::rows;

/// How many steps the search for calls may take, over all pairs of lines, and how many classes there may
/// be. Routes that overlap more than that are not told apart.
const STEPS: usize = 10_000_000;
const CLASSES: usize = 20_000;

/// Calls that are treated alike, before and after.
pub(super) struct Class<'p> {
    pub(super) old: End<'p>,
    pub(super) new: End<'p>,
    pub(super) known: Known,
}

/// What is known of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing happens to its calls, whatever becomes of their upstream; if there are any.
    Same,
    /// There is such a call: `POST /v1/charges`.
    Example(String),
    /// Too many routes overlap: any of the upstream's calls may be treated in another way.
    Nothing,
}

impl Class<'_> {
    pub(super) fn example(&self) -> Option<String> {
        match &self.known {
            Known::Example(call) => Some(call.clone()),
            Known::Same | Known::Nothing => None,
        }
    }
}

/// Where a call ends up.
#[derive(Clone, Copy)]
pub(super) struct End<'p> {
    pub(super) plan: &'p Plan,
    /// `None`: nobody has its name, and `otherwise` decides.
    pub(super) upstream: Option<&'p Upstream>,
    pub(super) matched: Option<(&'p Route, &'p Match)>,
}

/// All classes.
pub(super) fn all<'p>(old: &'p Plan, new: &'p Plan) -> Vec<Class<'p>> {
    let mut found = Found::default();
    for (before, after) in targets::pairs(old, new) {
        let before = Lines::of(old, before, &mut found.meanings);
        let after = Lines::of(new, after, &mut found.meanings);
        found.common(&before, &after);
    }
    found.classes
}

/// Numbers for texts that mean the same.
#[derive(Default)]
struct Meanings(BTreeMap<String, usize>);

impl Meanings {
    fn number(&mut self, text: String) -> usize {
        let next = self.0.len();
        *self.0.entry(text).or_insert(next)
    }
}

/// The match lines of a destination in order; the last one stands for the calls of no route.
struct Lines<'p> {
    all: Vec<Line<'p>>,
    tree: cover::Lines<'p>,
}

/// A match line, and what is done with its calls.
struct Line<'p> {
    matched: &'p Match,
    end: End<'p>,
    /// Equal for lines whose calls are treated alike.
    meaning: usize,
}

impl<'p> Lines<'p> {
    fn of(plan: &'p Plan, target: Target, meanings: &mut Meanings) -> Self {
        let upstream = target.and_then(|index| plan.upstreams.get(index));
        let routes = upstream.filter(|it| !it.protocol.value.is_opaque()).map(|it| &it.routes);
        let routes = routes.into_iter().flatten();
        let matched = routes.flat_map(|route| route.matches.iter().map(move |line| (route, line)));
        let ends = matched.map(Some).chain([None]).map(|matched| End { plan, upstream, matched });
        let line = |end: End<'p>| {
            let matched = end.matched.map_or(&ANY, |(_, line)| line);
            Line { matched, end, meaning: meanings.number(end.meaning()) }
        };
        let all: Vec<Line<'p>> = ends.map(line).collect();
        let mut tree = cover::Lines::default();
        all.iter().for_each(|line| tree.add(line.matched));
        Self { all, tree }
    }

    /// For each of the lines the number of the first of these that takes all of its calls.
    fn covering(&self, lines: &[Line<'_>]) -> Vec<usize> {
        let last = self.all.len().saturating_sub(1);
        lines.iter().map(|line| self.tree.covering(line.matched).unwrap_or(last)).collect()
    }
}

#[derive(Default)]
struct Found<'p> {
    classes: Vec<Class<'p>>,
    meanings: Meanings,
    steps: usize,
}

impl<'p> Found<'p> {
    fn common(&mut self, before: &Lines<'p>, after: &Lines<'p>) {
        let (mut seen, mut told) = (BTreeSet::new(), [false; 3]);
        for (from, to) in pairs(before, after) {
            let (Some(old), Some(new)) = (before.all.get(from), after.all.get(to)) else {
                continue;
            };
            let key = (old.key(), new.key());
            if seen.contains(&key) {
                continue;
            }
            let shares = shares(&old.end, &new.end);
            let news = shares.iter().zip(told).any(|(shares, told)| *shares && !told);
            let same = key.0 == key.1 && !news && !own_breaker(old) && !own_breaker(new);
            let earlier = [before.tree.before(from), after.tree.before(to)];
            let known = match same {
                true => Some(Known::Same),
                false => self.example([old.matched, new.matched], &earlier).map(Known::Example),
            };
            if self.steps > STEPS || self.classes.len() > CLASSES {
                self.classes.push(Class { old: old.end, new: new.end, known: Known::Nothing });
                return;
            }
            if let Some(known) = known {
                self.classes.push(Class { old: old.end, new: new.end, known });
                seen.insert(key);
                told.iter_mut().zip(shares).for_each(|(told, shares)| *told |= shares);
            }
        }
    }

    /// A call that both lines take and no earlier one does.
    fn example(&mut self, both: [&Match; 2], earlier: &[Earlier<'_, '_>]) -> Option<String> {
        let request = left_over(&both, earlier, &mut self.steps);
        let server = || leave_server(&both, earlier).then(|| "OPTIONS *".to_owned());
        request.map(|request| request.describe(&both)).or_else(server)
    }
}

/// The lines that could have a call in common. Behind a line that takes all calls of another one, nothing
/// is left of that.
fn pairs<'l>(
    before: &'l Lines<'_>,
    after: &'l Lines<'_>,
) -> impl Iterator<Item = (usize, usize)> + 'l {
    let (last, first) = (after.covering(&before.all), before.covering(&after.all));
    let lines = before.all.iter().enumerate().zip(last);
    lines.flat_map(move |((from, old), last)| {
        let mut shared = after.tree.sharing(old.matched, last);
        shared.retain(|to| first.get(*to).is_some_and(|first| from <= *first));
        shared.into_iter().map(move |to| (from, to))
    })
}

/// What calls of both ends have in common with others: the upstream, its breaker, its budget.
fn shares(old: &End<'_>, new: &End<'_>) -> [bool; 3] {
    let forwarded = old.is_forwarded() && new.is_forwarded();
    let both = |has: fn(&Settings) -> bool| {
        forwarded && [old, new].iter().all(|end| end.settings().is_some_and(has))
    };
    [forwarded, both(|it| it.breaker.is_some()), both(|it| it.retry.is_some())]
}

fn own_breaker(line: &Line<'_>) -> bool {
    let breaker = line.end.settings().and_then(|settings| settings.breaker.as_ref());
    breaker.is_some_and(|breaker| breaker.scope == BreakerScope::Route)
}

impl Line<'_> {
    /// Lines of one route that do the same are one.
    fn key(&self) -> (usize, Option<&str>) {
        (self.meaning, self.end.matched.map(|(route, _)| route.name.as_str()))
    }
}

impl<'p> End<'p> {
    /// `payment/charge`, `payment`, `otherwise`.
    pub(super) fn name(&self) -> String {
        match (self.upstream, self.matched) {
            (Some(upstream), Some((route, _))) => format!("{}/{}", upstream.name, route.name),
            (Some(upstream), None) => upstream.name.clone(),
            (None, _) => "otherwise".to_owned(),
        }
    }

    /// The settings of an upstream's call.
    pub(super) fn settings(&self) -> Option<&'p Settings> {
        let own = self.matched.map(|(route, _)| &route.settings);
        own.or_else(|| self.upstream.map(|upstream| &upstream.settings))
    }

    pub(super) fn action(&self) -> Option<&'p Action> {
        self.matched.map(|(route, _)| &route.action)
    }

    /// Does it reach for an upstream?
    pub(super) fn is_forwarded(&self) -> bool {
        self.upstream.is_some() && !matches!(self.action(), Some(Action::Respond(_)))
    }

    pub(super) fn rewrite(&self) -> Option<&'p Sourced<Rewrite>> {
        match self.action() {
            Some(Action::Forward { rewrite }) => rewrite.as_ref(),
            _ => None,
        }
    }

    /// What the upstream sees, with captures by their place in the path, whatever their names are.
    pub(super) fn rewritten(&self) -> Option<String> {
        let rewrite = &self.rewrite()?.value;
        let (_, line) = self.matched?;
        let path = rewrite.path.as_ref().map(|path| placed(path, line));
        Some(format!("{path:?} {:?}", rewrite.host))
    }

    /// Everything that decides what happens to a call, apart from its upstream's own settings.
    fn meaning(&self) -> String {
        let Some(settings) = self.settings() else {
            return format!("otherwise {}", self.plan.otherwise.value);
        };
        let reply = match self.action() {
            Some(Action::Respond(reply)) => Some(&reply.value),
            _ => None,
        };
        let rows = rows::settings(settings).iter().map(rows::Row::statement).collect::<Vec<_>>();
        let edits = [Direction::Request, Direction::Response]
            .map(|direction| edits::by_field(self, direction));
        let fallback = settings.fallback.as_ref().map(|reply| &reply.value);
        format!("{reply:?} {fallback:?} {rows:?} {:?} {:?}", self.rewritten(), edits)
    }
}

fn placed(path: &PathPattern, line: &Match) -> String {
    let own = line.path.as_ref().map_or(&[][..], |path| path.segments.as_slice());
    let segment = |segment: &Segment| match segment {
        Segment::Literal(text) => format!("/{text:?}"),
        Segment::Capture(_) => format!("/{:?}", own.iter().position(|it| it == segment)),
    };
    path.segments.iter().map(segment).chain([path.rest.to_string()]).collect()
}
