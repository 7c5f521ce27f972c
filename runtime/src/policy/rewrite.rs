//! `rewrite`.

use crate::message::RequestHead;

/// What the upstream sees as host and path.
pub trait RewritePolicy: 'static {
    /// The host; `None`: the one that was dialled.
    const HOST: Option<&'static str> = None;

    /// Writes the new path, without the query; false: the path stays as it is.
    fn path(head: &RequestHead<'_>, to: &mut Vec<u8>) -> bool {
        let _ = (head, to);
        false
    }
}
