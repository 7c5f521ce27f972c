//! Holds every effective value against every guardrail.
//!
//! Demands are only ever conjoined: each is judged by itself, on the service, on every
//! upstream and on every route, and nothing in a service's file can take one away.

use std::collections::BTreeMap;

use super::compare::{Actual, Wanted, holds};
use super::reading::{self, Reading};
use super::require::{Exemption, Rule, exemptions, rules};
use super::{Forwarded, forwarded};
use crate::date::Date;
use crate::diagnostics::{Diagnostic, are_enough, guard as report};
use crate::lower::{Lowered, NO_TOTAL};
use crate::plan::Upstream;
use crate::resolve::{Applied, Program};
use crate::schema::Subject;
use crate::span::Span;

/// What is judged, and who may be free of it.
struct Court<'n> {
    rules: Vec<Rule<'n>>,
    exemptions: Vec<Exemption<'n>>,
    today: Option<Date>,
    found: Vec<Diagnostic>,
}

pub(super) fn check(
    program: &Program<'_>,
    applied: Applied<'_, '_>,
    lowered: &Lowered<'_>,
    today: Option<Date>,
    found: &mut Vec<Diagnostic>,
) {
    let rules = rules(program, applied);
    if rules.is_empty() {
        return;
    }
    let exemptions = exemptions(applied);
    let mut court = Court { rules, exemptions, today, found: Vec::new() };
    court.deployment(program, applied, lowered);
    court.upstreams(lowered);
    court.calls(lowered);
    found.append(&mut court.found);
}

impl Court<'_> {
    fn deployment(
        &mut self,
        program: &Program<'_>,
        applied: Applied<'_, '_>,
        lowered: &Lowered<'_>,
    ) {
        let service = program.entry().iter().find(|node| node.key() == "service");
        let span = service.map(|node| node.statement.head()).unwrap_or_default();
        let read = |path: &str| reading::of_deployment(path, &lowered.plan, program, applied);
        self.judge(Subject::Deployment, None, span, &|path| Some(read(path)));
    }

    fn upstreams(&mut self, lowered: &Lowered<'_>) {
        for (upstream, node) in lowered.plan.upstreams.iter().zip(&lowered.nodes) {
            let span = node.name().map(|(_, arg)| arg.span).unwrap_or_default();
            let read = |path: &str| reading::of_upstream(path, upstream, node);
            // Of an upstream that gets requests nothing is said there yet.
            let opaque = upstream.protocol.value.is_opaque();
            let known = |path: &str| opaque || !path.starts_with("upstream.limits");
            self.judge(Subject::Upstream, Some(upstream), span, &|path| {
                known(path).then(|| read(path))
            });
        }
    }

    fn calls(&mut self, lowered: &Lowered<'_>) {
        let mut last: Option<(usize, Span)> = None;
        for call in forwarded(lowered) {
            // What nobody wrote is told once, at the upstream.
            if call.route.is_none() {
                last = Some((call.call.upstream, call.call.span));
            }
            let span = last.map_or(call.call.span, |(_, span)| span);
            let upstream = lowered.plan.upstreams.get(call.call.upstream);
            let read = |path: &str| reading::of_call(path, &call);
            self.judge(Subject::Call, upstream, span, &|path| {
                is_known(path, &call).then(|| read(path))
            });
        }
    }

    fn judge(
        &mut self,
        subject: Subject,
        upstream: Option<&Upstream>,
        owner: Span,
        read: &dyn Fn(&str) -> Option<Reading>,
    ) {
        let mut readings: BTreeMap<&str, Option<Reading>> = BTreeMap::new();
        for rule in self.rules.iter().filter(|rule| rule.path.subject == subject) {
            if are_enough(&self.found) {
                return;
            }
            let path = rule.path.text.as_str();
            let Some(reading) = readings.entry(path).or_insert_with(|| read(path)) else {
                continue;
            };
            if holds(&reading.value, rule.operator, &rule.wanted) {
                continue;
            }
            let exemption = upstream.map_or(Exempt::Not, |upstream| self.exempt(rule, upstream));
            if exemption == Exempt::Free {
                continue;
            }
            let violation = Violation { rule, reading, owner };
            let told = report::guardrail_violated(&violation.told());
            self.found.push(exemption.note().into_iter().fold(told, Diagnostic::note));
        }
    }
}

/// Is an upstream free of a demand?
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exempt {
    Free,
    Not,
    /// Not any more; the last day.
    Ended(String),
    /// Not where this one is; where it is.
    Elsewhere(String),
}

impl Exempt {
    fn note(self) -> Option<String> {
        match self {
            Self::Free | Self::Not => None,
            Self::Ended(day) => Some(format!("the exemption ended on {day}")),
            Self::Elsewhere(freed) => {
                Some(format!("the exemption is for {freed}, and nowhere else"))
            }
        }
    }
}

impl Court<'_> {
    /// It is free where each of its addresses is.
    fn exempt(&self, rule: &Rule<'_>, upstream: &Upstream) -> Exempt {
        let about = self.exemptions.iter().filter(|known| known.is_from(rule));
        let freed = about.flat_map(|known| known.freed.iter().map(move |freed| (known, freed)));
        let freed: Vec<_> = freed.filter(|(_, freed)| freed.upstream == upstream.name).collect();
        let mut ended = None;
        for place in upstream.address.value.places() {
            let here = freed.iter().filter(|(_, freed)| freed.place == place);
            let Some((last, _)) = here.max_by_key(|(known, _)| known.until) else {
                let elsewhere = freed.first().map(|(_, freed)| freed.to_string());
                return elsewhere.map_or(Exempt::Not, Exempt::Elsewhere);
            };
            if !last.holds(self.today) {
                ended = Some(last.until().to_owned());
            }
        }
        ended.map_or(Exempt::Free, Exempt::Ended)
    }
}

/// A call without `total` is refused for that, so nothing more is said about how long it takes. Bytes
/// have no settings about requests.
fn is_known(path: &str, call: &Forwarded<'_, '_>) -> bool {
    if call.opaque {
        let group = path.split('.').next().unwrap_or_default();
        return group == "breaker" || matches!(path, "timeout.connect" | "timeout.idle");
    }
    let endless = call.settings.timeout.total.value == NO_TOTAL;
    !(endless && matches!(path, "timeout.total" | "worst-latency"))
}

/// One value that breaks one demand.
struct Violation<'a, 'n> {
    rule: &'a Rule<'n>,
    reading: &'a Reading,
    owner: Span,
}

impl Violation<'_, '_> {
    fn told(&self) -> report::Violated {
        let Self { rule, reading, owner } = self;
        report::Violated {
            span: reading.span.unwrap_or(*owner),
            message: self.message(),
            here: self.here(),
            require: rule.span(),
            allowed: self.allowed(),
            because: rule.node.statement.docs.join(" "),
            help: self.help(),
            fix: self.fix(),
        }
    }

    fn message(&self) -> String {
        let (path, shown, owner) = (&self.rule.path.text, &self.reading.shown, self.rule.owner());
        let subject = match path.as_str() {
            "retry.attempts" => format!("{shown} attempts"),
            _ => format!("`{path}` of {shown}"),
        };
        let verb = |one: &'static str, many: &'static str| {
            if path == "retry.attempts" { many } else { one }
        };
        match (&self.reading.value, self.rule.operator) {
            (_, "exists") => format!("`{path}` is missing, and {owner} asks for it"),
            (Actual::Endless, _) => format!("`{path}` has no bound, and {owner} asks for one"),
            (Actual::List(_), "in" | "==") => {
                format!("`{path}` holds {}, which {owner} does not allow", self.surplus())
            }
            (Actual::List(_), "has") => {
                format!("`{path}` lacks {}, which {owner} asks for", self.lacking())
            }
            (_, "<" | "<=") => {
                format!("{subject} {} the limit of {owner}", verb("exceeds", "exceed"))
            }
            (_, ">" | ">=") => {
                format!("{subject} {} below the limit of {owner}", verb("falls", "fall"))
            }
            _ => format!("`{path}` is `{shown}`, which {owner} does not allow"),
        }
    }

    fn here(&self) -> String {
        let shown = &self.reading.shown;
        match (&self.reading.value, self.reading.span) {
            (Actual::Absent, Some(_)) => "switched off here".to_owned(),
            (Actual::Absent, None) => format!("nothing here says `{}`", self.rule.path.text),
            (Actual::Endless, _) if self.is_figure_of_breaker() => {
                "at one failure a second it may never trip".to_owned()
            }
            (Actual::Endless, _) if self.is_of_breaker() => {
                "no such rule, so it never trips for this".to_owned()
            }
            (Actual::Endless, _) => "a stream may go on for ever".to_owned(),
            (Actual::List(_), _) if matches!(self.rule.operator, "in" | "==") => {
                format!("{} too many", self.surplus())
            }
            (Actual::List(_), _) if self.rule.operator == "has" => {
                format!("{} missing", self.lacking())
            }
            (Actual::List(_), _) => format!("holds {shown}"),
            (_, None) => format!("is {shown} by default"),
            (Actual::Word(_), Some(_)) => format!("is `{shown}`"),
            _ if self.rule.path.text.contains('.') => format!("asks for {shown}"),
            _ => format!("amounts to {shown}"),
        }
    }

    fn is_of_breaker(&self) -> bool {
        self.rule.path.text.starts_with("breaker.")
    }

    /// A list of fields, each written in quotes.
    fn is_of_names(&self) -> bool {
        matches!(
            self.rule.path.text.as_str(),
            "observe.access-log.headers" | "observe.access-log.redact"
        )
    }

    fn is_figure_of_breaker(&self) -> bool {
        self.rule.path.text == "breaker.trips-within"
    }

    fn bound(&self) -> String {
        self.rule.value()
    }

    fn allowed(&self) -> String {
        let bound = self.bound();
        match self.rule.operator {
            "<=" => format!("at most {bound} allowed here"),
            "<" => format!("only less than {bound} allowed here"),
            ">=" => format!("at least {bound} asked for here"),
            ">" => format!("more than {bound} asked for here"),
            "==" => format!("must be {bound}"),
            "!=" => format!("must not be {bound}"),
            "in" => format!("must be one of {bound}"),
            "has" => format!("must hold {bound}"),
            _ => "asked for here".to_owned(),
        }
    }

    /// The words that a list must hold and does not.
    fn lacking(&self) -> String {
        match (&self.reading.value, &self.rule.wanted) {
            (Actual::List(list), Wanted::Words(words)) => words.beyond(list),
            _ => String::new(),
        }
    }

    /// The words of a list that are not allowed.
    fn surplus(&self) -> String {
        match (&self.reading.value, &self.rule.wanted) {
            (Actual::List(list), Wanted::Words(words)) => list.beyond(words),
            _ => String::new(),
        }
    }

    fn help(&self) -> String {
        match self.rule.operator {
            _ if self.is_figure_of_breaker() => {
                "count fewer failures, or over a longer time".to_owned()
            }
            _ if matches!(self.reading.value, Actual::Endless) && self.is_of_breaker() => {
                "write this rule into the breaker as well".to_owned()
            }
            _ if matches!(self.reading.value, Actual::Unwritten(..)) => {
                format!("write `{}`", self.rule.path.text)
            }
            _ if matches!(self.reading.value, Actual::Endless) => "write a duration".to_owned(),
            "<" | "<=" => "lower it".to_owned(),
            ">" | ">=" => "raise it".to_owned(),
            "has" => "add what is missing".to_owned(),
            "exists" if self.reading.span.is_some() => "leave it on".to_owned(),
            "exists" => format!("write `{}`", self.rule.path.text),
            "!=" => "choose another".to_owned(),
            "in" => format!("choose one of {}", self.bound()),
            _ => format!("write `{}`", self.bound()),
        }
    }

    /// The value that would meet the demand, if writing it is enough.
    fn fix(&self) -> Option<(Span, String)> {
        let figure = self.is_figure_of_breaker();
        let span = self.reading.span.filter(|_| !self.rule.path.is_part && !figure)?;
        match (&self.reading.value, self.rule.operator) {
            (Actual::Number(least, most), "<=" | ">=" | "==")
                if least == most && self.rule.path.text.contains('.') =>
            {
                Some((span, self.bound()))
            }
            (Actual::List(list), "has") if !list.written.is_empty() && self.is_of_names() => {
                let missing = self.lacking().replace('`', "\"");
                Some((span.after(), format!(", {missing}")))
            }
            _ => None,
        }
    }
}
