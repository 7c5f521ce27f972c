//! `headers request` and `headers response`.

use crate::message::HeadEdit;

/// What upstream and caller see of each other's fields.
pub trait HeaderPolicy: 'static {
    /// What the upstream gets.
    fn request(edit: &mut HeadEdit<'_, '_>) {
        let _ = edit;
    }

    /// What the caller gets.
    fn response(edit: &mut HeadEdit<'_, '_>) {
        let _ = edit;
    }
}
