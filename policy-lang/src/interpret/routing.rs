//! Which upstream and which route a call belongs to, and by what.

use crate::plan::{
    HostPattern, Match, PathPattern, Plan, Route, Segment, Settings, Sourced, Upstream,
};

/// Where a call goes.
#[derive(Clone, Copy)]
pub(crate) enum Target<'p> {
    Upstream(Call<'p>),
    /// No upstream has that name.
    Otherwise,
}

/// A call that belongs to an upstream.
#[derive(Clone, Copy)]
pub(crate) struct Call<'p> {
    pub(crate) upstream_index: usize,
    pub(crate) upstream: &'p Upstream,
    /// The name that matched.
    pub(crate) host: &'p Sourced<HostPattern>,
    pub(crate) route: Option<Matched<'p>>,
}

#[derive(Clone, Copy)]
pub(crate) struct Matched<'p> {
    pub(crate) index: usize,
    pub(crate) route: &'p Route,
    pub(crate) line: &'p Match,
}

/// What routing looks at.
pub(crate) struct Head<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    pub(crate) target: &'a str,
    pub(crate) headers: &'a [(String, String)],
}

impl<'p> Call<'p> {
    /// The route's settings, or the upstream's own.
    pub(crate) fn settings(&self) -> &'p Settings {
        self.route.map_or(&self.upstream.settings, |matched| &matched.route.settings)
    }
}

/// The upstream by its name, then the first route in file order that matches.
pub(crate) fn route<'p>(plan: &'p Plan, head: &Head<'_>) -> Target<'p> {
    let host = bare_host(head.host);
    let named = named(plan, |pattern| matches!(pattern, HostPattern::Exact(name) if *name == host));
    let named = named.or_else(|| wildcard(plan, &host));
    let Some((upstream_index, upstream, host)) = named else {
        return Target::Otherwise;
    };
    let lines = upstream.routes.iter().enumerate().flat_map(|(index, route)| {
        route.matches.iter().map(move |line| Matched { index, route, line })
    });
    let route = lines.into_iter().find(|matched| matches(matched.line, head));
    Target::Upstream(Call { upstream_index, upstream, host, route })
}

/// Lower case, without a port, without the brackets of an address and without the final dot of an absolute
/// name.
pub(crate) fn bare_host(host: &str) -> String {
    let bare = match host.rsplit_once(':') {
        // An IPv6 address has colons of its own, and is in brackets if there is a port.
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
        }
        _ => host,
    };
    let bare = bare.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(bare);
    bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()
}

type Named<'p> = (usize, &'p Upstream, &'p Sourced<HostPattern>);

fn named<'p>(plan: &'p Plan, is: impl Fn(&HostPattern) -> bool) -> Option<Named<'p>> {
    // Bytes that nobody looks at are no requests.
    let speaks_http = |(_, upstream): &(usize, &Upstream)| !upstream.protocol.value.is_opaque();
    let upstreams = plan.upstreams.iter().enumerate().filter(speaks_http);
    let mut names = upstreams.flat_map(|(index, upstream)| {
        upstream.hosts.iter().map(move |host| (index, upstream, host))
    });
    names.find(|(_, _, host)| is(&host.value))
}

/// The longest suffix wins: it is the most exact.
fn wildcard<'p>(plan: &'p Plan, host: &str) -> Option<Named<'p>> {
    let labels = host.char_indices().filter(|(at, char)| *char == '.' && *at > 0);
    labels.filter_map(|(at, _)| host.get(at..)).find_map(|suffix| {
        named(plan, |pattern| matches!(pattern, HostPattern::Suffix(name) if name == suffix))
    })
}

/// All terms of the line hold.
fn matches(line: &Match, head: &Head<'_>) -> bool {
    let mut methods = line.methods.iter();
    (line.methods.is_empty() || methods.any(|method| method.to_string() == head.method))
        && line.path.as_ref().is_none_or(|pattern| fits(pattern, head.target))
        && line.headers.iter().all(|term| {
            let mut fields = head.headers.iter();
            fields
                .any(|(name, value)| name.eq_ignore_ascii_case(&term.name) && *value == term.value)
        })
}

fn fits(pattern: &PathPattern, target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let Some(path) = path.strip_prefix('/') else {
        return false;
    };
    let parts: Vec<_> = path.split('/').collect();
    let parts = if parts == [""] { &[][..] } else { &parts };
    let wanted = match pattern.segments.as_slice() {
        [Segment::Literal(only)] if only.is_empty() => &[][..],
        segments => segments,
    };
    let enough =
        if pattern.rest { parts.len() >= wanted.len() } else { parts.len() == wanted.len() };
    enough
        && wanted.iter().zip(parts).all(|(segment, part)| match segment {
            Segment::Literal(text) => text == part,
            Segment::Capture(_) => !part.is_empty(),
        })
}
