//! What a proxy's pages say that does not change while it runs.

use crate::spec::{Observe, RouteSpec, Spec, UpstreamSpec, breakers};

/// The constants of a [`Spec`], without its type.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) service: &'static str,
    pub(crate) upstreams: &'static [UpstreamSpec],
    pub(crate) routes: &'static [RouteSpec],
    pub(crate) breakers: Box<[&'static str]>,
    pub(crate) observe: Observe,
    pub(crate) policy: &'static [u8],
}

impl Facts {
    pub(crate) fn of<P: Spec>() -> Self {
        Self {
            service: P::SERVICE,
            upstreams: P::UPSTREAMS,
            routes: P::ROUTES,
            breakers: breakers(P::ROUTES).collect(),
            observe: P::OBSERVE,
            policy: P::POLICY,
        }
    }
}
