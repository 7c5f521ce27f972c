//! One answer per path.

use crate::observe::metrics;
use std::sync::atomic::Ordering;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::state::{Admin, Readiness};
use crate::observe::access_log::json::Json;

use crate::spec::{Address, UpstreamId, UpstreamSpec};
use crate::state::breaker::State;

type Answer = Response<Full<Bytes>>;

const TEXT: &str = "text/plain; charset=utf-8";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const JSON: &str = "application/json";

/// Answers a request; its body is not read.
pub(super) fn to<B>(admin: &Admin, request: &Request<B>) -> Answer {
    let path = request.uri().path();
    let allowed = match path {
        "/quit" => "POST",
        _ => "GET, HEAD",
    };
    if !allowed.split(", ").any(|method| method == request.method().as_str()) {
        return refused(path, request.method(), allowed);
    }
    match path {
        "/ready" => ready(admin.readiness()),
        "/live" => answer(StatusCode::OK, TEXT, "live\n"),
        "/metrics" if admin.facts.observe.metrics => {
            let page = metrics::page(&admin.facts, &admin.shared.readings(&admin.discovery));
            answer(StatusCode::OK, METRICS, page)
        }
        "/policy" => answer(StatusCode::OK, JSON, admin.facts.policy),
        "/upstreams" => answer(StatusCode::OK, JSON, upstreams(admin)),
        "/quit" => quit(admin),
        _ => answer(StatusCode::NOT_FOUND, TEXT, "there is no such page\n"),
    }
}

fn refused(path: &str, method: &Method, allowed: &'static str) -> Answer {
    let text = format!("{path} does not take {method}; use {allowed}\n");
    let mut refused = answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, text);
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    refused
}

fn ready(readiness: Readiness) -> Answer {
    match readiness {
        Readiness::Ready => answer(StatusCode::OK, TEXT, "ready\n"),
        Readiness::Starting(step) => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, step),
        Readiness::Draining => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, "draining\n"),
    }
}

fn quit(admin: &Admin) -> Answer {
    admin.ask_to_quit();
    answer(StatusCode::ACCEPTED, TEXT, "draining\n")
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// What calls would meet right now.
fn upstreams(admin: &Admin) -> Vec<u8> {
    let mut text = Vec::new();
    Json::unbounded(&mut text).object(|page| {
        page.key("service").text(admin.facts.service.as_bytes());
        page.key("upstreams").array(|list| {
            for (at, spec) in admin.facts.upstreams.iter().enumerate() {
                list.object(|item| upstream(item, admin, at, spec));
            }
        });
        page.key("breakers").array(|list| {
            for (at, name) in admin.facts.breakers.iter().enumerate() {
                list.object(|item| breaker(item, admin, at, name));
            }
        });
    });
    text.push(b'\n');
    text
}

fn upstream(item: &mut Json<'_>, admin: &Admin, at: usize, spec: &UpstreamSpec) {
    let now = admin.shared.clock.now();
    item.key("name").text(spec.name.as_bytes());
    item.key("protocol").text(spec.protocol.name().as_bytes());
    if let Address::Dns { host, port } = spec.address {
        item.key("address").text(format!("{host}:{port}").as_bytes());
    }
    if let Some(endpoints) = admin.discovery.endpoints.get(at) {
        let addresses = endpoints.borrow().clone();
        item.key("endpoints").array(|list| {
            addresses.iter().for_each(|address| list.text(address.to_string().as_bytes()));
        });
    }
    if let Some(status) = admin.discovery.status.get(at) {
        let status = status.borrow().clone();
        if let Some(answered) = status.answered {
            item.key("answer_age_ms").number((now - answered).as_millis());
        }
        if let Some(error) = status.error {
            item.key("error").text(error.as_bytes());
        }
    }
    if spec.is_opaque() {
        let open = admin.shared.tunnels(UpstreamId(at));
        item.key("tunnels").number(open.map_or(0, |open| open.load(Ordering::Relaxed)) as u64);
    } else if let Some(budget) = admin.shared.budgets.get(at) {
        let usage = budget.usage(now);
        item.key("retry_budget").object(|item| {
            item.key("calls").number(usage.calls);
            item.key("spent").number(usage.retries);
        });
    }
}

fn breaker(item: &mut Json<'_>, admin: &Admin, at: usize, name: &str) {
    item.key("name").text(name.as_bytes());
    let Some(breaker) = admin.shared.breakers.get(at) else { return };
    match breaker.state() {
        State::Closed => item.key("state").text(b"closed"),
        State::HalfOpen => item.key("state").text(b"half-open"),
        State::Open { until } => {
            item.key("state").text(b"open");
            item.key("open_for_ms").number((until - admin.shared.clock.now()).as_millis());
        }
    }
}
