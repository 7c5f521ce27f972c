//! The names that upstreams are dialled by.

use std::borrow::Cow;

use amb_policy_lang::plan::{HostPattern, Sourced, Upstream};

/// Names that an upstream is dialled by, exact ones before wildcards; an address of IPv6 in brackets, as
/// it stands in a request.
pub(crate) fn exact_hosts(
    upstream: &Upstream,
) -> impl Iterator<Item = (Cow<'_, str>, &Sourced<HostPattern>)> {
    upstream.hosts.iter().filter_map(|host| match &host.value {
        HostPattern::Exact(name) if name.contains(':') => Some((format!("[{name}]").into(), host)),
        HostPattern::Exact(name) => Some((name.as_str().into(), host)),
        HostPattern::Suffix(_) => None,
    })
}

/// `*.example.com` as `.example.com`.
pub(crate) fn host_suffixes(
    upstream: &Upstream,
) -> impl Iterator<Item = (&str, &Sourced<HostPattern>)> {
    upstream.hosts.iter().filter_map(|host| match &host.value {
        HostPattern::Suffix(suffix) => Some((suffix.as_str(), host)),
        HostPattern::Exact(_) => None,
    })
}
