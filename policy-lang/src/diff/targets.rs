//! Which destinations calls have in both plans: every name that either knows, one below every wildcard,
//! and one that nobody knows; and every port of an upstream's own.

use std::collections::{BTreeMap, BTreeSet};

use super::doors;
use crate::plan::{Address, HostPattern, Plan, Upstream};

/// An upstream, or `otherwise`.
pub(super) type Target = Option<usize>;

/// Pairs of an old and a new destination that some call has, each once.
pub(super) fn pairs(old: &Plan, new: &Plan) -> Vec<(Target, Target)> {
    let mut pairs = requests(old, new);
    pairs.extend(doors::pairs(old, new).into_iter().map(|(old, new)| (Some(old), Some(new))));
    pairs.extend(bytes(old, new));
    let mut seen = BTreeSet::new();
    pairs.retain(|pair| seen.insert(*pair));
    pairs
}

/// By host. A wildcard is as good as any name below it that neither plan mentions.
fn requests(old: &Plan, new: &Plan) -> Vec<(Target, Target)> {
    let speaks_http = |upstream: &&Upstream| !upstream.protocol.value.is_opaque();
    let (before, after) = (Names::of(old, speaks_http), Names::of(new, speaks_http));
    let upstreams = new.upstreams.iter().chain(&old.upstreams).filter(speaks_http);
    let hosts = upstreams.flat_map(|upstream| &upstream.hosts).map(|host| &host.value);
    let unknown = [HostPattern::Suffix(String::new())];
    hosts.chain(&unknown).map(|host| (before.owner(host), after.owner(host))).collect()
}

/// Whose names are whose.
struct Names<'p>(BTreeMap<&'p HostPattern, usize>);

impl<'p> Names<'p> {
    fn of(plan: &'p Plan, which: impl Fn(&&Upstream) -> bool) -> Self {
        let mut names = BTreeMap::new();
        for (index, upstream) in plan.upstreams.iter().enumerate().filter(|(_, it)| which(it)) {
            for host in &upstream.hosts {
                names.entry(&host.value).or_insert(index);
            }
        }
        Self(names)
    }

    /// Who gets a call to that name, or to any other name below that suffix.
    fn owner(&self, host: &HostPattern) -> Target {
        if let Some(owner) = self.0.get(host) {
            return Some(*owner);
        }
        let (HostPattern::Exact(name) | HostPattern::Suffix(name)) = host;
        let dots = name.char_indices().filter(|(at, char)| *char == '.' && *at > 0);
        dots.filter_map(|(at, _)| name.get(at..))
            .find_map(|suffix| self.0.get(&HostPattern::Suffix(suffix.to_owned())).copied())
    }
}

/// Connections of bytes: by name and port, and by address.
fn bytes(old: &Plan, new: &Plan) -> Vec<(Target, Target)> {
    let (before, after) = (places(old), places(new));
    let opaque = |plan: &Plan, index: usize| {
        plan.upstreams.get(index).is_some_and(|upstream| upstream.protocol.value.is_opaque())
    };
    let keys = after.keys().chain(before.keys());
    let pairs = keys.map(|key| (before.get(key).copied(), after.get(key).copied()));
    let about_bytes = |pair: &(Target, Target)| {
        pair.0.is_some_and(|index| opaque(old, index))
            || pair.1.is_some_and(|index| opaque(new, index))
    };
    pairs.filter(about_bytes).collect()
}

/// Name or address, and port; the first in the file has it.
fn places(plan: &Plan) -> BTreeMap<(String, u16), usize> {
    let mut places = BTreeMap::new();
    for (index, upstream) in plan.upstreams.iter().enumerate() {
        let ports = upstream.address.value.ports();
        let names = upstream
            .hosts
            .iter()
            .flat_map(|host| ports.iter().map(|port| (host.value.to_string(), *port)));
        let fixed = match &upstream.address.value {
            Address::Fixed(addresses) => addresses.as_slice(),
            Address::Dns { .. } => &[],
        };
        let fixed = fixed.iter().map(|address| (address.ip().to_string(), address.port()));
        for place in names.chain(fixed) {
            places.entry(place).or_insert(index);
        }
    }
    places
}
