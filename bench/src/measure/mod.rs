//! What is measured, in groups that can be chosen with `--only`.

mod bodies;
mod http2;
mod pace;
mod redirect;
mod resources;
pub(crate) mod routes;
mod system_calls;

use std::path::Path;

use crate::check;
use crate::cores::Cores;
use crate::figures::Figure;
use crate::folder::Folder;
use crate::origin;
use crate::peers::{Peer, Proxy, Setup};
use crate::process::Running;
use crate::protocol::Protocol;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) rounds: usize,
    /// Of load, per round and proxy.
    pub(crate) seconds: u32,
}

impl Extent {
    pub(crate) const FULL: Self = Self { rounds: 9, seconds: 2 };
    /// Does everything work at all?
    pub(crate) const SMOKE: Self = Self { rounds: 1, seconds: 1 };

    pub(crate) fn is_smoke(self) -> bool {
        self.rounds == 1
    }

    pub(crate) fn describe(self) -> String {
        let Self { rounds, seconds } = self;
        format!(
            "{rounds} interleaved rounds of {seconds} s each for small answers, {} for the rest",
            self.fewer()
        )
    }

    /// For what is less noisy, or takes longer.
    fn fewer(self) -> usize {
        self.rounds.div_ceil(2)
    }
}

/// Everything that runs while we measure.
pub(crate) struct Bench<'a> {
    pub(crate) peers: &'a [Peer],
    pub(crate) cores: &'a Cores,
    pub(crate) extent: Extent,
    folder: Folder,
    _origin: Running,
}

/// A name for `--only`, and how it is measured.
pub(crate) type Group = (&'static str, fn(&Bench) -> Vec<Figure>);

pub(crate) const GROUPS: [Group; 9] = [
    ("small", bodies::small),
    ("bodies", bodies::larger),
    ("rate", pace::fixed_rate),
    ("alone", pace::alone),
    ("calls", system_calls::measure),
    ("resources", resources::measure),
    ("http2", http2::measure),
    ("routes", routes::measure),
    ("redirect", redirect::measure),
];

/// Says why a group is not measured here; under CI everything is.
fn left_out(why: &str) -> Vec<Figure> {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    eprintln!("{why}");
    Vec::new()
}

impl<'a> Bench<'a> {
    /// Shows that all do the same work, then starts the origin of the measurements.
    pub(crate) fn begin(peers: &'a [Peer], cores: &'a Cores, extent: Extent) -> Self {
        let folder = Folder::new();
        check::all(peers, cores, &folder);
        let origin = origin::start(&folder);
        Self { peers, cores, extent, folder, _origin: origin }
    }

    /// Logs are written, and thrown away.
    fn setup(&self) -> Setup<'_> {
        let (folder, log, protocol) = (&self.folder, Path::new("/dev/null"), Protocol::Http1);
        Setup { cores: self.cores, folder, log, protocol }
    }

    fn proxies(&self) -> Vec<Proxy> {
        self.ready(self.setup())
    }

    /// All that are compared in that protocol.
    fn ready(&self, setup: Setup) -> Vec<Proxy> {
        let peers = self.peers.iter().filter(|peer| peer.speaks(setup.protocol));
        peers.map(|peer| peer.ready(setup)).collect()
    }

    /// Interleaved rounds, so that what disturbs the machine disturbs everybody; each round begins
    /// with another proxy. `one` gives a value for each of the figures.
    fn interleave<T, const N: usize>(
        &self,
        rounds: usize,
        turns: &[T],
        mut figures: [Figure; N],
        one: impl Fn(&T) -> (&'static str, [f64; N]),
    ) -> Vec<Figure> {
        for round in 0..rounds {
            for turn in 0..turns.len() {
                let (who, values) = one(&turns[(round + turn) % turns.len()]);
                for (figure, value) in figures.iter_mut().zip(values) {
                    figure.add(who, value);
                }
            }
            eprintln!("{}: round {} of {rounds}", figures[0].name, round + 1);
        }
        figures.into()
    }
}
