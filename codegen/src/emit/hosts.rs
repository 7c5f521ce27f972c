//! The names that upstreams are dialled by.

use amb_policy_lang::plan::{HostPattern, Sourced, Upstream};

/// Names that an upstream is dialled by, exact ones before wildcards.
pub(crate) fn exact_hosts(
    upstream: &Upstream,
) -> impl Iterator<Item = (&str, &Sourced<HostPattern>)> {
    upstream.hosts.iter().filter_map(|host| match &host.value {
        HostPattern::Exact(name) => Some((name.as_str(), host)),
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
