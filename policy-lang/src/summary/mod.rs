//! `amb plan`: the effective policy on one screen, as text and as JSON.
//!
//! First it shows what a call can cost (tries, longest wait, amplification, memory), with one
//! line for each route, and what the policy has to meet. Then it shows every value in force with the line that set it, from the
//! outside in: what holds for every call, what an upstream changes, what a route
//! changes. What is checked in as `plan.txt` next to the generated code shows each value where it is written.

mod blocks;
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
use layout::{Columns, Line};
use rows::Row;

/// The name of the calls of an upstream that no route matches.
pub(crate) const ANY_OTHER: &str = "any other call";

/// The plan as text with the lines of the policy, at most 100 columns wide, ending in a newline.
pub fn text(plan: &Plan) -> String {
    let cx = Cx { plan, everywhere: delta::everywhere(plan), sources: Sources::Lines };
    let mut sections = cx.head();
    sections.extend((!cx.everywhere.is_empty()).then(|| cx.every_call()));
    sections.extend(plan.upstreams.iter().map(|upstream| cx.upstream(upstream)));
    let mut sections = layout::align(&sections, Columns::Fitted);
    if let Some(table) = figures::table(plan) {
        sections.insert(1, table);
    }
    sections.join("\n")
}

/// The policy for those who review a change: each value in the block that says it, with places of the
/// policy, which stay when lines move, and one setting a line.
pub fn reviewed(plan: &Plan) -> String {
    let cx = Cx { plan, everywhere: Vec::new(), sources: Sources::Places };
    let mut sections = cx.head();
    sections.extend(plan.blocks.iter().filter_map(|block| cx.shared(block)));
    let upstreams = plan.upstreams.iter().enumerate();
    sections.extend(upstreams.flat_map(|(at, upstream)| cx.sections(at, upstream)));
    layout::align(&sections, Columns::Fixed).join("\n")
}

/// How the plan says who set a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sources {
    /// `order.amb:43`.
    Lines,
    /// `payment/charge`.
    Places,
}

struct Cx<'a> {
    plan: &'a Plan,
    everywhere: Vec<Row>,
    sources: Sources,
}

impl Cx<'_> {
    fn head(&self) -> Vec<Vec<Line>> {
        let guardrails = Some(self.guardrails()).filter(|lines| !lines.is_empty());
        [self.header()].into_iter().chain(guardrails).collect()
    }

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

    /// The upstream with what it changes, and its routes.
    fn upstream(&self, upstream: &Upstream) -> Vec<Line> {
        let title = Scope { indent: 0, place: &upstream.name };
        let scope = Scope { indent: 2, ..title };
        let mut lines = self.upstream_head(title, upstream);
        let own = rows::settings(&upstream.settings);
        let changed = delta::against(&self.everywhere, &own, &upstream.settings);
        lines.extend(self.grouped(scope, &changed));
        if !upstream.protocol.value.is_opaque() {
            lines.extend(slow(scope, &upstream.settings));
        }
        let routes = upstream.routes.iter();
        lines.extend(routes.flat_map(|route| self.route(&upstream.name, &own, route)));
        lines
    }

    /// All of an upstream but the settings of its calls.
    fn upstream_head(&self, title: Scope<'_>, upstream: &Upstream) -> Vec<Line> {
        let name = format!("upstream {}", upstream.name);
        let address = upstream.address.value.to_string();
        let scope = Scope { indent: 1, ..title };
        let mut lines = vec![self.line(title, &name, &address, &at(upstream.place))];
        lines.extend(self.hosts(scope, &upstream.hosts));
        // What goes without saying is left out.
        let spoken = Some(&upstream.protocol).filter(|it| it.place().is_some());
        lines.extend(spoken.map(|it| self.sourced(scope, "protocol", it)));
        lines.extend(upstream.listen.iter().map(|own| self.sourced(scope, "listen", own)));
        lines.extend(self.grouped(scope, &rows::limits(upstream)));
        lines
    }

    /// The address's own name goes without saying.
    fn hosts(&self, scope: Scope<'_>, hosts: &[Sourced<HostPattern>]) -> Vec<Line> {
        hosts.iter().skip(1).map(|host| self.sourced(scope, "host", host)).collect()
    }

    fn route(&self, upstream: &str, base: &[Row], route: &Route) -> Vec<Line> {
        let place = format!("{upstream}/{}", route.name);
        let scope = Scope { indent: 2, place: &place };
        let mut lines = self.route_head(scope, route);
        // A route that answers by itself has no tries to govern: nothing is missing there.
        let changed = match route.action {
            Action::Forward { .. } => {
                delta::against(base, &rows::settings(&route.settings), &route.settings)
            }
            Action::Respond(_) => rows::answering(&route.settings),
        };
        lines.extend(self.grouped(scope, &changed));
        if matches!(route.action, Action::Forward { .. }) {
            lines.extend(slow(scope, &route.settings));
        }
        lines
    }

    /// Which calls a route takes, and what it does with them.
    fn route_head(&self, scope: Scope<'_>, route: &Route) -> Vec<Line> {
        let (mut lines, title) = (vec![], Scope { indent: 1, ..scope });
        let (mut name, mut of_match) = (format!("route {}", route.name), title);
        if self.sources == Sources::Places {
            // On a line of its own it stays as it is, whatever becomes of the route.
            lines.push(self.line(title, &name, "", &at(route.place)));
            (name, of_match) = ("match".to_owned(), scope);
        }
        for line in &route.matches {
            lines.push(self.line(of_match, &name, &line.to_string(), &at(line.place)));
            "or".clone_into(&mut name);
        }
        lines.extend(self.action(scope, &route.action));
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

/// How many tries a slow upstream leaves time for, unless that is all of them.
fn slow(scope: Scope<'_>, settings: &Settings) -> Option<Line> {
    figures::slow(settings).map(|value| Line {
        indent: scope.indent,
        label: "if slow".to_owned(),
        value,
        origin: String::new(),
    })
}

/// A block has no layer of its own; its place says enough.
pub(crate) fn at(place: Place) -> Origin {
    Origin::Written { layer: Layer::File, place }
}
