//! Header edits, compared by what becomes of each field.

use std::collections::{BTreeMap, BTreeSet};

use super::Kind;
use super::classes::End;
use super::items::{Line, Side};
use crate::plan::{HeaderEdit, HeaderOp, HeaderValue, Sourced};

/// Whose head it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Response,
}

/// What is done to each field, in order; equal texts do the same.
///
/// What stands before a `remove` or a `set` that always holds has no effect. A value that is taken
/// from another field depends on what was done to that field before.
pub(super) fn by_field<'p>(end: &End<'p>, direction: Direction) -> BTreeMap<&'p str, Vec<String>> {
    let mut fields: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let request = match direction {
        Direction::Request => None,
        Direction::Response => Some(by_field(end, Direction::Request)),
    };
    for edit in edits(end, direction) {
        let edit = &edit.value;
        let read = |name: &str| request.as_ref().unwrap_or(&fields).get(name).cloned();
        let text = match &edit.op {
            HeaderOp::Remove => "remove".to_owned(),
            HeaderOp::Set(it) | HeaderOp::Add(it) | HeaderOp::Default(it) => {
                format!("{} {}", edit.key(), value(end, it, read))
            }
        };
        let own = fields.entry(edit.name.as_str()).or_default();
        if replaces(&edit.op) {
            own.clear();
        }
        own.push(text);
    }
    fields
}

/// Is the field afterwards the same, whatever it was?
fn replaces(op: &HeaderOp) -> bool {
    match op {
        HeaderOp::Remove => true,
        HeaderOp::Set(value) => !matches!(value, HeaderValue::Header(_)),
        HeaderOp::Add(_) | HeaderOp::Default(_) => false,
    }
}

/// With names resolved: a new name of an upstream is another value.
fn value(end: &End<'_>, value: &HeaderValue, read: impl Fn(&str) -> Option<Vec<String>>) -> String {
    match value {
        HeaderValue::Text(text) => format!("{text:?}"),
        HeaderValue::RequestId => "request.id".to_owned(),
        HeaderValue::UpstreamName => {
            format!("{:?}", end.upstream.map_or("", |upstream| &upstream.name))
        }
        HeaderValue::ServiceName => format!("{:?}", end.plan.service.name),
        HeaderValue::Header(name) => match read(name) {
            None => format!("header({name:?})"),
            Some(before) => format!("header({name:?}) after {}", before.join("; ")),
        },
    }
}

fn edits<'p>(end: &End<'p>, direction: Direction) -> &'p [Sourced<HeaderEdit>] {
    end.settings().map_or(&[], |settings| match direction {
        Direction::Request => &settings.request_headers,
        Direction::Response => &settings.response_headers,
    })
}

/// One line for each field that is edited in another way. To take away what was left alone is
/// stricter; nothing else is shown to be.
pub(super) fn changes(old: &End<'_>, new: &End<'_>, direction: Direction) -> Vec<Line> {
    let (before, after) = (by_field(old, direction), by_field(new, direction));
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let changed = names.into_iter().filter(|name| before.get(name) != after.get(name));
    let line = |name: &str| {
        let removed = after.get(name).is_some_and(|edits| edits == &["remove"]);
        let kind = match removed && !before.contains_key(name) {
            true => Kind::Tightened,
            false => Kind::Weakened,
        };
        let setting = match direction {
            Direction::Request => "headers.request",
            Direction::Response => "headers.response",
        };
        let mut line =
            Line::new(kind, setting, side(old, direction, name), side(new, direction, name));
        // The same words mean something else if they name something else.
        if line.old == line.new {
            let words = |fields: &BTreeMap<&str, Vec<String>>| {
                fields.get(name).map(|edits| format!("{name:?} {}", edits.join("; ")))
            };
            (line.old, line.new) = (words(&before), words(&after));
        }
        line
    };
    changed.map(line).collect()
}

fn side(end: &End<'_>, direction: Direction, name: &str) -> Side {
    let own = edits(end, direction).iter().filter(|edit| edit.value.name == name);
    let own: Vec<_> = own.collect();
    let origin = &own.first()?.origin;
    let words = own.iter().map(|edit| format!("{} {}", edit.value.key(), edit.value.arguments()));
    Some((words.collect::<Vec<_>>().join("; "), end.plan.origin_text(origin)))
}
