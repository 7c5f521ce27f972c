//! `amb plan`: the effective policy on one screen, as text and as JSON.
//!
//! First it shows what a call can cost (tries, longest wait, amplification, memory), with one
//! line for each route. Then it shows every value in force with the line that set it, from the
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
    Action, HostPattern, Layer, Origin, Place, Plan, Route, Sourced, Upstream, display,
};
use layout::Line;
use rows::Row;

/// The name of the calls of an upstream that no route matches.
pub(crate) const ANY_OTHER: &str = "any other call";

/// The plan as text, at most 100 columns wide, ending in a newline.
pub fn text(plan: &Plan) -> String {
    let cx = Cx { plan, everywhere: delta::everywhere(plan) };
    let mut sections = vec![cx.header()];
    sections.extend((!cx.everywhere.is_empty()).then(|| cx.every_call()));
    sections.extend(plan.upstreams.iter().map(|upstream| cx.upstream(upstream)));
    let mut sections = layout::align(&sections);
    if let Some(table) = figures::table(plan) {
        sections.insert(1, table);
    }
    sections.join("\n")
}

struct Cx<'a> {
    plan: &'a Plan,
    everywhere: Vec<Row>,
}

impl Cx<'_> {
    fn header(&self) -> Vec<Line> {
        let plan = self.plan;
        let mut lines = vec![self.line(0, "service", &plan.service.name, &at(plan.service.place))];
        let baseline = plan.service.baseline.iter();
        lines.extend(baseline.map(|name| self.line(0, "baseline", &name.value, &name.origin)));
        lines.push(self.sourced("listen", &plan.listen));
        lines.extend(self.grouped(0, &rows::intercept(plan)));
        lines.push(self.sourced("workers", &plan.service.workers));
        lines.push(self.sourced("otherwise", &plan.otherwise));
        lines.extend(self.grouped(0, &rows::observe(&plan.observe)));
        lines
    }

    fn every_call(&self) -> Vec<Line> {
        let mut lines = vec![self.line(0, "every call", "", &Origin::Language)];
        lines.iter_mut().for_each(|title| title.origin.clear());
        lines.extend(self.grouped(2, &self.everywhere));
        lines
    }

    fn upstream(&self, upstream: &Upstream) -> Vec<Line> {
        let name = format!("upstream {}", upstream.name);
        let address = &upstream.address;
        let mut lines = vec![self.line(0, &name, &address.value.to_string(), &at(upstream.place))];
        lines.extend(self.hosts(&upstream.hosts));
        // What goes without saying is left out.
        let spoken = Some(&upstream.protocol).filter(|it| it.place().is_some());
        lines.extend(spoken.map(|it| self.line(1, "protocol", &it.value.to_string(), &it.origin)));
        let listen = upstream.listen.iter();
        lines.extend(listen.map(|own| self.line(1, "listen", &own.value.to_string(), &own.origin)));
        lines.extend(self.grouped(1, &rows::limits(upstream)));
        let own = rows::settings(&upstream.settings);
        let place = at(upstream.place);
        lines.extend(self.grouped(2, &delta::against(&self.everywhere, &own, &place)));
        lines.extend(upstream.routes.iter().flat_map(|route| self.route(&own, route)));
        lines
    }

    /// The address's own name goes without saying.
    fn hosts(&self, hosts: &[Sourced<HostPattern>]) -> Vec<Line> {
        let more = hosts.iter().skip(1);
        more.map(|host| self.line(1, "host", &host.value.to_string(), &host.origin)).collect()
    }

    fn route(&self, base: &[Row], route: &Route) -> Vec<Line> {
        let mut lines = vec![];
        let mut name = format!("route {}", route.name);
        for line in &route.matches {
            lines.push(self.line(1, &name, &line.to_string(), &at(line.place)));
            "or".clone_into(&mut name);
        }
        lines.extend(self.action(&route.action));
        // A route that answers by itself has no tries to govern: nothing is missing there.
        let changed = match route.action {
            Action::Forward { .. } => {
                delta::against(base, &rows::settings(&route.settings), &at(route.place))
            }
            Action::Respond(_) => {
                delta::against(&[], &rows::answering(&route.settings), &at(route.place))
            }
        };
        lines.extend(self.grouped(2, &changed));
        lines
    }

    fn action(&self, action: &Action) -> Option<Line> {
        match action {
            Action::Forward { rewrite } => rewrite.as_ref().map(|rewrite| {
                self.line(2, "rewrite", &rewrite.value.to_string(), &rewrite.origin)
            }),
            Action::Respond(reply) => {
                Some(self.line(2, "respond", &reply.value.to_string(), &reply.origin))
            }
        }
    }

    /// One line for the values of a block that came from one line.
    fn grouped(&self, indent: usize, rows: &[Row]) -> Vec<Line> {
        let mut lines: Vec<Line> = vec![];
        let mut previous = "";
        let origin = |row: &Row| self.plan.origin_text(&row.origin);
        for rows in rows.chunk_by(|a, b| a.group == b.group && origin(a) == origin(b)) {
            let Some(first) = rows.first() else { continue };
            let statements: Vec<_> = rows.iter().map(Row::statement).collect();
            let label = if first.group == previous { "" } else { first.group };
            lines.push(self.line(indent, label, &statements.join("; "), &first.origin));
            previous = first.group;
        }
        lines
    }

    fn sourced<T: ToString>(&self, label: &str, value: &Sourced<T>) -> Line {
        self.line(0, label, &value.value.to_string(), &value.origin)
    }

    fn line(&self, indent: usize, label: &str, value: &str, origin: &Origin) -> Line {
        Line {
            indent,
            label: label.to_owned(),
            value: display::printable(value),
            origin: self.plan.origin_text(origin),
        }
    }
}

/// A block has no layer of its own; its place says enough.
pub(crate) fn at(place: Place) -> Origin {
    Origin::Written { layer: Layer::File, place }
}
