//! Which destinations calls have in both plans: every name that either knows, one below every wildcard,
//! and one that nobody knows; every port of an upstream's own; and every address of an upstream of bytes.

use std::collections::{BTreeMap, BTreeSet};

use super::doors;
use crate::plan::{Address, HostPattern, Plan, Protocol, Upstream};

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
    let at_any_port = |upstream: &Upstream| match upstream.protocol.value.is_opaque() {
        true => Vec::new(),
        false => vec![ANY_PORT],
    };
    let mut pairs = named(old, new, at_any_port);
    let unknown = HostPattern::Suffix(String::new());
    let owner = |plan| Names::of(plan, at_any_port).owner(&unknown, ANY_PORT);
    pairs.push((owner(old), owner(new)));
    pairs
}

/// What a request goes by has no port.
const ANY_PORT: u16 = 0;

/// By every name and port that an upstream of either plan has.
fn named(old: &Plan, new: &Plan, ports: impl Fn(&Upstream) -> Vec<u16>) -> Vec<(Target, Target)> {
    let (before, after) = (Names::of(old, &ports), Names::of(new, &ports));
    let upstreams = new.upstreams.iter().chain(&old.upstreams);
    let doors = upstreams.flat_map(|upstream| {
        let ports = ports(upstream);
        let hosts = upstream.hosts.iter();
        hosts.flat_map(move |host| ports.clone().into_iter().map(move |port| (&host.value, port)))
    });
    doors.map(|(host, port)| (before.owner(host, port), after.owner(host, port))).collect()
}

/// Whose names are whose, port by port.
struct Names<'p>(BTreeMap<(&'p HostPattern, u16), usize>);

impl<'p> Names<'p> {
    fn of(plan: &'p Plan, ports: impl Fn(&Upstream) -> Vec<u16>) -> Self {
        let mut names = BTreeMap::new();
        for (index, upstream) in plan.upstreams.iter().enumerate() {
            for port in ports(upstream) {
                for host in &upstream.hosts {
                    names.entry((&host.value, port)).or_insert(index);
                }
            }
        }
        Self(names)
    }

    /// Who gets a call to that name, or to any other name below that suffix.
    fn owner(&self, host: &HostPattern, port: u16) -> Target {
        if let Some(owner) = self.0.get(&(host, port)) {
            return Some(*owner);
        }
        let (HostPattern::Exact(name) | HostPattern::Suffix(name)) = host;
        let dots = name.char_indices().filter(|(at, char)| *char == '.' && *at > 0);
        dots.filter_map(|(at, _)| name.get(at..)).find_map(|suffix| {
            self.0.get(&(&HostPattern::Suffix(suffix.to_owned()), port)).copied()
        })
    }
}

/// Connections of bytes: a `CONNECT` and a TLS caller go by name and port, a redirected connection by
/// its address.
fn bytes(old: &Plan, new: &Plan) -> Vec<(Target, Target)> {
    let ports = |upstream: &Upstream| upstream.address.value.ports().into_iter().collect();
    let of_tls = |upstream: &Upstream| match upstream.protocol.value {
        Protocol::TlsPassthrough => ports(upstream),
        _ => Vec::new(),
    };
    let mut pairs = named(old, new, ports);
    pairs.extend(named(old, new, of_tls));
    pairs.extend(addressed(old, new));
    let opaque = |plan, target| {
        protocol(plan, target).is_some_and(|protocol: Protocol| protocol.is_opaque())
    };
    pairs.retain(|(before, after)| opaque(old, *before) || opaque(new, *after));
    pairs
}

fn protocol(plan: &Plan, target: Target) -> Option<Protocol> {
    Some(plan.upstreams.get(target?)?.protocol.value)
}

/// By address. What is no upstream's own, others decide by what its bytes say, if they have the port.
fn addressed(old: &Plan, new: &Plan) -> Vec<(Target, Target)> {
    let (before, after) = (addresses(old), addresses(new));
    let others = |plan: &Plan, port: u16, instead: Option<Protocol>| -> Vec<Target> {
        let reads = |it: &Upstream| {
            instead == Some(Protocol::Tcp)
                && it.protocol.value != Protocol::Tcp
                && it.address.value.ports().into_iter().any(|own| own == port)
        };
        let readers = plan.upstreams.iter().enumerate().filter(|(_, it)| reads(it));
        readers.map(|(index, _)| Some(index)).chain([None]).collect()
    };
    let keys: BTreeSet<_> = after.keys().chain(before.keys()).collect();
    let pairs = keys.into_iter().flat_map(|key| {
        let (from, to) = (before.get(key).copied(), after.get(key).copied());
        match (from, to) {
            (Some(_), None) => {
                let to = others(new, key.1, protocol(old, from));
                to.into_iter().map(|to| (from, to)).collect()
            }
            (None, Some(_)) => {
                let from = others(old, key.1, protocol(new, to));
                from.into_iter().map(|from| (from, to)).collect()
            }
            both => vec![both],
        }
    });
    pairs.collect()
}

/// Address, or the name that has it, and port; the first in the file has it.
fn addresses(plan: &Plan) -> BTreeMap<(String, u16), usize> {
    let mut all = BTreeMap::new();
    for (index, upstream) in plan.upstreams.iter().enumerate() {
        let own: Vec<_> = match &upstream.address.value {
            Address::Fixed(all) => all.iter().map(|it| (it.ip().to_string(), it.port())).collect(),
            Address::Dns { host, port } => vec![(host.clone(), *port)],
        };
        for address in own {
            all.entry(address).or_insert(index);
        }
    }
    all
}
