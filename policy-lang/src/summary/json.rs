//! The same plan as JSON: one object, fields in a fixed order, values as an author writes them.
//!
//! FiguresJson come as numbers with their unit in the name, so that a script needs
//! no parser for durations.

use std::time::Duration;

use serde::Serialize;

use super::rows::{self, Row};
use crate::plan::{Action, Match, Origin, Place, Plan, Route, Settings, Upstream, derived};

/// The plan as pretty-printed JSON, ending in a newline.
pub fn json(plan: &Plan) -> String {
    let cx = Cx { plan };
    // INVARIANT: only strings, numbers and lists are written, which cannot fail.
    serde_json::to_string_pretty(&cx.document()).unwrap_or_default() + "\n"
}

#[derive(Serialize)]
struct Document {
    service: ValueJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<ValueJson>,
    listen: ValueJson,
    workers: ValueJson,
    otherwise: ValueJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    intercept: Vec<SettingJson>,
    observe: Vec<SettingJson>,
    upstreams: Vec<UpstreamJson>,
}

#[derive(Serialize)]
struct UpstreamJson {
    name: String,
    docs: Vec<String>,
    origin: OriginJson,
    address: ValueJson,
    protocol: ValueJson,
    hosts: Vec<ValueJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<ValueJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limits: Vec<SettingJson>,
    routes: Vec<RouteJson>,
    any_other_call: PolicyJson,
}

#[derive(Serialize)]
struct RouteJson {
    name: String,
    docs: Vec<String>,
    origin: OriginJson,
    matches: Vec<ValueJson>,
    action: SettingJson,
    #[serde(flatten)]
    policy: PolicyJson,
}

#[derive(Serialize)]
struct PolicyJson {
    /// None of bytes, which are no calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    figures: Option<FiguresJson>,
    settings: Vec<SettingJson>,
}

#[derive(Serialize)]
struct FiguresJson {
    tries: u32,
    /// `null` if nothing bounds it.
    worst_latency_ms: Option<u64>,
    amplification: u32,
    replay_memory_bytes: u64,
}

#[derive(Serialize)]
struct SettingJson {
    setting: String,
    value: String,
    origin: OriginJson,
}

#[derive(Serialize)]
struct ValueJson {
    value: String,
    origin: OriginJson,
}

#[derive(Serialize)]
struct OriginJson {
    layer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

struct Cx<'a> {
    plan: &'a Plan,
}

impl Cx<'_> {
    fn document(&self) -> Document {
        let plan = self.plan;
        let service = &plan.service;
        Document {
            service: self.value(&service.name, &super::at(service.place)),
            baseline: service.baseline.as_ref().map(|name| self.value(&name.value, &name.origin)),
            listen: self.value(&plan.listen.value, &plan.listen.origin),
            workers: self.value(&service.workers.value, &service.workers.origin),
            otherwise: self.value(&plan.otherwise.value, &plan.otherwise.origin),
            intercept: self.settings(rows::intercept(plan)),
            observe: self.settings(rows::observe(&plan.observe)),
            upstreams: plan.upstreams.iter().map(|upstream| self.upstream(upstream)).collect(),
        }
    }

    fn upstream(&self, upstream: &Upstream) -> UpstreamJson {
        let hosts = upstream.hosts.iter();
        UpstreamJson {
            name: upstream.name.clone(),
            docs: upstream.docs.clone(),
            origin: self.at(upstream.place),
            address: self.value(&upstream.address.value, &upstream.address.origin),
            protocol: self.value(&upstream.protocol.value, &upstream.protocol.origin),
            hosts: hosts.map(|host| self.value(&host.value, &host.origin)).collect(),
            listen: upstream.listen.as_ref().map(|own| self.value(&own.value, &own.origin)),
            limits: self.settings(rows::limits(upstream)),
            routes: upstream.routes.iter().map(|route| self.route(route)).collect(),
            any_other_call: match upstream.protocol.value.is_opaque() {
                true => self.carrying(&upstream.settings),
                false => self.forwarding(&upstream.settings, &[]),
            },
        }
    }

    fn route(&self, route: &Route) -> RouteJson {
        let matches = route.matches.iter();
        RouteJson {
            name: route.name.clone(),
            docs: route.docs.clone(),
            origin: self.at(route.place),
            matches: matches.map(|line| self.value(line, &super::at(line.place))).collect(),
            action: self.action(route),
            policy: match route.action {
                Action::Forward { .. } => self.forwarding(&route.settings, &route.matches),
                Action::Respond(_) => self.answering(&route.settings),
            },
        }
    }

    fn action(&self, route: &Route) -> SettingJson {
        let (setting, value, origin) = match &route.action {
            Action::Forward { rewrite: None } => ("forward", String::new(), self.at(route.place)),
            Action::Forward { rewrite: Some(rewrite) } => {
                ("rewrite", rewrite.value.to_string(), self.origin(&rewrite.origin))
            }
            Action::Respond(reply) => {
                ("respond", reply.value.to_string(), self.origin(&reply.origin))
            }
        };
        SettingJson { setting: setting.to_owned(), value, origin }
    }

    fn forwarding(&self, settings: &Settings, matches: &[Match]) -> PolicyJson {
        let worst = derived::worst_latency(settings);
        let bounded = worst < Duration::MAX;
        let figures = FiguresJson {
            tries: derived::tries(settings),
            worst_latency_ms: worst.as_millis().try_into().ok().filter(|_| bounded),
            amplification: derived::amplification(settings, matches),
            replay_memory_bytes: derived::replay_memory(settings),
        };
        PolicyJson { figures: Some(figures), settings: self.settings(rows::settings(settings)) }
    }

    fn carrying(&self, settings: &Settings) -> PolicyJson {
        PolicyJson { figures: None, settings: self.settings(rows::settings(settings)) }
    }

    fn answering(&self, settings: &Settings) -> PolicyJson {
        let figures = FiguresJson {
            tries: 0,
            worst_latency_ms: Some(0),
            amplification: 0,
            replay_memory_bytes: 0,
        };
        PolicyJson { figures: Some(figures), settings: self.settings(rows::answering(settings)) }
    }

    fn settings(&self, rows: Vec<Row>) -> Vec<SettingJson> {
        let setting = |row: Row| SettingJson {
            setting: row.path(),
            origin: self.origin(&row.origin),
            value: row.value,
        };
        rows.into_iter().map(setting).collect()
    }

    fn value<T: ToString + ?Sized>(&self, value: &T, origin: &Origin) -> ValueJson {
        ValueJson { value: value.to_string(), origin: self.origin(origin) }
    }

    fn at(&self, place: Place) -> OriginJson {
        self.origin(&super::at(place))
    }

    fn origin(&self, origin: &Origin) -> OriginJson {
        let Origin::Written { layer, place } = origin else {
            return OriginJson {
                layer: "language".to_owned(),
                file: None,
                line: None,
                column: None,
            };
        };
        let file = self.plan.sources.get(place.file).map(|source| source.name.clone());
        OriginJson {
            layer: layer.to_string(),
            file,
            line: Some(place.line),
            column: Some(place.column),
        }
    }
}
