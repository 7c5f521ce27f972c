//! What a proxy says about itself: metrics, the access log, the admin port.

pub(crate) mod access_log;
pub(crate) mod event;
pub(crate) mod metrics;
pub(crate) mod report;
