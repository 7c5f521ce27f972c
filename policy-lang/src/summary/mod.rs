//! `amb plan`: the effective policy on one screen, as text and as JSON.
//!
//! First it shows what a call can cost (tries, longest wait, amplification, memory), with one
//! line for each route, and what the policy has to meet. Then it shows every value in force with the line that set it, from the
//! outside in: what holds for every call, what an upstream changes, what a route
//! changes. The same text is checked in as `plan.txt` next to the generated code.

mod delta;
mod figures;
mod json;
pub(crate) mod layout;
pub mod rows;
mod rules;

pub use json::json;
pub use rules::rules;

use crate::plan::{
    Action, HostPattern, Layer, Origin, Place, Plan, Route, Settings, Sourced, Upstream, display,
};
use layout::Line;
use rows::Row;

/// The name of the calls of an upstream that no route matches.
pub(crate) const ANY_OTHER: &str = "any other call";

/// The plan as text with the lines of the policy, at most 100 columns wide, ending in a newline.
pub fn text(plan: &Plan) -> String {
    written(plan, Sources::Lines)
}

/// The same for those who review a change: with places of the policy, which stay when lines move, and
/// one setting a line.
pub fn reviewed(plan: &Plan) -> String {
    written(plan, Sources::Places)
}

fn written(plan: &Plan, sources: Sources) -> String {
    let cx = Cx { plan, everywhere: delta::everywhere(plan), sources };
    let mut sections = vec![cx.header()];
    sections.extend(Some(cx.guardrails()).filter(|lines| !lines.is_empty()));
    sections.extend((!cx.everywhere.is_empty()).then(|| cx.every_call()));
    sections.extend(plan.upstreams.iter().flat_map(|upstream| cx.upstream(upstream)));
    let mut sections = layout::align(&sections, sources.least());
    if let Some(table) = figures::table(plan).filter(|_| sources == Sources::Lines) {
        sections.insert(1, table);
    }
    sections.join("\n")
}

/// How the plan says who set a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sources {
    /// `order.amb:43`.
    Lines,
    /// `payment/charge`.
    Places,
}

impl Sources {
    /// The columns that labels and sources have at least: where a longer name must not shift all lines,
    /// there is room for it.
    const fn least(self) -> layout::Least {
        match self {
            Self::Lines => layout::Least::NONE,
            Self::Places => layout::Least { label: 28, origin: 24 },
        }
    }
}

struct Cx<'a> {
    plan: &'a Plan,
    everywhere: Vec<Row>,
    sources: Sources,
}

impl Cx<'_> {
    fn header(&self) -> Vec<Line> {
        let plan = self.plan;
        let service = Scope { indent: 0, place: "service" };
        let mut lines =
            vec![self.line(service, "service", &plan.service.name, &at(plan.service.place))];
        let baseline = plan.service.baseline.iter();
        lines
            .extend(baseline.map(|name| self.line(service, "baseline", &name.value, &name.origin)));
        lines.push(self.sourced(Scope { indent: 0, place: "listen" }, "listen", &plan.listen));
        let rows = rows::intercept(plan);
        let (user, intercept): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| row.group == "user");
        lines.extend(self.grouped(service, &user));
        lines.extend(self.grouped(Scope { indent: 0, place: "intercept" }, &intercept));
        lines.push(self.sourced(service, "workers", &plan.service.workers));
        lines.push(self.sourced(
            Scope { indent: 0, place: "otherwise" },
            "otherwise",
            &plan.otherwise,
        ));
        lines.extend(
            self.grouped(Scope { indent: 0, place: "observe" }, &rows::observe(&plan.observe)),
        );
        lines
    }

    /// The demands that the plan meets, and what is exempt from them: a baseline that asks for less is a
    /// change, though no value changes.
    fn guardrails(&self) -> Vec<Line> {
        let scope = Scope { indent: 0, place: "" };
        let guardrails = &self.plan.guardrails;
        let requires = guardrails.requires.iter().map(|it| self.sourced(scope, "require", it));
        requires
            .chain(guardrails.exemptions.iter().map(|it| self.sourced(scope, "exempt", it)))
            .collect()
    }

    fn every_call(&self) -> Vec<Line> {
        let scope = Scope { indent: 2, place: "" };
        let title = self.line(Scope { indent: 0, ..scope }, "every call", "", &Origin::Language);
        let mut lines = vec![Line { origin: String::new(), ..title }];
        lines.extend(self.grouped(scope, &self.everywhere));
        lines
    }

    /// The upstream and its routes; for reviewers, who merge changes of several routes, with blank lines
    /// between them.
    fn upstream(&self, upstream: &Upstream) -> Vec<Vec<Line>> {
        let name = format!("upstream {}", upstream.name);
        let address = upstream.address.value.to_string();
        let place = display::upstream_place(&upstream.name);
        let title = Scope { indent: 0, place: &place };
        let scope = Scope { indent: 1, ..title };
        let mut lines = vec![self.line(title, &name, &address, &at(upstream.place))];
        lines.extend(self.hosts(scope, &upstream.hosts));
        // What goes without saying is left out.
        let spoken = Some(&upstream.protocol).filter(|it| it.place().is_some());
        lines.extend(spoken.map(|it| self.sourced(scope, "protocol", it)));
        lines.extend(upstream.listen.iter().map(|own| self.sourced(scope, "listen", own)));
        lines.extend(self.grouped(scope, &rows::limits(upstream)));
        let own = rows::settings(&upstream.settings);
        let changed = delta::against(&self.everywhere, &own, &at(upstream.place));
        lines.extend(self.grouped(Scope { indent: 2, ..title }, &changed));
        if !upstream.protocol.value.is_opaque() {
            lines.extend(self.most(Scope { indent: 2, ..title }, &upstream.settings));
        }
        let routes = upstream.routes.iter().map(|route| self.route(&upstream.name, &own, route));
        match self.sources {
            Sources::Lines => vec![lines.into_iter().chain(routes.flatten()).collect()],
            Sources::Places => [lines].into_iter().chain(routes).collect(),
        }
    }

    /// What a call can cost where no table says it, and how many tries a slow upstream leaves time for.
    fn most(&self, scope: Scope<'_>, settings: &Settings) -> Vec<Line> {
        let most = Some(("at most", figures::statement(settings)));
        let most = most.filter(|_| self.sources == Sources::Places);
        let slow = figures::slow(settings).map(|slow| ("if slow", slow));
        let line = |(label, value): (&str, String)| Line {
            indent: scope.indent,
            label: label.to_owned(),
            value,
            origin: String::new(),
        };
        most.into_iter().chain(slow).map(line).collect()
    }

    /// The address's own name goes without saying.
    fn hosts(&self, scope: Scope<'_>, hosts: &[Sourced<HostPattern>]) -> Vec<Line> {
        hosts.iter().skip(1).map(|host| self.sourced(scope, "host", host)).collect()
    }

    fn route(&self, upstream: &str, base: &[Row], route: &Route) -> Vec<Line> {
        let place = format!("{upstream}/{}", route.name);
        let scope = Scope { indent: 2, place: &place };
        let mut lines = vec![];
        let mut name = format!("route {}", route.name);
        for line in &route.matches {
            let title = Scope { indent: 1, ..scope };
            lines.push(self.line(title, &name, &line.to_string(), &at(line.place)));
            "or".clone_into(&mut name);
        }
        lines.extend(self.action(scope, &route.action));
        // A route that answers by itself has no tries to govern: nothing is missing there.
        let changed = match route.action {
            Action::Forward { .. } => {
                delta::against(base, &rows::settings(&route.settings), &at(route.place))
            }
            Action::Respond(_) => {
                delta::against(&[], &rows::answering(&route.settings), &at(route.place))
            }
        };
        lines.extend(self.grouped(scope, &changed));
        if matches!(route.action, Action::Forward { .. }) {
            lines.extend(self.most(scope, &route.settings));
        }
        lines
    }

    fn action(&self, scope: Scope<'_>, action: &Action) -> Option<Line> {
        match action {
            Action::Forward { rewrite } => {
                rewrite.as_ref().map(|rewrite| self.sourced(scope, "rewrite", rewrite))
            }
            Action::Respond(reply) => Some(self.sourced(scope, "respond", reply)),
        }
    }

    /// One line for the values of a block that came from one line.
    fn grouped(&self, scope: Scope<'_>, rows: &[Row]) -> Vec<Line> {
        let mut lines: Vec<Line> = vec![];
        let mut previous = "";
        let by_lines = self.sources == Sources::Lines;
        let origin = |row: &Row| self.plan.origin_text(&row.origin);
        let is_one = |a: &Row, b: &Row| by_lines && a.group == b.group && origin(a) == origin(b);
        for rows in rows.chunk_by(is_one) {
            let Some(first) = rows.first() else { continue };
            let statements: Vec<_> = rows.iter().map(Row::statement).collect();
            let label = if first.group == previous { "" } else { first.group };
            lines.push(self.line(scope, label, &statements.join("; "), &first.origin));
            previous = first.group;
        }
        lines
    }

    fn sourced<T: ToString>(&self, scope: Scope<'_>, label: &str, value: &Sourced<T>) -> Line {
        self.line(scope, label, &value.value.to_string(), &value.origin)
    }

    fn line(&self, scope: Scope<'_>, label: &str, value: &str, origin: &Origin) -> Line {
        let origin = match self.sources {
            Sources::Lines => self.plan.origin_text(origin),
            Sources::Places => self.plan.source_text(origin, scope.place),
        };
        let (label, value) = (label.to_owned(), display::printable(value));
        Line { indent: scope.indent, label, value, origin }
    }
}

/// Where lines stand: how deep in the text, and at which place of the policy.
#[derive(Clone, Copy, Debug)]
struct Scope<'a> {
    indent: usize,
    place: &'a str,
}

/// A block has no layer of its own; its place says enough.
pub(crate) fn at(place: Place) -> Origin {
    Origin::Written { layer: Layer::File, place }
}
