//! What a proxy's pages say that does not change while it runs.

use crate::spec::{Observe, RouteSpec, Spec, UpstreamSpec};

/// The constants of a [`Spec`], without its type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) service: &'static str,
    pub(crate) upstreams: &'static [UpstreamSpec],
    pub(crate) routes: &'static [RouteSpec],
    pub(crate) breakers: &'static [&'static str],
    pub(crate) observe: Observe,
    pub(crate) policy: &'static [u8],
}

impl Facts {
    pub(crate) const fn of<P: Spec>() -> Self {
        Self {
            service: P::SERVICE,
            upstreams: P::UPSTREAMS,
            routes: P::ROUTES,
            breakers: P::BREAKERS,
            observe: P::OBSERVE,
            policy: P::POLICY,
        }
    }
}
