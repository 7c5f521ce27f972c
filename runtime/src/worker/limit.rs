//! Connections that count against an upstream's `limits`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Shared;
use crate::spec::UpstreamId;

/// A connection that counts against an upstream's `limits`, over all workers.
#[derive(Debug)]
pub(crate) struct Place {
    shared: Arc<Shared>,
    upstream: UpstreamId,
}

impl Place {
    /// None if all are taken.
    pub(crate) fn take(
        shared: &Arc<Shared>,
        upstream: UpstreamId,
        most: Option<usize>,
    ) -> Option<Self> {
        let most = most.unwrap_or(usize::MAX);
        let one_more = |open: usize| open.checked_add(1).filter(|open| *open <= most);
        let open = shared.tunnels(upstream)?;
        open.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Self { shared: Arc::clone(shared), upstream })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(open) = self.shared.tunnels(self.upstream) {
            AtomicUsize::fetch_sub(open, 1, Ordering::AcqRel);
        }
    }
}
