//! `correlation-id`.

/// Where a call's id is.
pub trait CorrelationPolicy: 'static {
    /// The field's name, in lower case.
    const FIELD: &'static str;
}
