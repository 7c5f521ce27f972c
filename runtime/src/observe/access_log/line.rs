//! One line of the log.

use std::time::{Duration, SystemTime};

use super::Facts;
use super::json::Json;
use super::redact::{self, REDACTED};
use super::time::{Rfc3339, digits};
use crate::observe::report::{Report, TunnelReport};

/// No line is longer. The fixed fields take at most 26 KiB: each text is cut at 2 KiB.
pub(super) const MOST: usize = 48 * 1024;

/// Beyond this length of a line no further field of the request is written: room for one more field
/// and for the end of the line is left.
const HEADERS_UNTIL: usize = MOST - 8 * 1024;

/// Appends a line with its line feed.
pub(super) fn write(buffer: &mut Vec<u8>, facts: &Facts, report: &Report<'_>, wall: SystemTime) {
    let start = buffer.len();
    Json::bounded(buffer).object(|line| {
        what(line, facts, report, wall);
        how(line, report);
        identifiers(line, report);
        headers(line, facts, report, start);
    });
    buffer.push(b'\n');
}

/// The line of a tunnel that was no call.
pub(super) fn write_tunnel(
    buffer: &mut Vec<u8>,
    facts: &Facts,
    report: &TunnelReport<'_>,
    wall: SystemTime,
) {
    Json::bounded(buffer).object(|line| {
        whose(line, facts, report.route, wall);
        if let Some(destination) = report.destination {
            line.key("destination").text(destination.to_string().as_bytes());
        }
        if !report.name.is_empty() {
            line.key("host").text(report.name);
        }
        line.key("status").number(report.status);
        line.key("tries").number(report.tries);
        how_long(line, report.duration);
        line.key("received").number(report.received);
        line.key("sent").number(report.sent);
        if let Some(error) = report.error {
            line.key("error").text(error.name().as_bytes());
        }
    });
    buffer.push(b'\n');
}

/// When it ended, and whose it was.
fn whose(line: &mut Json<'_>, facts: &Facts, route: usize, wall: SystemTime) {
    line.key("time").text(&Rfc3339::of(wall).text());
    line.key("service").text(facts.service.as_bytes());
    if let Some(route) = facts.routes.get(route) {
        line.key("upstream").text(route.upstream.as_bytes());
        line.key("route").text(route.route.as_bytes());
    }
    if let Some(site) = facts.sites.get(route) {
        line.key("site").text(site.as_bytes());
    }
}

fn how_long(line: &mut Json<'_>, duration: Duration) {
    let mut fraction = *b".000";
    digits(fraction.get_mut(1..).unwrap_or_default(), duration.subsec_micros().into());
    line.key("duration_ms").decimal(duration.as_millis(), &fraction);
}

/// The call.
fn what(line: &mut Json<'_>, facts: &Facts, report: &Report<'_>, wall: SystemTime) {
    let request = &report.caller.request;
    whose(line, facts, report.route, wall);
    line.key("method").text(request.method_name());
    let mut digits = itoa::Buffer::new();
    let port = request.parts.port.map(|port| digits.format(port).as_bytes());
    let port = port.into_iter().flat_map(|port| [b":".as_slice(), port]);
    line.key("host").pieces([request.host()].into_iter().chain(port));
    line.key("path").pieces(redact::target(request.target(), facts.config.redact));
}

/// What became of it.
fn how(line: &mut Json<'_>, report: &Report<'_>) {
    line.key("status").number(report.status);
    if let Some(code) = report.grpc {
        line.key("grpc_status").text(code.label().as_bytes());
    }
    line.key("source").text(report.source.label().as_bytes());
    line.key("tries").number(report.tries);
    how_long(line, report.duration);
    line.key("received").number(report.received);
    line.key("sent").number(report.sent);
    if let Some(refusal) = report.refusal {
        line.key("refusal").text(refusal.label().as_bytes());
    }
    if let Some(error) = report.error {
        line.key("error").text(error.name().as_bytes());
    }
}

/// What finds it in other logs.
fn identifiers(line: &mut Json<'_>, report: &Report<'_>) {
    let caller = &report.caller;
    for (key, id) in [("correlation_id", caller.correlation_id), ("trace_id", caller.trace_id)] {
        if !id.is_empty() {
            line.key(key).text(id);
        }
    }
}

/// The fields of the request that the policy names, as far as they are there.
fn headers(line: &mut Json<'_>, facts: &Facts, report: &Report<'_>, start: usize) {
    let request = &report.caller.request;
    let config = &facts.config;
    let mut present = config.headers.iter().filter_map(|&name| Some((name, request.field(name)?)));
    let Some(first) = present.next() else { return };
    line.key("headers").object(|fields| {
        for (name, value) in [first].into_iter().chain(present) {
            if fields.len() - start > HEADERS_UNTIL {
                break;
            }
            let secret = config.redact.contains(&name);
            fields.key(name).text(if secret { REDACTED } else { value });
        }
    });
}
