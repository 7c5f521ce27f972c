//! The classes of calls: those that both plans treat alike, each with a call as an example.
//!
//! A class is what an old route and a new one have in common, without what earlier routes of either plan
//! take. Where both do the same under the same name, it does not matter whether there is such a call.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::common::{left_over, overlap};
use super::edits::{self, Direction};
use super::targets::{self, Target};
use crate::plan::{
    Action, BreakerScope, HeaderTerm, Match, Method, PathPattern, Place, Plan, Rewrite, Route,
    Segment, Settings, Sourced, Upstream,
};
use crate::summary::rows;

/// How many lines may be compared with pairs of others, all pairs taken together. Routes that overlap
/// more than that are not told apart.
const MOST: usize = 4_000_000;

/// The calls that no route matches.
static ANY: Match = Match {
    place: Place { file: 0, line: 1, column: 1 },
    methods: Vec::new(),
    path: None,
    headers: Vec::new(),
    grpc: false,
};

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
    let (mut numbers, mut looked, mut classes) = (Numbers::default(), 0, Vec::new());
    for (before, after) in targets::pairs(old, new) {
        let before = Lines::of(old, before, &mut numbers);
        let after = Lines::of(new, after, &mut numbers);
        common(&before, &after, &mut looked, &mut classes);
    }
    classes
}

/// Numbers for what is compared often: texts that mean the same, and terms about fields.
#[derive(Default)]
struct Numbers<'p> {
    meanings: BTreeMap<String, usize>,
    terms: BTreeMap<(&'p str, &'p str), usize>,
}

impl<'p> Numbers<'p> {
    fn meaning(&mut self, text: String) -> usize {
        let next = self.meanings.len();
        *self.meanings.entry(text).or_insert(next)
    }

    /// What a line asks for: ascending, none twice.
    fn terms(&mut self, line: &'p Match) -> Vec<usize> {
        let number = |term: &'p HeaderTerm| {
            let next = self.terms.len();
            *self.terms.entry((term.name.as_str(), term.value.as_str())).or_insert(next)
        };
        let terms: BTreeSet<usize> = line.headers.iter().map(number).collect();
        terms.into_iter().collect()
    }
}

/// The terms up to which lines are looked up by them.
const TERMS: usize = 6;

/// The match lines of a destination in order; the last one stands for the calls of no route.
struct Lines<'p> {
    all: Vec<Line<'p>>,
    by_terms: HashMap<Vec<usize>, Vec<usize>>,
}

/// A match line, and what is done with its calls.
struct Line<'p> {
    matched: &'p Match,
    terms: Vec<usize>,
    end: End<'p>,
    /// Equal for lines whose calls are treated alike.
    meaning: usize,
}

impl<'p> Lines<'p> {
    fn of(plan: &'p Plan, target: Target, numbers: &mut Numbers<'p>) -> Self {
        let upstream = target.and_then(|index| plan.upstreams.get(index));
        let routes = upstream.filter(|it| !it.protocol.value.is_opaque()).map(|it| &it.routes);
        let routes = routes.into_iter().flatten();
        let matched = routes.flat_map(|route| route.matches.iter().map(move |line| (route, line)));
        let ends = matched.map(Some).chain([None]).map(|matched| End { plan, upstream, matched });
        let line = |end: End<'p>| {
            let matched = end.matched.map_or(&ANY, |(_, line)| line);
            let (terms, meaning) = (numbers.terms(matched), numbers.meaning(end.meaning()));
            Line { matched, terms, end, meaning }
        };
        let all: Vec<Line<'p>> = ends.map(line).collect();
        let mut by_terms: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, line) in all.iter().enumerate() {
            by_terms.entry(line.terms.clone()).or_default().push(at);
        }
        Self { all, by_terms }
    }

    /// The lines before `until` that could take a call of both lines: they ask for no other fields.
    fn rivals(&self, until: usize, both: &[&Line<'p>; 2], terms: &[usize]) -> Vec<&'p Match> {
        let near = |at: &usize| {
            let line = self.all.get(*at).filter(|_| *at < until)?.matched;
            both.iter().all(|other| overlap(line, other.matched)).then_some(line)
        };
        if terms.len() > TERMS {
            return (0..until).filter_map(|at| near(&at)).collect();
        }
        let subsets = (0..1_usize << terms.len()).map(|mask| -> Vec<usize> {
            let chosen = terms.iter().enumerate().filter(|(bit, _)| mask & (1 << bit) != 0);
            chosen.map(|(_, term)| *term).collect()
        });
        let found = subsets.filter_map(|subset| self.by_terms.get(&subset));
        found.flatten().filter_map(near).collect()
    }
}

fn common<'p>(
    before: &Lines<'p>,
    after: &Lines<'p>,
    looked: &mut usize,
    classes: &mut Vec<Class<'p>>,
) {
    let mut seen = BTreeSet::new();
    let mut told = [false; 3];
    for (from, old) in before.all.iter().enumerate() {
        for (to, new) in after.all.iter().enumerate() {
            let key = (old.key(), new.key());
            if !overlap(old.matched, new.matched) || seen.contains(&key) {
                continue;
            }
            let shares = shares(&old.end, &new.end);
            let news = shares.iter().zip(told).any(|(shares, told)| *shares && !told);
            let alone = own_breaker(old) || own_breaker(new);
            let known = if key.0 == key.1 && !news && !alone {
                Known::Same
            } else {
                let terms: BTreeSet<usize> = old.terms.iter().chain(&new.terms).copied().collect();
                let terms: Vec<usize> = terms.into_iter().collect();
                let mut rivals = before.rivals(from, &[old, new], &terms);
                rivals.extend(after.rivals(to, &[old, new], &terms));
                *looked += rivals.len();
                if *looked > MOST {
                    classes.push(Class { old: old.end, new: new.end, known: Known::Nothing });
                    return;
                }
                match example(old.matched, new.matched, &rivals) {
                    Some(call) => Known::Example(call),
                    None => continue,
                }
            };
            seen.insert(key);
            told.iter_mut().zip(shares).for_each(|(told, shares)| *told |= shares);
            classes.push(Class { old: old.end, new: new.end, known });
        }
    }
}

/// A call that both lines take and no rival does.
fn example(old: &Match, new: &Match, rivals: &[&Match]) -> Option<String> {
    if let Some(request) = left_over(&[old, new], rivals) {
        return Some(request.describe(&[old, new]));
    }
    if old.path.is_some() || new.path.is_some() {
        return None;
    }
    // What is asked of a server as a whole has no path (RFC 9110 §9.3.7).
    let server = Match { methods: vec![Method::Options], ..ANY.clone() };
    let rivals: Vec<&Match> = rivals.iter().filter(|it| it.path.is_none()).copied().collect();
    left_over(&[old, new, &server], &rivals).map(|_| "OPTIONS *".to_owned())
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
