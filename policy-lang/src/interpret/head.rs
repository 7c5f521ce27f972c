//! Field lines of requests and responses, and the edits that a policy makes to them.

use super::jitter::Jitter;
use crate::plan::{HeaderEdit, HeaderOp, HeaderValue};

/// Lines that concern one connection only (RFC 9110 §7.6.1).
const HOP_BY_HOP: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "proxy-authorization",
    "transfer-encoding",
    "upgrade",
];

/// What `connection` cannot take away: it is no matter of one connection, or is written anew.
const KEPT: [&str; 3] = ["host", "content-length", "transfer-encoding"];

/// Field lines in order; names in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(pub(super) Vec<(String, String)>);

/// What `request.id` and its like stand for in one call.
pub(super) struct Words<'a> {
    pub(super) request_id: &'a str,
    pub(super) upstream: &'a str,
    pub(super) service: &'a str,
    pub(super) request: &'a Fields,
}

impl Fields {
    pub(super) fn of(lines: &[(String, String)]) -> Self {
        let lower = |(name, value): &(String, String)| (name.to_ascii_lowercase(), value.clone());
        Self(lines.iter().map(lower).collect())
    }

    /// The value of the first line of that name.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        let before = self.0.iter().position(|(other, _)| other == name);
        self.remove(name);
        let at = before.unwrap_or(self.0.len());
        self.0.insert(at, (name.to_owned(), value.to_owned()));
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(other, _)| other != name);
    }

    /// Without the lines that end at this hop.
    pub(super) fn strip_hop(&mut self) {
        let lines = self.0.iter().filter(|(name, _)| name == "connection");
        let listed: Vec<_> = lines
            .flat_map(|(_, value)| value.split(','))
            .map(|name| name.trim().to_ascii_lowercase())
            .filter(|name| !KEPT.contains(&name.as_str()))
            .collect();
        self.0.retain(|(name, _)| !HOP_BY_HOP.contains(&name.as_str()) && !listed.contains(name));
    }

    pub(super) fn edit(&mut self, edit: &HeaderEdit, words: &Words<'_>) {
        let name = &edit.name;
        match &edit.op {
            HeaderOp::Remove => self.remove(name),
            HeaderOp::Default(_) if self.first(name).is_some() => {}
            HeaderOp::Set(value) | HeaderOp::Default(value) => {
                if let Some(value) = words.value(value) {
                    self.set(name, &value);
                }
            }
            HeaderOp::Add(value) => {
                if let Some(value) = words.value(value) {
                    self.add(name, &value);
                }
            }
        }
    }
}

impl Words<'_> {
    /// `None`: the request has no such field, or the call no id, and the edit does nothing.
    fn value(&self, value: &HeaderValue) -> Option<String> {
        match value {
            HeaderValue::Text(text) => Some(text.clone()),
            HeaderValue::RequestId => Some(self.request_id.to_owned()).filter(|id| !id.is_empty()),
            HeaderValue::UpstreamName => Some(self.upstream.to_owned()),
            HeaderValue::ServiceName => Some(self.service.to_owned()),
            HeaderValue::Header(name) => self.request.first(name).map(str::to_owned),
        }
    }
}

/// A version 7 UUID (RFC 9562 §5.7) of this moment.
pub(super) fn uuid(wall_ms: u64, ids: &mut Jitter) -> String {
    let (high, low) = (ids.bits(), ids.bits());
    let time = wall_ms & 0xffff_ffff_ffff;
    format!(
        "{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}",
        time >> 16,
        time & 0xffff,
        high & 0xfff,
        (low >> 48) & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff,
    )
}

/// A `traceparent` (W3C Trace Context) with a span of its own, continuing the trace if there is one.
pub(super) fn traceparent(before: Option<&str>, ids: &mut Jitter) -> String {
    let span = ids.bits().max(1);
    let parts: Vec<_> = before.unwrap_or_default().split('-').collect();
    match parts.as_slice() {
        ["00", trace, _, flags] if trace.len() == 32 => format!("00-{trace}-{span:016x}-{flags}"),
        _ => format!("00-{:016x}{:016x}-{span:016x}-01", ids.bits().max(1), ids.bits()),
    }
}
