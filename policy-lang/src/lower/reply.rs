//! Answers of our own: `respond 404 { … }`, `fallback 202`.

use super::values;
use crate::conform::Node;
use crate::plan::Reply;

pub(super) fn reply(node: &Node<'_>) -> Option<Reply> {
    if !node.sound {
        return None;
    }
    let status = values::integer(node.values().first()?)?;
    let body = node
        .one("body")
        .and_then(|body| body.values().first().and_then(|value| values::text(value)));
    Some(Reply {
        status: u16::try_from(status).ok()?,
        headers: node.all("header").filter_map(header).collect(),
        body: body.unwrap_or_default().to_owned(),
    })
}

/// `header "name" "value"`, the name in lower case.
pub(super) fn header(node: &Node<'_>) -> Option<(String, String)> {
    match node.values().as_slice() {
        [name, value] => {
            Some((values::text(name)?.to_ascii_lowercase(), values::text(value)?.to_owned()))
        }
        _ => None,
    }
}
