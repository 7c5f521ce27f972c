//! `headers request` and `headers response`.

use crate::message::HeadEdit;

/// What upstream and caller see of each other's fields.
pub trait HeaderPolicy: 'static {
    /// Whose edits these come on top of.
    type Base: HeaderPolicy;

    /// What the upstream gets.
    fn request(edit: &mut HeadEdit<'_, '_>) {
        Self::Base::request(edit);
    }

    /// The same, after all of [`HeaderPolicy::request`]: a baseline's, so that no service can undo it.
    fn request_last(edit: &mut HeadEdit<'_, '_>) {
        Self::Base::request_last(edit);
    }

    /// What the caller gets.
    fn response(edit: &mut HeadEdit<'_, '_>) {
        Self::Base::response(edit);
    }

    /// The same, after all of [`HeaderPolicy::response`].
    fn response_last(edit: &mut HeadEdit<'_, '_>) {
        Self::Base::response_last(edit);
    }
}
