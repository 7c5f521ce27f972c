//! `amb explain`: what the policy does with one call, and which line says so.
//!
//! Which upstream and by which name; which route and by which `match` line; the
//! filters in the order in which they run; then each thing that can happen.

mod outcomes;
mod request;

pub use request::Request;

use std::cmp::Reverse;
use std::net::SocketAddr;
use std::time::Duration;

use crate::interpret::routing::{self, Call, Head, Target};
use crate::plan::{
    Action, Address, HostPattern, Origin, Otherwise, Plan, Settings, Upstream, derived, display,
};
use crate::summary::{at, layout, layout::Line, rows};

/// The explanation as text, ending in a newline.
pub fn explain(plan: &Plan, request: &Request) -> String {
    let cx = Cx { plan, request };
    let sections = match routing::route(plan, &request.head()) {
        _ if request.is_tcp() => cx.connection(),
        Target::Upstream(call) => cx.call(&call),
        Target::Otherwise => match cx.own_port() {
            Some(upstream) if upstream.protocol.value.is_opaque() => cx.bytes(upstream, "own port"),
            Some(upstream) => cx.through_own_port(upstream),
            None => vec![cx.otherwise()],
        },
    };
    layout::align(&sections, layout::Columns::Fitted).join("\n")
}

impl Request {
    fn head(&self) -> Head<'_> {
        let Self { method, host, target, headers } = self;
        Head { method, host, target, headers }
    }
}

struct Cx<'a> {
    plan: &'a Plan,
    request: &'a Request,
}

impl Cx<'_> {
    fn call(&self, call: &Call<'_>) -> Vec<Vec<Line>> {
        let name = format!("{} (by the name {})", call.upstream.name, call.host.value);
        let mut whereto = vec![self.said(), self.line("upstream", &name, &call.host.origin)];
        whereto.push(self.route(call));
        let docs = call.route.map_or(&call.upstream.docs, |matched| &matched.route.docs);
        whereto.extend(docs.iter().map(|doc| self.plain("", doc)));
        if let Some(Action::Respond(reply)) = call.route.map(|matched| &matched.route.action) {
            whereto.push(self.line("respond", &reply.value.to_string(), &reply.origin));
            let edits = rows::answering(call.settings());
            return vec![whereto, self.filters(&edits)];
        }
        let settings = call.settings();
        let rows = rows::settings(settings);
        let mut filters = self.filters(&rows);
        if let Some(Action::Forward { rewrite: Some(rewrite) }) =
            call.route.map(|matched| &matched.route.action)
        {
            // Header edits see the request as it came.
            let before = |row: &&rows::Row| {
                matches!(row.group, "trace" | "correlation-id" | "headers request")
            };
            let at = 1 + rows.iter().filter(before).count();
            filters.insert(at, self.line("  rewrite", &rewrite.value.to_string(), &rewrite.origin));
        }
        vec![whereto, filters, self.outcomes(call.upstream, settings)]
    }

    fn route(&self, call: &Call<'_>) -> Line {
        match call.route {
            Some(matched) => {
                let value = format!("{} (match {})", matched.route.name, matched.line);
                self.line("route", &value, &at(matched.line.place))
            }
            None => {
                let value = format!("none matches: the settings of {} itself", call.upstream.name);
                self.line("route", &value, &at(call.upstream.place))
            }
        }
    }

    /// An upstream whose own port is dialled, whatever the name.
    fn own_port(&self) -> Option<&Upstream> {
        let dialled = self.request.host.parse().ok()?;
        let is_dialled = |upstream: &&Upstream| {
            upstream.listen.as_ref().is_some_and(|listen| listen.value == dialled)
        };
        self.plan.upstreams.iter().find(is_dialled)
    }

    /// As if it were dialled by its first name.
    fn through_own_port(&self, upstream: &Upstream) -> Vec<Vec<Line>> {
        let name = upstream.hosts.first().map(|host| host.value.to_string());
        let request = Request { host: name.unwrap_or_default(), ..self.request.clone() };
        let cx = Cx { plan: self.plan, request: &request };
        let Target::Upstream(call) = routing::route(self.plan, &request.head()) else {
            return vec![self.otherwise()];
        };
        let mut sections = cx.call(&call);
        if let (Some(listen), Some(line)) =
            (&upstream.listen, sections.first_mut().and_then(|lines| lines.get_mut(1)))
        {
            let name = format!("{} (by its own port {})", upstream.name, listen.value);
            *line = self.line("upstream", &name, &listen.origin);
        }
        sections
    }

    fn otherwise(&self) -> Vec<Line> {
        let otherwise = &self.plan.otherwise;
        let then = match otherwise.value {
            Otherwise::Pass => "pass: forwarded as it is, with no policy at all",
            Otherwise::Reject => "reject: 404 by the proxy, nothing is sent",
        };
        let host = routing::bare_host(&self.request.host);
        let is_named = |upstream: &&Upstream| {
            upstream.hosts.iter().any(|it| it.value == HostPattern::Exact(host.clone()))
        };
        // Were it HTTP, it would have been found.
        let upstream = match self.plan.upstreams.iter().find(is_named) {
            Some(upstream) => {
                format!(
                    "{} gets bytes ({}), and no requests: ask with `TCP {}`",
                    upstream.name,
                    upstream.protocol.value,
                    destination(upstream)
                )
            }
            None => format!("none has the name {host}"),
        };
        let otherwise = self.line("otherwise", then, &otherwise.origin);
        vec![self.said(), self.plain("upstream", &upstream), otherwise]
    }

    /// A connection by the own port of an upstream, or by its name and port: dialled with `CONNECT`, or redirected.
    fn connection(&self) -> Vec<Vec<Line>> {
        let fitting = self.plan.upstreams.iter().filter_map(|it| {
            let exactness = exactness(it, &self.request.host)?;
            Some((exactness, it))
        });
        // The first of the most exact ones.
        let named = fitting.min_by_key(|(exactness, _)| Reverse(*exactness)).map(|(_, it)| it);
        let (upstream, by) = match (self.own_port(), named) {
            (Some(own), _) => (own, "own port"),
            (None, Some(named)) => (named, "name and port"),
            (None, None) => {
                let none = format!("none is at {}", self.request.host);
                let otherwise = match self.plan.otherwise.value {
                    Otherwise::Pass => "pass: a tunnel to where it was going",
                    Otherwise::Reject => "reject: reset by the proxy; 404 to a CONNECT",
                };
                let otherwise = self.line("otherwise", otherwise, &self.plan.otherwise.origin);
                return vec![vec![self.said(), self.plain("upstream", &none), otherwise]];
            }
        };
        if upstream.protocol.value.is_opaque() {
            return self.bytes(upstream, by);
        }
        let name =
            format!("{} speaks HTTP: ask with `GET http://{}`", upstream.name, self.request.host);
        vec![vec![self.said(), self.line("upstream", &name, &at(upstream.place))]]
    }

    /// Anything that is sent to an upstream that gets bytes.
    fn bytes(&self, upstream: &Upstream, by: &str) -> Vec<Vec<Line>> {
        let name = format!("{} (by its {by} {})", upstream.name, self.request.host);
        let whereto = vec![self.said(), self.line("upstream", &name, &at(upstream.place))];
        let mut settings = rows::limits(upstream);
        settings.extend(rows::settings(&upstream.settings));
        vec![whereto, self.filters(&settings)]
    }

    fn filters(&self, rows: &[rows::Row]) -> Vec<Line> {
        let mut lines = vec![self.plain("filters", "in the order in which they run")];
        let mut previous = "";
        for row in rows {
            let label = if row.group == previous { "" } else { row.group };
            lines.push(self.line(&format!("  {label}"), &row.statement(), &row.origin));
            previous = row.group;
        }
        lines
    }

    fn outcomes(&self, upstream: &Upstream, settings: &Settings) -> Vec<Line> {
        let mut lines =
            vec![self.plain("outcomes", "what comes of it when the upstream keeps doing this")];
        for row in outcomes::rows(self.plan, upstream, settings, self.request) {
            let label = format!("  {}", row.when);
            lines.push(match row.because {
                Some((text, origin)) => {
                    self.line(&label, &format!("{}; {text}", row.then), &origin)
                }
                None => self.plain(&label, &row.then),
            });
        }
        if let Some((retry, waits)) =
            settings.retry.as_ref().and_then(|retry| Some((retry, outcomes::waits(retry)?)))
        {
            lines.push(self.line("waits", &waits, &retry.backoff.origin));
        }
        let [begins, ends] = [derived::slowest_answer(settings), derived::worst_latency(settings)];
        let latest = match (begins, ends) {
            (_, Duration::MAX) => "no bound: a stream ends when its ends do".to_owned(),
            _ if begins == ends => format!("the answer comes within {}", display::duration(ends)),
            _ => format!(
                "the answer begins within {} of a complete request, and ends within {}",
                display::duration(begins),
                display::duration(ends)
            ),
        };
        lines.push(self.plain("latest", &latest));
        lines
    }

    fn said(&self) -> Line {
        let Request { method, host, target, .. } = self.request;
        let method = if self.request.is_grpc() { "GRPC" } else { method };
        self.plain("call", format!("{method} {host} {target}").trim_end())
    }

    fn line(&self, label: &str, value: &str, origin: &Origin) -> Line {
        Line { origin: self.plan.origin_text(origin), ..self.plain(label, value) }
    }

    fn plain(&self, label: &str, value: &str) -> Line {
        let value = display::printable(value);
        Line { indent: 0, label: label.to_owned(), value, origin: String::new() }
    }
}

/// Where an upstream is, as callers would dial it.
fn destination(upstream: &Upstream) -> String {
    match &upstream.address.value {
        Address::Dns { host, port } => format!("{host}:{port}"),
        Address::Fixed(addresses) => {
            addresses.first().map(SocketAddr::to_string).unwrap_or_default()
        }
    }
}

/// How exactly it has that name or address, and that port: by a longer wildcard more than by a shorter
/// one, and most without. `None`: it does not.
fn exactness(upstream: &Upstream, dialled: &str) -> Option<usize> {
    let ports: Vec<u16> = match &upstream.address.value {
        Address::Dns { port, .. } => vec![*port],
        Address::Fixed(addresses) => addresses.iter().map(SocketAddr::port).collect(),
    };
    let port = dialled.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    let host = routing::bare_host(dialled);
    let is_address = |address: &SocketAddr| dialled.parse() == Ok(*address);
    if matches!(&upstream.address.value, Address::Fixed(all) if all.iter().any(is_address)) {
        return Some(usize::MAX);
    }
    port.filter(|port| ports.contains(port))?;
    let names = upstream.hosts.iter().filter_map(|it| match &it.value {
        HostPattern::Exact(name) => (*name == host).then_some(usize::MAX),
        HostPattern::Suffix(end) => host.ends_with(end.as_str()).then_some(end.len()),
    });
    names.max()
}
