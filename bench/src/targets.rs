//! What must hold, as ratios within a run, or as what a proxy may take.

use crate::edit;
use crate::figures::{Figure, Row};
use crate::measure::routes;
use crate::peers::{ENVOY, HAPROXY, NGINX, OURS, PINGORA, RELAY};

/// A limit of one figure.
struct Target {
    figure: &'static str,
    of: &'static str,
    over: Over,
    most: f64,
}

enum Over {
    /// The value itself.
    Nothing,
    /// Its ratio to another row.
    Row(&'static str),
    /// Its ratio to the peer with the smallest median; the relay is no peer.
    Best,
}

/// A target and what became of it.
pub(crate) struct Judged {
    pub(crate) what: String,
    pub(crate) most: f64,
    pub(crate) measured: f64,
}

impl Judged {
    pub(crate) fn holds(&self) -> bool {
        self.measured <= self.most
    }
}

const TARGETS: [Target; 25] = [
    ratio("CPU, 100 B", RELAY, 1.40),
    ratio("CPU, 100 B", NGINX, 0.80),
    ratio("CPU, 100 B", HAPROXY, 0.65),
    ratio("CPU, 100 B", PINGORA, 0.40),
    ratio("CPU, 100 B", ENVOY, 0.22),
    best("CPU, 16 KiB"),
    best("CPU, 1 MiB"),
    ratio("CPU at 4,000/s", NGINX, 0.95),
    ratio("CPU at 4,000/s", HAPROXY, 0.85),
    ratio("CPU at 4,000/s", ENVOY, 0.50),
    best("p50 added, one caller"),
    ratio("CPU, HTTP/2, 100 B", ENVOY, 0.45),
    ratio("CPU, HTTP/2, 100 B", HAPROXY, 1.0),
    ratio("CPU, gRPC, 100 B", ENVOY, 0.45),
    ratio("CPU, gRPC, 100 B", HAPROXY, 1.0),
    value("system calls, 32 connections", OURS, 4.3),
    value("PSS idle", OURS, 7.0),
    value("PSS with 1,000 connections", OURS, 14.0),
    value("start to the first answer", OURS, 20.0),
    value("program file", OURS, 4.0),
    value(edit::FIGURE, edit::RELEASE, 30.0),
    value(edit::FIGURE, edit::DEV, 5.0),
    within(edit::FIGURE, edit::TWENTY, edit::ONE, 12.0),
    within(routes::ROUTES, routes::THOUSAND, routes::TEN, 1.05),
    within(routes::FILTERS, routes::TWENTY, routes::ONE, 1.05),
];

const fn ratio(figure: &'static str, peer: &'static str, most: f64) -> Target {
    within(figure, OURS, peer, most)
}

const fn within(figure: &'static str, of: &'static str, row: &'static str, most: f64) -> Target {
    Target { figure, of, over: Over::Row(row), most }
}

const fn best(figure: &'static str) -> Target {
    Target { figure, of: OURS, over: Over::Best, most: 1.0 }
}

const fn value(figure: &'static str, of: &'static str, most: f64) -> Target {
    Target { figure, of, over: Over::Nothing, most }
}

/// Every target whose figures were measured.
pub(crate) fn judge(figures: &[Figure]) -> Vec<Judged> {
    TARGETS.iter().filter_map(|target| target.judge(figures)).collect()
}

impl Target {
    fn judge(&self, figures: &[Figure]) -> Option<Judged> {
        let Self { of, most, .. } = *self;
        let figure = figures.iter().find(|figure| figure.name == self.figure)?;
        let over = match self.over {
            Over::Nothing => None,
            Over::Row(row) => Some(row),
            Over::Best => Some(best_peer(figure)?),
        };
        let (what, measured) = match over {
            None => (format!("{}, {of} ({})", figure.name, figure.unit), figure.of(of)?.median()),
            Some(over) => (format!("{}: {of} ÷ {over}", figure.name), figure.ratio(of, over)?),
        };
        Some(Judged { what, most, measured })
    }
}

fn best_peer(figure: &Figure) -> Option<&'static str> {
    let peers = figure.rows.iter().filter(|row| ![OURS, RELAY].contains(&row.who));
    let median = |row: &&Row| row.values.median();
    peers.min_by(|one, other| median(one).total_cmp(&median(other))).map(|row| row.who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relay_is_no_peer() {
        let mut figure = Figure::new("CPU, 1 MiB", "µs/request");
        for (who, value) in [(RELAY, 1.0), (OURS, 3.0), (NGINX, 2.0), (ENVOY, 4.0)] {
            figure.add(who, value);
        }
        let judged = judge(&[figure]);
        let [large] = judged.as_slice() else { panic!("one target has a figure") };
        assert_eq!((large.what.as_str(), large.measured), ("CPU, 1 MiB: amb ÷ nginx", 1.5));
        assert!(!large.holds());
    }
}
