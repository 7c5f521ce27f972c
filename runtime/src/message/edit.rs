//! Changes to a head: lines to drop, lines to append.

use super::{Field, RequestHead, is_name};

/// New field lines of one message, ready for the wire.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    lines: Vec<u8>,
    /// Names of lines that were removed: a trailer of that name does not go through, either.
    withheld: Vec<&'static str>,
}

impl Edits {
    pub(crate) fn clear(&mut self) {
        self.lines.clear();
        self.withheld.clear();
    }

    pub(crate) fn lines(&self) -> &[u8] {
        &self.lines
    }

    pub(crate) fn append(&mut self, name: &[u8], value: &[u8]) {
        self.lines.extend_from_slice(name);
        self.lines.extend_from_slice(b": ");
        self.lines.extend_from_slice(value);
        self.lines.extend_from_slice(b"\r\n");
    }

    /// Removes appended lines of that name, and trailers that are yet to come.
    fn remove(&mut self, name: &'static str) {
        self.withheld.push(name);
        let mut start = 0;
        while let Some(rest) = self.lines.get(start..).filter(|rest| !rest.is_empty()) {
            let end = start + memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            if line_has_name(rest, name) {
                self.lines.drain(start..end);
            } else {
                start = end;
            }
        }
    }

    #[inline]
    pub(crate) fn withholds_any(&self) -> bool {
        !self.withheld.is_empty()
    }

    /// Moves the lines that go through to the front; returns their length.
    pub(crate) fn withhold(&self, lines: &mut [u8]) -> usize {
        let (mut from, mut to) = (0, 0);
        while let Some(rest) = lines.get(from..).filter(|rest| !rest.is_empty()) {
            let next = from + memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            if !self.withheld.iter().any(|name| line_has_name(rest, name)) {
                lines.copy_within(from..next, to);
                to += next - from;
            }
            from = next;
        }
        to
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.lines.split_inclusive(|&byte| byte == b'\n').any(|line| line_has_name(line, name))
    }
}

fn line_has_name(line: &[u8], name: &str) -> bool {
    line.get(name.len()) == Some(&b':')
        && line.get(..name.len()).is_some_and(|start| is_name(start, name.as_bytes()))
}

/// Name and value of a line that ends in CRLF.
pub(crate) fn split_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    Some((line.get(..colon)?, line.get(colon + 1..)?.trim_ascii()))
}

/// Edits of a head, in the author's words. Names are in lower case.
pub struct HeadEdit<'m, 'c> {
    pub(crate) bytes: &'m [u8],
    pub(crate) fields: &'m mut [Field],
    pub(crate) edits: &'m mut Edits,
    /// The request that a response answers; none while the request itself is edited.
    pub(crate) request: Option<RequestHead<'c>>,
    /// The call's correlation id; empty if its policy asks for none.
    pub(crate) id: &'c [u8],
}

impl HeadEdit<'_, '_> {
    /// Drops every line of that name.
    pub fn remove(&mut self, name: &'static str) {
        for field in self.fields.iter_mut() {
            field.dropped |= field.is_named(self.bytes, name);
        }
        self.edits.remove(name);
    }

    /// Replaces every line of that name by one.
    pub fn set(&mut self, name: &'static str, value: &[u8]) {
        self.remove(name);
        self.edits.append(name.as_bytes(), value);
    }

    /// One more line.
    pub fn add(&mut self, name: &'static str, value: &[u8]) {
        self.edits.append(name.as_bytes(), value);
    }

    /// A line, if there is none.
    pub fn default(&mut self, name: &'static str, value: &[u8]) {
        let kept = |field: &Field| !field.dropped && field.is_named(self.bytes, name);
        if !self.fields.iter().any(kept) && !self.edits.has(name) {
            self.edits.append(name.as_bytes(), value);
        }
    }

    /// `request.id`: the call's correlation id; without one, nothing happens.
    pub fn set_request_id(&mut self, name: &'static str) {
        if !self.id.is_empty() {
            self.set(name, self.id);
        }
    }

    pub fn add_request_id(&mut self, name: &'static str) {
        if !self.id.is_empty() {
            self.add(name, self.id);
        }
    }

    pub fn default_request_id(&mut self, name: &'static str) {
        if !self.id.is_empty() {
            self.default(name, self.id);
        }
    }

    /// `header("…")`: the request's field as the caller sent it; without it, nothing happens.
    pub fn set_from(&mut self, name: &'static str, other: &str) {
        self.with_field(other, |edit, value| edit.set(name, value));
    }

    pub fn add_from(&mut self, name: &'static str, other: &str) {
        self.with_field(other, |edit, value| edit.add(name, value));
    }

    pub fn default_from(&mut self, name: &'static str, other: &str) {
        self.with_field(other, |edit, value| edit.default(name, value));
    }

    fn with_field(&mut self, name: &str, apply: impl FnOnce(&mut Self, &[u8])) {
        let bytes = self.bytes;
        if let Some(request) = self.request {
            if let Some(value) = request.field(name) {
                apply(self, value);
            }
        } else if let Some(field) = self.fields.iter().find(|field| field.is_named(bytes, name)) {
            let value = field.value.of(bytes);
            apply(self, value);
        }
    }
}
